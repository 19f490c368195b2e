"""The structured events of the task log."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import structlog
from airflow.providers.common.compat.sdk import AirflowFailException
from structlog.testing import capture_logs

from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import Row, Warehouse, sync

ANN: Row = (1, "ann.quillfeather@example.com", "Quillfeather", "+12025550101", "US")
BOB: Row = (2, "bob.zabriskie@example.com", "Zabriskie", "+12025550102", "US")
EVE: Row = (3, "eve.montague@example.com", "Montague", None, None)


@pytest.fixture(autouse=True)
def every_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the log have what Airflow leaves out at its level INFO."""
    everything = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    monkeypatch.setattr("leadway_provider.lineage.record._log", everything)


def of_kind(logs: Any, event: str) -> list[dict[str, Any]]:
    """Return the events of one kind."""
    return [each for each in logs if each["event"] == event]


def test_a_run_logs_each_batch_the_plan_and_its_end(warehouse: Warehouse) -> None:
    """Every event has the sync, the run, the location, the query's fingerprint and the counts so far."""
    warehouse.fill(ANN, BOB, EVE)
    with capture_logs() as logs:
        report = sync(batch_size=2)
    events = [each for each in logs if each["event"].startswith("leadway.")]
    assert {each["log_level"] for each in events} == {"debug"}
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
    assert of_kind(events, "leadway.plan")[0]["columns"]["phone"] == "phone"
    assert of_kind(events, "leadway.run")[0]["calls"] == report["calls"]


def test_a_run_that_fails_logs_its_end(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The last event has the counts of what was delivered."""
    warehouse.fill(ANN, BOB)
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, email="bob.zabriskie@example.com"))
    with capture_logs() as logs, pytest.raises(AirflowFailException):
        sync(max_in_flight=1)
    [end] = of_kind(logs, "leadway.run")
    assert (end["created"], end["pending"]) == (1, 1)


def test_another_query_has_another_fingerprint(warehouse: Warehouse) -> None:
    """Two runs with the same query have the same fingerprint, and another query has another one."""
    warehouse.fill(ANN)
    with capture_logs() as logs:
        sync("one")
        sync("two")
        sync("three", sql="SELECT id, email FROM customers")
    one, two, three = [each["query"] for each in of_kind(logs, "leadway.run")]
    assert one == two != three


def test_no_event_holds_a_contacts_data(warehouse: Warehouse) -> None:
    """The log has counts and names of columns only."""
    warehouse.fill(ANN, BOB, EVE)
    with capture_logs() as logs:
        sync()
    assert of_kind(logs, "leadway.plan")
    text = json.dumps(logs, default=str)
    assert not [value for row in (ANN, BOB, EVE) for value in row[1:4] if value and str(value) in text]
