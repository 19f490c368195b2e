"""SIGKILL at any instant of plan or deliver: the retry goes on, and nothing is lost, doubled or reordered."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.sync.deliver import MOST_WAITING
from leadway_provider.sync.tags import BATCH
from tests.operators.task import Row, Warehouse

IN_FLIGHT = 8
ROWS = 300
PEOPLE = 100
OUTCOMES = ("unchanged", "invalid", "superseded", "skipped", "created", "updated", "refused", "unknown", "pending")


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An account that takes 5 ms for an answer, so that calls are in flight when the process dies."""
    with SandboxServer(Settings(burst=None, daily=None, latency=0.005)) as server:
        yield server


@pytest.fixture
def people(warehouse: Warehouse) -> Warehouse:
    """A warehouse of rows that share e-mails: each person has several, of which the last one counts."""
    rows: list[Row] = [(n, f"p{n % PEOPLE}@example.com", f"Version {n}", None, None) for n in range(1, ROWS + 1)]
    warehouse.fill(*rows)
    return warehouse


def attempt(**arguments: Any) -> subprocess.Popen[str]:
    """Start an attempt, and return when it is about to begin."""
    command = [sys.executable, "-m", "tests.operators.attempt", "one", json.dumps(arguments)]
    child = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "READY\n"
    return child


def kill_when(child: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    """Kill the process at the first instant at which the condition holds, or let it end."""
    while child.poll() is None and not condition():
        time.sleep(0.0005)
    child.kill()
    child.communicate()


def finished(**arguments: Any) -> dict[str, Any]:
    """The report of an attempt that nobody kills."""
    child = attempt(**arguments)
    said, _ = child.communicate()
    assert child.returncode == 0
    report: dict[str, Any] = json.loads(said.splitlines()[-1])
    return report


def versions(sandbox: SandboxServer) -> dict[str, list[int]]:
    """The versions that arrived for each e-mail, in order of arrival."""
    found: dict[str, list[int]] = {}
    for call in sandbox.journal.upserts:
        assert call.body is not None
        found.setdefault(call.body["email"], []).append(int(call.body["firstName"].split()[1]))
    return found


def assert_all_is_well(sandbox: SandboxServer, report: dict[str, Any], kills: int) -> None:
    """Every row counted and delivered, few sent twice, and no contact went back to an older value."""
    assert report["read"] == ROWS == sum(report[name] for name in OUTCOMES)
    assert report["pending"] == 0
    assert len(sandbox.journal.upserts) - ROWS <= kills * IN_FLIGHT
    arrived = versions(sandbox)
    assert {number for numbers in arrived.values() for number in numbers} == set(range(1, ROWS + 1))
    for numbers in arrived.values():
        assert numbers == sorted(numbers)
    latest = {contact.email: contact.first_name for contact in sandbox.account.contacts}
    assert latest == {email: f"Version {numbers[-1]}" for email, numbers in arrived.items()}


@pytest.mark.parametrize("moments", [(1,), (IN_FLIGHT, 150), (75, 140, 299)])
@pytest.mark.usefixtures("people")
def test_killed_while_delivering(sandbox: SandboxServer, moments: tuple[int, ...]) -> None:
    """Killed after so many calls have arrived, once or several times, the last attempt delivers the rest."""
    for moment in moments:
        kill_when(attempt(max_in_flight=IN_FLIGHT), lambda moment=moment: sandbox.journal.total > moment)  # type: ignore[misc]  # mypy can't infer it
    report = finished(max_in_flight=IN_FLIGHT)
    assert_all_is_well(sandbox, report, kills=len(moments))


def test_killed_while_rows_wait_for_their_tags(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Killed before the first call of tags, and after it, every contact has its tags in the end."""
    warehouse.fill(*((number, f"p{number}@example.com", None, None, None) for number in range(1, ROWS + 1)))
    arguments = {"sql": "SELECT id, email, 'tag' || (id % 3) AS tags FROM customers", "max_in_flight": IN_FLIGHT}
    moments = (50, 50 + BATCH + IN_FLIGHT)
    for moment in moments:
        kill_when(attempt(**arguments), lambda moment=moment: len(sandbox.journal.writes) > moment)  # type: ignore[misc]  # mypy can't infer it
    report = finished(**arguments)
    assert report["read"] == ROWS == report["created"] + report["updated"]
    assert ROWS + 50 < len(sandbox.journal.writes) <= ROWS + len(moments) * (IN_FLIGHT + MOST_WAITING)
    assert {contact.email: contact.tags for contact in sandbox.account.contacts} == {
        f"p{number}@example.com": [f"tag{number % 3}"] for number in range(1, ROWS + 1)
    }


def test_killed_while_planning(people: Warehouse, sandbox: SandboxServer) -> None:
    """A plan that was cut short counts for nothing: no contact was touched, and the next attempt plans anew."""

    def half_planned() -> bool:
        return people.state.exists() and _outbox_size(people.state) > 5

    kill_when(attempt(max_in_flight=IN_FLIGHT, batch_size=3), half_planned)
    assert not sandbox.journal.writes
    report = finished(max_in_flight=IN_FLIGHT)
    assert_all_is_well(sandbox, report, kills=0)
    assert len(sandbox.journal.upserts) == ROWS


def _outbox_size(state: Path) -> int:
    try:
        with sqlite3.connect(f"file:{state}?mode=ro", uri=True, timeout=0.1) as database:
            size: int = database.execute("SELECT count(*) FROM leadway_outbox").fetchone()[0]
            return size
    except sqlite3.OperationalError:
        return 0
