"""DAGs that a test runs with connections of its own, whose ids begin with the parameter `test`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Param

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.policies import QuotaPolicy

START = datetime(2026, 1, 1, tzinfo=UTC)
TEST = {"test": Param("", type="string")}
CHOICES: dict[str, Any] = {
    "task_id": "sync",
    "sql": "SELECT id, email, first_name, phone, country FROM customers ORDER BY id",
    "key": "id",
    "sql_conn_id": "{{ params.test }}_warehouse",
    "leadway_conn_id": "{{ params.test }}_account",
    "state_conn_id": "{{ params.test }}_state",
    "max_in_flight": 4,
    "batch_size": 20,
    "deferrable": True,
    "retries": 1,
    "retry_delay": timedelta(seconds=1),
}

with DAG("customers", schedule=None, params=TEST):
    LeadwayUpsertContactsOperator(**CHOICES, sync_name="{{ params.test }}")

# Switched off, else the scheduler takes up what `airflow tasks test` begins.
with DAG("by_hand", schedule=None, params=TEST, is_paused_upon_creation=True):
    LeadwayUpsertContactsOperator(**CHOICES, sync_name="{{ params.test }}")

with DAG("patient", schedule=None, params=TEST):
    LeadwayUpsertContactsOperator(
        **CHOICES | {"deferrable": False}, sync_name="{{ params.test }}", quota=QuotaPolicy(max_wait=600)
    )

with DAG("hurried", schedule=None, params=TEST):
    LeadwayUpsertContactsOperator(
        **CHOICES | {"retries": 20, "retry_delay": timedelta(0)}, execution_timeout=timedelta(seconds=3)
    )

with DAG("accounts", schedule=None, params=TEST):
    LeadwayUpsertContactsOperator.partial(**CHOICES).expand(location_id=["sandbox-location", "north", "south"])

# It has ended, so that only a backfill makes runs of it.
with DAG("daily", schedule="@daily", start_date=START, end_date=datetime(2026, 1, 31, tzinfo=UTC), params=TEST):
    LeadwayUpsertContactsOperator(
        **CHOICES | {"sql": "SELECT id, email, :day AS first_name FROM customers ORDER BY id"},
        parameters={"day": "{{ ds }}"},
    )
