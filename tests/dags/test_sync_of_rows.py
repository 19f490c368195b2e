"""The example of rows that a function yields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadway_provider.sandbox.server import SandboxServer
from tests.airflow_version import needs_3_3
from tests.dags.example import Warehouse, report

pytestmark = needs_3_3


def test_rows_of_a_function_become_contacts(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """They are compared, counted and sent like those of a query; a list becomes tags."""
    for number, orders in ((1, 60), (2, 3)):
        warehouse.insert(
            "customers", {"customer_id": f"C-{number}", "email": f"c{number}@example.com", "orders": orders}
        )
    dag = example("sync_of_rows")
    assert report(dag.test(), "sync_levels")["created"] == 2
    tags = {contact.email: list(contact.tags) for contact in sandbox.account.contacts}
    assert tags == {"c1@example.com": ["gold"], "c2@example.com": ["bronze"]}
    warehouse.run("UPDATE customers SET orders = 12 WHERE customer_id = 'C-2'")
    again = report(dag.test(), "sync_levels")
    assert (again["unchanged"], again["updated"]) == (1, 1)
