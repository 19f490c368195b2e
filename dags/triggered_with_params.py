"""A sync that a person can steer when they trigger it: a dry run, one customer, all rows, or past a guard for once.

Needs two connections: `warehouse`, to any SQL database that Airflow has a hook for, and `leadway_default`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.params import from_params, sync_params

# Airflow shows these in the form of "Trigger". A run of the schedule has the values that are written here. The guards
# stop a run before it changes any contact, for instance when a broken join changes every row.
PARAMS = sync_params(max_rejected=0.05, max_changed=0.5, max_repeated=0.05)

with DAG(
    dag_id="triggered_with_params",
    description="Send customers to Leadway, steered by params",
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params=PARAMS,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["leadway"],
):
    LeadwayUpsertContactsOperator(
        task_id="sync_customers",
        sql_conn_id="warehouse",
        sql="""
            SELECT customer_id, email, first_name, last_name, mobile AS phone, country, segment AS tags
            FROM customers
            ORDER BY updated_at
        """,
        key="customer_id",
        leadway_conn_id="leadway_default",
        constants={"source": "{{ dag.dag_id }}"},  # text of a constant is a template, too
        **from_params(PARAMS),
    )
