"""Every day, bring each shop's customers into that shop's own Leadway account: one warehouse, many accounts, one task.

Needs two connections: `warehouse`, whose table `shops` names each shop's account, and `leadway_agency`, an agency's
OAuth app (`"auth": "agency"`), which reaches every account that it is installed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator

# One query for all: what differs from shop to shop is bound to its `:shop`.
CUSTOMERS = """
    SELECT
        customer_id,
        email,
        first_name,
        last_name,
        mobile  AS phone,
        country,
        shop    AS tags
    FROM customers
    WHERE shop = :shop
    ORDER BY updated_at
"""


def arguments(row: Sequence[str]) -> dict[str, Any]:
    """What the sync of one shop has of its own."""
    shop, location_id = row
    return {"location_id": location_id, "parameters": {"shop": shop}}


with DAG(
    dag_id="many_locations",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["leadway"],
):
    shops = SQLExecuteQueryOperator(
        task_id="shops",
        conn_id="warehouse",
        sql="SELECT shop, location_id FROM shops WHERE location_id IS NOT NULL ORDER BY shop",
    )

    # What a sync remembers belongs to its name, the API's host and the account. So each account has its own state under
    # the one name, and keeps it when a new shop moves the others' places in the list. Two shops that share an account
    # would share that state too: give them a `sync_name` each.
    LeadwayUpsertContactsOperator.partial(
        task_id="sync_shop",
        sql_conn_id="warehouse",
        sql=CUSTOMERS,
        key="customer_id",
        leadway_conn_id="leadway_agency",
        max_rejected=0.05,
        map_index_template="{{ task.location_id }}",  # the page of the run shows accounts, not numbers
        max_active_tis_per_dagrun=4,  # each account has a quota of its own; it is the warehouse that has only one
    ).expand_kwargs(shops.output.map(arguments))
