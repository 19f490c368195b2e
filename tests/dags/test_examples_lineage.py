"""What OpenLineage hears of the examples, and what the demo shows of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from rich.console import Console

from demo.lineage import lineage_table
from demo.warehouse import SCHEMA
from tests.airflow_version import needs_3_3
from tests.dags.example import EXAMPLES
from tests.lineage.conftest import Airflow, running


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """An Airflow with the examples and a customer; started once, because that takes seconds."""
    with running(EXAMPLES, tmp_path_factory.mktemp("airflow")) as airflow:
        with sqlite3.connect(airflow.folder / "warehouse.db") as database:
            database.executescript(SCHEMA)
            database.execute("INSERT INTO customers (customer_id, email, orders) VALUES ('C-1', 'c1@example.com', 12)")
        assert airflow.run("warehouse_to_leadway")["state"] == "success"
        yield airflow


def test_the_demo_tells_the_columns_behind_a_field(observed: Airflow) -> None:
    """From the events of the plain example: a column as it is, and one that an expression makes of two."""
    console = Console(width=200)
    for field, lines in (
        ("custom.Lifetime Value", ["custom.Lifetime Value ← customers.lifetime_value  is the value"]),
        (
            "tags",
            [
                "tags ← customers.orders   decides which value is taken",
                "tags ← customers.segment  goes into the value through an expression",
            ],
        ),
    ):
        with console.capture() as printed:
            console.print(lineage_table(observed.folder / "events", field))
        assert [line.strip() for line in printed.get().splitlines()] == lines


@needs_3_3
def test_a_task_with_the_hook_shows_what_it_wrote_to(observed: Airflow) -> None:
    """The contacts are the output of the task that tags, by the URI of their asset; looking up writes nothing."""
    assert observed.run("taskflow_hook")["state"] == "success"
    [contact] = observed.sandbox.account.contacts
    assert contact.tags == ["regular", "best-customer"]
    written = {
        task_id: [
            (each["namespace"], each["name"])
            for each in observed.last(f"taskflow_hook.{task_id}", "COMPLETE")["outputs"]
        ]
        for task_id in ("find", "tag")
    }
    assert written == {"find": [], "tag": [("leadway://sandbox-location", "contacts")]}
    assert "c1@example.com" not in (observed.folder / "events").read_text(encoding="utf-8")
