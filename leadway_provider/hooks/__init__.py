"""The Airflow hook, and what it needs of Airflow."""
