"""Every day, send all customers of all shops to the account of their shop: one query, one task, any number of accounts.

Each row names its account in the column `location_id`, so the warehouse is read once, and the accounts are served side
by side, each with its own quota, state and report. An account that fails holds up no other.

Needs two connections: `warehouse`, whose table `shops` has the account of each shop, and `leadway_agency`, an agency's
OAuth app (`"auth": "agency"`), which has access to every account that it is installed in.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, AssetAlias

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.policies import GuardPolicy

CUSTOMERS = """
    SELECT
        shops.location_id,
        customers.customer_id,
        customers.email,
        customers.first_name,
        customers.last_name,
        customers.mobile  AS phone,
        customers.country,
        customers.shop    AS tags
    FROM customers
    JOIN shops ON shops.shop = customers.shop
    WHERE shops.location_id IS NOT NULL
    ORDER BY customers.updated_at
"""

with DAG(
    dag_id="many_accounts_one_query",
    description="One query for all shops: each row names the account that it is written to.",
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["leadway"],
):
    LeadwayUpsertContactsOperator(
        task_id="sync_all",
        sql_conn_id="warehouse",
        sql=CUSTOMERS,
        key="customer_id",
        leadway_conn_id="leadway_agency",
        max_rejected=0.05,  # in each account
        guards=GuardPolicy(max_repeated=0.1),  # this warehouse has some customers more than once
        outlets=[AssetAlias("shop_contacts")],  # has an event of each account whose contacts changed
    )
