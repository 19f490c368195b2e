"""One big account, delivered by four tasks at a time: plan once, deliver parts of the plan, and report.

Workers help where the account's quota is larger than what one of them sends. Needs two connections, `warehouse` and
`leadway_default`, and a state store that all machines reach: a database server where they are several.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from leadway_provider.policies import GuardPolicy
from leadway_provider.task_groups import leadway_sync

with DAG(
    dag_id="big_account_over_workers",
    description="Plan once, and let several workers deliver to one account",
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # another run would make a new plan, and the workers could not go on with theirs
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["leadway"],
):
    leadway_sync(
        "customers",
        workers=4,
        sql_conn_id="warehouse",
        sql="""
            SELECT customer_id, email, first_name, last_name, mobile AS phone, country, segment AS tags
            FROM customers
            ORDER BY updated_at
        """,
        key="customer_id",
        leadway_conn_id="leadway_default",
        max_rejected=0.05,
        guards=GuardPolicy(max_repeated=0.05),  # this warehouse has some customers more than once
    )
