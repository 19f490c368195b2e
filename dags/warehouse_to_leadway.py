"""Every day, bring the warehouse's customers into Leadway. Copy this file, change the query, done.

Needs two connections: `warehouse`, to any SQL database that Airflow has a hook for, and `leadway_default`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Asset

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator

# The SELECT list is the mapping: each column is called what it becomes in Leadway. One that becomes nothing, apart from
# the key, is an error before anything is sent. Of two rows with one key the last counts: hence the order.
CUSTOMERS = """
    SELECT
        customer_id,
        email,
        first_name,
        last_name,
        mobile         AS phone,
        company        AS company_name,
        street         AS address1,
        city,
        state,
        postcode       AS postal_code,
        country,
        birth_date     AS date_of_birth,
        coalesce(segment, CASE WHEN orders >= 10 THEN 'Regular' END) AS tags,
        lifetime_value AS "custom.Lifetime Value",
        orders         AS "custom.Orders",
        plan           AS "custom.Plan",
        interests      AS "custom.Interests",
        signed_up_on   AS "custom.Signup Date"
    FROM customers
    ORDER BY updated_at
"""

with DAG(
    dag_id="warehouse_to_leadway",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # the query tells how things are now: runs for days gone by would all send the same
    max_active_runs=1,  # two runs at a time would only compete for the account's quota
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},  # a retry goes on where the attempt ended
    tags=["leadway"],
):
    LeadwayUpsertContactsOperator(
        task_id="sync_customers",
        sql_conn_id="warehouse",
        sql=CUSTOMERS,
        key="customer_id",
        leadway_conn_id="leadway_default",
        max_rejected=0.05,  # some people mistype their address every day; a broken feed is more than that
        # Lets other DAGs follow: schedule them on this Asset. It stands for the account behind the connection.
        outlets=[Asset(name="leadway_contacts", uri="leadway://leadway_default/contacts")],
    )
