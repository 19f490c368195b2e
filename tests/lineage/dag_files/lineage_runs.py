"""The DAGs of the lineage tests."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Asset, task

from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator

CONTACTS = Asset(name="contacts", uri="leadway://sandbox-location/contacts")
REPORTS = Asset(name="reports", uri="file:///reports/customers")

SQL = """
    SELECT c.id, lower(c.email) AS email, c.first_name, c.phone, c.country, 'warehouse' AS source,
           (SELECT max(o.total) FROM orders AS o WHERE o.customer_id = c.id) AS "custom.Lifetime Value"
    FROM customers AS c
    ORDER BY c.id
"""


def write_inlets(context: Mapping[str, Any]) -> None:
    """Write the URIs of the task's inlets to a file."""
    uris = [asset.uri for asset in context["task"].inlets]
    Path(os.environ["INLETS_FILE"]).write_text("\n".join(uris), encoding="utf-8")


def sync(dag_id: str, **arguments: Any) -> None:
    """Make a DAG with one sync."""
    chosen: dict[str, Any] = {
        "sql_conn_id": "warehouse",
        "sql": SQL,
        "key": "id",
        "constants": {"tags": "customer"},
        "state_conn_id": "state",
        "max_in_flight": 1,
        "outlets": [CONTACTS, REPORTS],
    }
    with DAG(dag_id=dag_id, schedule=None):
        LeadwayUpsertContactsOperator(task_id="sync", **chosen | arguments)


sync("plain", on_success_callback=write_inlets)
sync("always", emit_unchanged=True)
sync("compared", compare="account", emit_unchanged=True)
sync("dry", dry_run=True, emit_unchanged=True)
PLAN = Asset(name="plan", uri=f"sqlite://{os.environ['INLETS_FILE'].removesuffix('inlets')}warehouse.db/plan")
sync("planned", dry_run=True, max_rejected=1, plan_to="warehouse:plan", outlets=[CONTACTS, REPORTS, PLAN])
sync(
    "vague", sql="SELECT id, email, total AS source FROM customers LEFT JOIN orders ON customer_id = id", max_rejected=1
)
sync("broken", sql="SELECT id, email FROM customers WHERE no_such_column = 1")

with DAG(dag_id="follower", schedule=[CONTACTS]):

    @task
    def follow() -> None:
        """Do nothing; in a real DAG, this is what happens after a sync."""

    follow()

with DAG(dag_id="hooked", schedule=None):

    @task
    def upsert() -> None:
        """Write a contact with the hook."""
        with LeadwayHook("leadway_default") as hook:
            contact = hook.upsert_contact(email="ann@example.com")
            hook.add_tags(contact.contact_id, ["customer"])

    upsert()
