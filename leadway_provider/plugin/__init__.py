"""The page in Airflow's UI that shows syncs, runs and what became of every row."""
