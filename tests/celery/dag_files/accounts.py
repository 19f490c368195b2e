"""Two DAGs over one warehouse: a task for each of eight accounts, and one big account over two workers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator

SYNC: dict[str, Any] = {
    "sql_conn_id": "warehouse",
    "key": "id",
    "leadway_conn_id": "account",
    "state_conn_id": "state",
    "max_in_flight": 4,
    "retries": 3,
    "retry_delay": timedelta(seconds=1),
}

with DAG("eight_accounts", schedule=None):
    LeadwayUpsertContactsOperator.partial(
        task_id="sync",
        sql="SELECT id, email FROM customers WHERE location_id = :account ORDER BY id",
        parameters={"account": "{{ task.location_id }}"},
        map_index_template="{{ task.location_id }}",
        **SYNC,
    ).expand(location_id=[f"shop-{n}" for n in range(1, 9)])

BIG: dict[str, Any] = SYNC | {
    "sql": "SELECT id, email FROM customers WHERE location_id = 'sandbox-location' ORDER BY id",
    "location_id": "sandbox-location",
    "sync_name": "big",
}
PLANNED: dict[str, Any] = BIG | {"reviewed_run": "{{ ti.xcom_pull(task_ids='plan')['run_id'] }}"}

# As the task group `leadway_sync` makes them, but that each worker has a queue: so each runs on another machine.
with DAG("big_account", schedule=None):
    plan = LeadwayUpsertContactsOperator(task_id="plan", dry_run=True, **BIG)
    deliver = [
        LeadwayUpsertContactsOperator(task_id=f"deliver_{queue}", worker=number, queue=queue, **PLANNED)
        for number, queue in enumerate(("north", "south"))
    ]
    plan >> deliver >> LeadwayUpsertContactsOperator(task_id="sync", **PLANNED)
