"""DAGs that map one task over several queries of one account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.policies import RemovalPolicy

START = datetime(2026, 1, 1, tzinfo=UTC)
CHOSEN = "SELECT customer_id, email, first_name FROM customers WHERE country = :country ORDER BY customer_id"
COUNTRIES: list[Any] = [{"country": "DE"}, {"country": "FR"}]
CHOICES: dict[str, Any] = {
    "task_id": "sync",
    "sql_conn_id": "warehouse",
    "key": "customer_id",
    "deferrable": False,
    "removal": RemovalPolicy("delete", max_removed=0.5),
}

with DAG("mapped_without_names", schedule=None, start_date=START):
    LeadwayUpsertContactsOperator.partial(**CHOICES).expand(
        sql=[CHOSEN.replace(":country", "'DE'"), CHOSEN.replace(":country", "'FR'")]
    )

with DAG("mapped_with_names", schedule=None, start_date=START):
    LeadwayUpsertContactsOperator.partial(
        **CHOICES, sql=CHOSEN, sync_name="customers {{ task.parameters['country'] }}"
    ).expand(parameters=COUNTRIES)

# The same syncs in another order: an index says nothing of which query it has.
with DAG("mapped_with_names_reversed", schedule=None, start_date=START):
    LeadwayUpsertContactsOperator.partial(
        **CHOICES, sql=CHOSEN, sync_name="customers {{ task.parameters['country'] }}"
    ).expand(parameters=COUNTRIES[::-1])
