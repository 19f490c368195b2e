"""Every week: read all contacts of the account, tell what people changed by hand, and put exactly that right.

Needs the connections `warehouse` and `leadway_default`, and the daily sync of the example `warehouse_to_leadway`, whose
state it uses. The first task is a dry run, which sends nothing. Its counts are in XCom: `drifted` and
`drifted.<field>`, `missing`, `adopted`, `unmatched`, and `verified_at` where nothing differs, which `leadway verify`
prints. Trigger the DAG with `heal` off to leave it at that, or with a `sample` to read only so many contacts, chosen at
random: the counts then have the share that is right, with its bounds, and nothing is put right.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.sdk import DAG, Param

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.policies import GuardPolicy

SYNC: dict[str, Any] = {
    "sync_name": "warehouse_to_leadway.sync_customers",  # what the daily sync's state belongs to
    "sql_conn_id": "warehouse",
    "sql": """
        SELECT customer_id, email, first_name, last_name, mobile AS phone, country, segment AS tags
        FROM customers
        ORDER BY updated_at
    """,
    "key": "customer_id",
    "leadway_conn_id": "leadway_default",
    "max_rejected": 0.05,
    # Where a third of the contacts seem to have changed, a person should look before anything is sent.
    "guards": GuardPolicy(max_changed=0.3, max_repeated=0.05),
}

with DAG(
    dag_id="weekly_verification",
    description="Compare every customer with the account itself, and put right what was changed there",
    doc_md=__doc__,
    schedule="@weekly",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # a second run would make a new plan, and the first one could not be delivered
    params={
        "heal": Param(default=True, type="boolean", title="Heal", description="Send what differs."),
        "sample": Param(
            default=None,
            type=["null", "integer"],
            minimum=1,
            title="Sample",
            description="Read so many contacts, chosen at random, in place of all; nothing is sent then.",
        ),
    },
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["leadway"],
):
    verify = LeadwayUpsertContactsOperator(
        task_id="verify", compare="account", dry_run=True, sample="{{ params.sample | tojson }}", **SYNC
    )
    asked = ShortCircuitOperator(
        task_id="asked", python_callable=lambda params: params["heal"] and params["sample"] is None
    )
    # The account is not read again: the task delivers what was found, or fails with the reason why it can't.
    heal = LeadwayUpsertContactsOperator(
        task_id="heal", reviewed_run="{{ ti.xcom_pull(task_ids='verify')['run_id'] }}", **SYNC
    )
    verify >> asked >> heal
