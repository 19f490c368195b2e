"""DAGs whose runs the page shows: one that fails, one that takes its time, and a dry run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator

# The retries are for a machine that is too busy to start a task; a sync with rejected rows fails at once.
SYNC: dict[str, Any] = {
    "task_id": "sync",
    "sql_conn_id": "warehouse",
    "key": "id",
    "deferrable": False,
    "retries": 3,
    "retry_delay": timedelta(seconds=1),
}

with DAG("people", schedule="@yearly", catchup=False):
    LeadwayUpsertContactsOperator(**SYNC, sql="SELECT id, email, first_name FROM people ORDER BY id")

with DAG("slow", schedule=None):
    LeadwayUpsertContactsOperator(
        **SYNC, sql="SELECT id, email, name AS first_name FROM many ORDER BY id", max_in_flight=1, batch_size=20
    )

with DAG("dry", schedule=None):
    LeadwayUpsertContactsOperator(
        **SYNC, sql="SELECT id, email, first_name FROM people ORDER BY id", dry_run=True, max_rejected=9
    )
