"""SIGTERM: no new call leaves, and what is on its way is finished and acknowledged."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from leadway_provider.exceptions import StoppedError
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.store.columns import OUTCOME_CODES
from tests.faults.promise import connect
from tests.operators.task import TaskInstance, Warehouse, operator, sync

IN_FLIGHT = 8
ROWS = 200


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An account that takes a while for an answer, so that calls are in flight when the signal comes."""
    with SandboxServer(Settings(burst=None, daily=None, latency=0.2)) as server:
        yield server


def stopped(until: Callable[[], bool], **arguments: object) -> str:
    """What an attempt says that is told to stop as soon as the condition holds, and then ends by itself."""
    command = [sys.executable, "-m", "tests.operators.attempt", "first", json.dumps(arguments)]
    root = Path(__file__).parents[2]
    child = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not until():
        assert child.poll() is None, child.stderr and child.stderr.read()
        time.sleep(0.001)
    child.send_signal(signal.SIGTERM)
    _, said = child.communicate()
    assert child.returncode == 1
    return said.splitlines()[-1]


def count(warehouse: Warehouse, rows: str) -> int:
    """How many rows the state has of a table; none before it is made."""
    if not warehouse.state.exists():
        return 0
    with sqlite3.connect(warehouse.state) as database:
        try:
            number: int = database.execute(f"SELECT count(*) FROM {rows}").fetchone()[0]  # noqa: S608 - a test's own
        except sqlite3.OperationalError:
            return 0
        return number


def pending(warehouse: Warehouse) -> int:
    """Rows in the outbox."""
    return count(warehouse, "leadway_outbox")


def acknowledged(warehouse: Warehouse) -> int:
    """Rows that became contacts."""
    return count(warehouse, f"leadway_row WHERE outcome = {OUTCOME_CODES.index('created')}")


def test_what_is_on_its_way_is_acknowledged_and_nothing_else_leaves(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """Every upsert that arrived is out of the outbox, the rest is in it, and the lease is free for the retry."""
    warehouse.fill(*((n, f"p{n}@example.com", "Ann", None, None) for n in range(1, ROWS + 1)))
    said = stopped(lambda: len(sandbox.journal.upserts) > 20, max_in_flight=IN_FLIGHT)
    assert "StoppedError: The task was told to stop" in said
    arrived = len(sandbox.journal.upserts)
    assert arrived < 20 + 3 * IN_FLIGHT
    assert pending(warehouse) == ROWS - arrived
    with sqlite3.connect(warehouse.state) as database:
        assert database.execute("SELECT lease FROM leadway_sync").fetchone() == (None,)


def test_one_that_waits_for_quota_stops_at_once(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait of minutes is cut short."""
    warehouse.fill(*((n, f"p{n}@example.com", "Ann", None, None) for n in range(1, 21)))
    with SandboxServer(Settings(burst=Quota(5, 250.0), daily=None)) as slow:
        connect(monkeypatch, slow, extra={"quota_requests": 5, "quota_seconds": 250})
        said = stopped(lambda: slow.journal.total == 5)
        assert "StoppedError" in said
        assert slow.journal.total == 5


def test_one_that_waits_for_the_day_in_place_stops_at_once(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With deferrable=False a wait of hours is cut short, and what was sent is acknowledged."""
    warehouse.fill(*((n, f"p{n}@example.com", "Ann", None, None) for n in range(1, 21)))
    with SandboxServer(Settings(burst=None, daily=Quota(5, 86_400.0, "fixed"))) as used_up:
        connect(monkeypatch, used_up)
        said = stopped(lambda: acknowledged(warehouse) == 4, deferrable=False)
        assert "StoppedError" in said
        assert used_up.journal.total == 5


def test_a_hung_call_does_not_hold_it_back(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """What has not been answered 8 s later stays in the outbox, and the retry sends it."""
    warehouse.fill(*((n, f"p{n}@example.com", "Ann", None, None) for n in range(1, 4)))
    sandbox.faults.add(Fault(FaultKind.HANG, email="p2@example.com"))
    assert "StoppedError" in stopped(lambda: len(sandbox.journal.upserts) == 3)
    assert pending(warehouse) == 1
    sandbox.faults.clear()
    report = sync("retry")
    assert report["read"] == 3
    assert pending(warehouse) == 0


def test_one_that_has_hardly_begun_stops(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The signal comes while Airflow still prepares the task, before there is anything to stop: nothing is read."""
    warehouse.fill((1, "ann@example.com", "Ann", None, None))
    task = operator()
    task.on_kill()
    with pytest.raises(StoppedError, match="told to stop"):
        task.execute(cast("Any", {"ti": TaskInstance()}))
    assert not sandbox.journal.calls


def test_one_that_plans_stops_after_its_batch(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Nothing is sent, and the next attempt plans anew."""
    people = ((n, f"p{n}@example.com", "Ann", None, None) for n in range(1, 20_001))
    warehouse.fill(*people)
    said = stopped(lambda: pending(warehouse) > 0, batch_size=10)
    assert "StoppedError" in said
    assert not sandbox.journal.writes
