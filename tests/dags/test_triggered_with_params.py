"""The example that a person steers at the trigger, run by Airflow with what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadway_provider.sandbox.server import SandboxServer
from tests.dags.example import Warehouse, report

TASK_ID = "sync_customers"


def customers(*numbers: int, name: str = "Ann") -> list[dict[str, object]]:
    """Return rows that become contacts."""
    return [
        {"customer_id": f"C-{number}", "email": f"c{number}@example.com", "first_name": name, "updated_at": str(number)}
        for number in numbers
    ]


def test_a_person_says_what_a_run_does(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """One customer, a dry run, all; then a guard stops a run that changes everything, and one run may pass it."""

    def run(**params: object) -> Any:
        # Airflow renders the templates of a task in the DAG itself, so each run needs the file's DAG anew.
        return example("triggered_with_params").test(run_conf=params)

    warehouse.insert("customers", *customers(1, 2, 3))
    assert report(run(only_keys=["C-2"]), TASK_ID)["read"] == 1
    [contact] = sandbox.account.contacts
    assert (contact.email, contact.as_json("x")["source"]) == ("c2@example.com", "triggered_with_params")
    assert report(run(dry_run=True), TASK_ID)["pending"] == 2
    assert report(run(), TASK_ID)["created"] == 2

    warehouse.run("UPDATE customers SET first_name = 'Bob'")
    assert run().state == "failed"
    assert {contact.first_name for contact in sandbox.account.contacts} == {"Ann"}
    assert report(run(max_changed=None), TASK_ID)["updated"] == 3
    assert report(run(full_resync=True, max_changed=3), TASK_ID)["updated"] == 3

    warehouse.run("DELETE FROM customers")
    assert run().state == "failed"
    assert report(run(min_rows=0), TASK_ID)["read"] == 0
