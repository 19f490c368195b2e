"""A sync that a person approves: plan, review the numbers in Airflow's UI, deliver exactly that plan.

Needs Airflow 3.1 or later for the approval, and two connections: `warehouse`, to any SQL database that Airflow has a
hook for, and `leadway_default`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.policies import GuardPolicy

SYNC: dict[str, Any] = {
    "sync_name": "reviewed_customers",  # the plan belongs to the sync, so both tasks need the same name
    "sql_conn_id": "warehouse",
    "sql": """
        SELECT customer_id, email, first_name, last_name, mobile AS phone, country, segment AS tags
        FROM customers
        ORDER BY updated_at
    """,
    "key": "customer_id",
    "leadway_conn_id": "leadway_default",
    "max_rejected": 0.05,
    "guards": GuardPolicy(max_repeated=0.05),  # this warehouse has some customers more than once
}
# Airflow shows and keeps only counts. The page of the run has the keys of the rows, and so has the state store's table
# leadway_outbox, until they are delivered or the sync's next run begins.
COUNTS = """
{% set plan = ti.xcom_pull(task_ids="plan") %}
Nothing has been sent yet. The plan, in rows:

- read: {{ plan.read }}
- will be sent when you approve: {{ plan.pending }}{% if plan.withheld %}, {{ plan.withheld }} of them without a value \
that can't be sent{% endif %}

- unchanged: {{ plan.unchanged }}
- invalid, not sent: {{ plan.invalid }}
- superseded by another row, not sent: {{ plan.superseded }}

Which rows, by key, and why: [the run's page](/leadway/runs/{{ plan.run_id }}), or
`leadway rejected --run {{ plan.run_id }}` for the invalid ones. What would happen to each of them, without values: the
warehouse's table `leadway_plan`.
"""

with DAG(
    dag_id="reviewed_sync",
    description="Send customers to Leadway after a person has approved the plan",
    doc_md=__doc__,
    schedule="@weekly",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # a second run would make a new plan, and the plan under review could not be delivered
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["leadway"],
):
    # The connection's user must be allowed to make the table and to write to it; leave plan_to out otherwise.
    plan = LeadwayUpsertContactsOperator(task_id="plan", dry_run=True, plan_to="warehouse:leadway_plan", **SYNC)
    review = ApprovalOperator(task_id="review", subject="Send these customers to Leadway?", body=COUNTS)
    # The warehouse is not read again. The task delivers what was approved, or fails with the reason why it can't.
    deliver = LeadwayUpsertContactsOperator(
        task_id="deliver", reviewed_run="{{ ti.xcom_pull(task_ids='plan')['run_id'] }}", **SYNC
    )
    plan >> review >> deliver
