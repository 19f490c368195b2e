"""The Airflow hook: from a connection to a client."""
