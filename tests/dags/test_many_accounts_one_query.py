"""The example of one query for many accounts: the rows name them, and one task serves all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.models.asset import AssetEvent
from airflow.utils.session import create_session

from leadway_provider.sandbox.server import SandboxServer
from tests.dags.example import Warehouse, report

NAME = "many_accounts_one_query"


def test_one_task_serves_every_account(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """Each account gets its own rows; a new shop is served as soon as it has an account; events are told by account."""
    warehouse.insert("shops", {"shop": "north", "location_id": "north-shop"}, {"shop": "south"})
    people: list[dict[str, object]] = [
        {"customer_id": f"C-{number}", "email": f"c{number}@example.com", "first_name": "Ann", "shop": shop}
        for number, shop in enumerate(("north", "north", "south"))
    ]
    warehouse.insert("customers", *people)
    dag = example(NAME)
    first = report(dag.test(), "sync_all")
    assert (first["read"], first["created"], first["accounts"]) == (2, 2, 1)
    warehouse.run("UPDATE shops SET location_id = 'south-shop' WHERE shop = 'south'")
    second = report(dag.test(), "sync_all")
    assert (second["unchanged"], second["created"], second["accounts"]) == (2, 1, 2)
    accounts = sandbox.service.accounts
    assert [len(accounts[each].contacts) for each in ("north-shop", "south-shop")] == [2, 1]
    with create_session() as session:
        told = [(event.uri, event.extra["created"]) for event in session.query(AssetEvent).order_by(AssetEvent.id)]
    assert told[-2:] == [("leadway://north-shop/contacts", 2), ("leadway://south-shop/contacts", 1)]
