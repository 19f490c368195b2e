"""Reading a query from any SQL database that has an Airflow connection."""
