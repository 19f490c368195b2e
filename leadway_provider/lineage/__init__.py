"""Lineage: where contacts come from, as reported to OpenLineage, Airflow's assets and the task log."""
