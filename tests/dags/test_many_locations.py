"""The example of many accounts: each gets its own rows, and what is known of one says nothing of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leadway_provider.sandbox.server import SandboxServer
from tests.dags.example import Warehouse, report

NAME = "many_locations"
TASK_ID = "sync_shop"


def customer(number: int, shop: str, name: str = "Ann") -> dict[str, object]:
    """A row that becomes a contact of its shop's account."""
    return {"customer_id": f"C-{number}", "email": f"c{number}@example.com", "first_name": name, "shop": shop}


def emails(sandbox: SandboxServer, location_id: str) -> set[str | None]:
    """Whom an account holds."""
    return {contact.email for contact in sandbox.service.accounts[location_id].contacts}


def reports(run: Any) -> dict[str, dict[str, Any]]:
    """Each account's counts, by what the run's page calls it."""
    mapped = sorted((ti for ti in run.get_task_instances() if ti.task_id == TASK_ID), key=lambda ti: ti.map_index)
    return {ti.rendered_map_index: report(run, TASK_ID, ti.map_index) for ti in mapped}


@pytest.fixture
def shops(warehouse: Warehouse) -> Warehouse:
    """Two shops with an account each, whose customers are numbered alike, and one that has no account yet."""
    warehouse.insert(
        "shops",
        {"shop": "north", "location_id": "north-shop"},
        {"shop": "south", "location_id": "south-shop"},
        {"shop": "west"},
    )
    warehouse.insert("customers", customer(1, "north"), customer(2, "north"), customer(1, "south"), customer(3, "west"))
    return warehouse


@pytest.mark.usefixtures("shops")
def test_each_account_gets_its_own_rows(example: Callable[[str], Any], sandbox: SandboxServer) -> None:
    """One mapped task for each account, named after it, through one agency's connection."""
    told = reports(example(NAME).test())
    assert {location_id: counts["created"] for location_id, counts in told.items()} == {
        "north-shop": 2,
        "south-shop": 1,
    }
    assert emails(sandbox, "north-shop") == {"c1@example.com", "c2@example.com"}
    assert emails(sandbox, "south-shop") == {"c1@example.com"}
    assert not sandbox.account.contacts


def test_each_account_has_its_own_state(
    example: Callable[[str], Any], shops: Warehouse, sandbox: SandboxServer
) -> None:
    """Key C-1 changes in the one shop and stays in the other; a third shop, first in the list, disturbs neither."""
    dag = example(NAME)
    reports(dag.test())
    shops.run("UPDATE customers SET first_name = 'Bea' WHERE customer_id = 'C-1' AND shop = 'south'")
    shops.insert("shops", {"shop": "east", "location_id": "sandbox-location"})
    shops.insert("customers", customer(1, "east"))
    sandbox.journal.clear()
    told = reports(dag.test())
    assert list(told) == ["sandbox-location", "north-shop", "south-shop"]
    counts = {name: (found["created"], found["updated"], found["unchanged"]) for name, found in told.items()}
    assert counts == {"sandbox-location": (1, 0, 0), "north-shop": (0, 0, 2), "south-shop": (0, 1, 0)}
    assert sorted(call.method for call in sandbox.journal.writes) == ["POST", "PUT"]


def test_one_accounts_failure_is_its_own(
    example: Callable[[str], Any], shops: Warehouse, sandbox: SandboxServer
) -> None:
    """An account that the app isn't installed in fails, and the others are served."""
    shops.insert("shops", {"shop": "all", "location_id": "not-installed"})
    run = example(NAME).test()
    states = {ti.map_index: ti.state for ti in run.get_task_instances() if ti.task_id == TASK_ID}
    assert states == {0: "failed", 1: "success", 2: "success"}
    assert len(emails(sandbox, "north-shop")) == 2
