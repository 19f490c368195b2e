"""The structured events of the task log."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from structlog.testing import capture_logs

from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import Row, Warehouse, sync

ANN: Row = (1, "ann.quillfeather@example.com", "Quillfeather", "+12025550101", "US")
BOB: Row = (2, "bob.zabriskie@example.com", "Zabriskie", "+12025550102", "US")
EVE: Row = (3, "eve.montague@example.com", "Montague", None, None)


def told(logs: Any, event: str) -> list[dict[str, Any]]:
    """The events of one kind."""
    return [each for each in logs if each["event"] == event]


def test_a_run_tells_each_batch_the_plan_and_its_end(warehouse: Warehouse) -> None:
    """Every event names the sync, the run, the location and the query, and carries the counts so far."""
    warehouse.fill(ANN, BOB, EVE)
    with capture_logs() as logs:
        report = sync(batch_size=2)
    events = [each for each in logs if each["event"].startswith("leadway.")]
    assert [each["event"] for each in events] == ["leadway.batch", "leadway.batch", "leadway.plan", "leadway.run"]
    assert {(each["sync"], each["run"], each["location"]) for each in events} == {
        ("customers.sync", report["run_id"], "sandbox-location")
    }
    assert len({each["query"] for each in events}) == 1
    assert [(each["read"], each["pending"], each["created"]) for each in events] == [
        (2, 2, 0),
        (3, 3, 0),
        (3, 3, 0),
        (3, 0, 3),
    ]
    assert told(events, "leadway.plan")[0]["columns"]["phone"] == "phone"
    assert told(events, "leadway.run")[0]["calls"] == report["calls"]


def test_a_run_that_fails_tells_its_end_too(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """With what was delivered until then."""
    warehouse.fill(ANN, BOB)
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, email="bob.zabriskie@example.com"))
    with capture_logs() as logs, pytest.raises(AirflowFailException):
        sync(max_in_flight=1)
    [end] = told(logs, "leadway.run")
    assert (end["created"], end["pending"]) == (1, 1)


def test_another_query_has_another_fingerprint(warehouse: Warehouse) -> None:
    """The log tells which query a run had without showing it."""
    warehouse.fill(ANN)
    with capture_logs() as logs:
        sync("one")
        sync("two")
        sync("three", sql="SELECT id, email FROM customers")
    one, two, three = [each["query"] for each in told(logs, "leadway.run")]
    assert one == two != three


def test_no_event_holds_a_contacts_data(warehouse: Warehouse) -> None:
    """Counts and names of columns only."""
    warehouse.fill(ANN, BOB, EVE)
    with capture_logs() as logs:
        sync()
    text = json.dumps(logs, default=str)
    assert not [value for row in (ANN, BOB, EVE) for value in row[1:4] if value and str(value) in text]
