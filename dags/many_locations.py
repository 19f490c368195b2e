"""Every day, send each shop's customers to that shop's own Leadway account: one warehouse, many accounts, one task.

Needs two connections: `warehouse`, whose table `shops` has the account of each shop, and `leadway_agency`, an agency's
OAuth app (`"auth": "agency"`), which has access to every account that it is installed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.policies import GuardPolicy

# One query for all shops: the shop is bound to the parameter `:shop`.
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
    """Return the arguments of one shop's sync."""
    shop, location_id = row
    return {"location_id": location_id, "parameters": {"shop": shop}}


with DAG(
    dag_id="many_locations",
    description="Send each shop's customers to an account of its own",
    doc_md=__doc__,
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

    # A sync's state belongs to its name, the API's host and the account. So each account has its own state under the
    # same name, and keeps it when a new shop changes the order of the list. Two shops with the same account would share
    # their state too: give each of them a `sync_name`.
    LeadwayUpsertContactsOperator.partial(
        task_id="sync_shop",
        sql_conn_id="warehouse",
        sql=CUSTOMERS,
        key="customer_id",
        leadway_conn_id="leadway_agency",
        max_rejected=0.05,
        guards=GuardPolicy(max_repeated=0.1),  # this warehouse has some customers more than once
        map_index_template="{{ task.location_id }}",  # Airflow's page shows the account of each task, not a number
        max_active_tis_per_dagrun=4,  # each account has its own quota, but all tasks share the warehouse
    ).expand_kwargs(shops.output.map(arguments))
