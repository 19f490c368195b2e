"""Every day, send the warehouse's customers to Leadway. Copy this file and change the query.

Needs two connections: `warehouse`, to any SQL database that Airflow has a hook for, and `leadway_default`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Asset

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.policies import ContactRules, GuardPolicy

# The SELECT list is the mapping: the name of each column is the contact field that it fills. Any other column, except
# for the key, is an error, and nothing is sent. Of two rows with the same key the last one counts: the order matters.
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
    description="Send the warehouse's customers to Leadway",
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # the query reads the present rows, so runs for past days would all send the same
    max_active_runs=1,  # two runs at the same time would share the account's quota
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},  # a retry goes on where the last attempt ended
    tags=["leadway"],
):
    LeadwayUpsertContactsOperator(
        task_id="sync_customers",
        sql_conn_id="warehouse",
        sql=CUSTOMERS,
        key="customer_id",
        leadway_conn_id="leadway_default",
        rules=ContactRules(day_first=False),  # this warehouse writes the 4th of March 1990 as 03/04/1990
        max_rejected=0.05,  # a few wrong addresses are normal; more rejected rows mean that the source is broken
        # This warehouse has some customers more than once. More than 5% would mean that the key is wrong, or that a
        # join multiplies rows: then the task fails before it sends anything. By default 1% may repeat a key.
        guards=GuardPolicy(max_repeated=0.05),
        # Other DAGs can be scheduled on this Asset. It stands for the contacts of one account: write your own location
        # id in place of `sandbox-location`, which is the account of `leadway sandbox`.
        outlets=[Asset("leadway://sandbox-location/contacts")],
    )
