"""Where contacts come from: what a run tells OpenLineage, Airflow's assets and the task log."""
