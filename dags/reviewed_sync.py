"""A person looks at what would be sent before anything is: plan, approve in Airflow's UI, deliver exactly that plan.

Needs Airflow 3.1 or later for the approval, and two connections: `warehouse`, to any SQL database that Airflow has a
hook for, and `leadway_default`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator

SYNC: dict[str, Any] = {
    "sync_name": "reviewed_customers",  # the plan belongs to the sync, so both tasks must name the same one
    "sql_conn_id": "warehouse",
    "sql": """
        SELECT customer_id, email, first_name, last_name, mobile AS phone, country, segment AS tags
        FROM customers
        ORDER BY updated_at
    """,
    "key": "customer_id",
    "leadway_conn_id": "leadway_default",
    "max_rejected": 0.05,
}
# What Airflow shows and keeps are counts. Whoever wants to see rows asks the state store's table leadway_outbox, where
# the plan waits until it is delivered or the sync's next run begins.
COUNTS = """
{% set plan = ti.xcom_pull(task_ids="plan") %}
Of {{ plan.read }} rows, {{ plan.pending }} would be sent and {{ plan.unchanged }} have not changed.
{{ plan.invalid }} are invalid, {{ plan.superseded }} are superseded, and of {{ plan.withheld }} a value is left out.
The log of the task `plan` has the reasons, by key.
"""

with DAG(
    dag_id="reviewed_sync",
    schedule="@weekly",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # a second run would plan anew, and make the plan under review worthless
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["leadway"],
):
    plan = LeadwayUpsertContactsOperator(task_id="plan", dry_run=True, **SYNC)
    review = ApprovalOperator(task_id="review", subject="Send these customers to Leadway?", body=COUNTS)
    # Nothing is read again: what was approved is what goes out, or the task says why it can't.
    deliver = LeadwayUpsertContactsOperator(
        task_id="deliver", reviewed_run="{{ ti.xcom_pull(task_ids='plan')['run_id'] }}", **SYNC
    )
    plan >> review >> deliver
