"""Every day, send to Leadway the rows that a Python function yields: here customers, each with a level made in Python.

Use it where a query alone can't make the rows. Needs Airflow 3.3 or later for the retry policy, and two connections:
`warehouse` and `leadway_default`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, BaseHook, task

from leadway_provider.policies import GuardPolicy
from leadway_provider.retry import LeadwayRetryPolicy

BOUGHT = "SELECT customer_id, email, first_name, mobile, country, orders FROM customers ORDER BY updated_at"
LEVELS = ((50, "gold"), (10, "silver"), (0, "bronze"))

with DAG(
    dag_id="sync_of_rows",
    description="Send rows that a Python function yields to Leadway",
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    # An error that a person must correct fails the task at once; used-up quota is tried again when it returns.
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5), "retry_policy": LeadwayRetryPolicy()},
    tags=["leadway"],
):

    @task.leadway_upsert(
        key="customer_id",
        leadway_conn_id="leadway_default",
        max_rejected=0.05,  # a few wrong addresses are normal
        guards=GuardPolicy(max_repeated=0.05),  # this warehouse has some customers more than once
    )
    def sync_levels() -> Iterator[dict[str, Any]]:
        """Yield a row for each customer: its keys are named like the columns of a query, by contact field."""
        rows = BaseHook.get_hook("warehouse").get_records(BOUGHT)
        for customer_id, email, first_name, mobile, country, orders in rows:
            level = next(name for least, name in LEVELS if (orders or 0) >= least)
            yield {
                "customer_id": customer_id,
                "email": email,
                "first_name": first_name,
                "phone": mobile,
                "country": country,
                "tags": [level],
            }

    sync_levels()
