"""How long the ledger keeps what a sync delivered."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from tests.operators.task import Row, Warehouse, sync

ANN: Row = (1, "ann@example.com", "Ann", None, None)
NO_AT: Row = (2, "nobody at example", "Nat", None, None)


def entries(warehouse: Warehouse) -> int:
    """Return how many deliveries the ledger has."""
    with sqlite3.connect(warehouse.state) as database:
        count: int = database.execute("SELECT count(*) FROM leadway_delivery").fetchone()[0]
        return count


def let_pass(warehouse: Warehouse, days: float) -> None:
    """Let what is in the ledger be so old."""
    at = datetime.now(UTC) - timedelta(days=days)
    with sqlite3.connect(warehouse.state) as database:
        database.execute("UPDATE leadway_delivery SET delivered_at = ?", [int(at.timestamp() * 1_000_000)])


@pytest.mark.parametrize(
    ("arguments", "days", "left"),
    [({}, 91, 0), ({}, 89, 1), ({"ledger_days": 1}, 2, 0), ({"ledger_days": 400}, 399, 1)],
)
def test_a_run_deletes_what_is_too_old(warehouse: Warehouse, arguments: dict[str, Any], days: int, left: int) -> None:
    """After 90 days unless the task says otherwise; also where the run itself delivers nothing."""
    warehouse.fill(ANN)
    sync("first", **arguments)
    let_pass(warehouse, days)
    assert entries(warehouse) == 1

    assert sync("second", **arguments)["unchanged"] == 1

    assert entries(warehouse) == left


def test_a_run_with_rejected_rows_does_so_too(warehouse: Warehouse) -> None:
    """A sync whose task fails for its rejected rows every day keeps no more than others."""
    warehouse.fill(ANN)
    sync("first")
    let_pass(warehouse, 91)
    warehouse.fill(ANN, NO_AT)

    with pytest.raises(AirflowFailException):
        sync("second")

    assert entries(warehouse) == 0


def test_a_dry_run_changes_nothing(warehouse: Warehouse) -> None:
    """Not even the ledger."""
    warehouse.fill(ANN)
    sync("first")
    let_pass(warehouse, 91)
    sync("second", dry_run=True)

    assert entries(warehouse) == 1


@pytest.mark.parametrize("days", [0, -1, 1.5, True, "30"])
def test_days_are_a_whole_number(days: object) -> None:
    """Anything else is told while the DAG is parsed."""
    arguments: dict[str, Any] = {"ledger_days": days}
    with pytest.raises(ConfigurationError, match=r"ledger_days of task sync is .*whole number"):
        LeadwayUpsertContactsOperator(task_id="sync", sql="SELECT 1", sql_conn_id="warehouse", key="id", **arguments)
