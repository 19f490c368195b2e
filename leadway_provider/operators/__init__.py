"""The Airflow operator that upserts contacts."""
