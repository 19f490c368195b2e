"""SIGKILL at any instant of plan or deliver: the retry goes on, and nothing is lost, doubled or reordered."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.sync.deliver import MOST_WAITING
from leadway_provider.sync.tags import BATCH
from tests.operators.forks import Nursery, nursery
from tests.operators.task import Row, Warehouse

__all__ = ["nursery"]

IN_FLIGHT = 8
CHOICES: dict[str, Any] = {"max_in_flight": IN_FLIGHT, "rules": {"on_shared_identity": "send"}}
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


def finished(nursery: Nursery, **arguments: Any) -> dict[str, Any]:
    """The report of an attempt that nobody kills."""
    report = nursery.attempt("one", **arguments)
    assert report is not None
    assert "error" not in report, report
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
def test_killed_while_delivering(sandbox: SandboxServer, nursery: Nursery, moments: tuple[int, ...]) -> None:
    """Killed after so many calls have arrived, once or several times, the last attempt delivers the rest."""
    for moment in moments:
        assert nursery.attempt("one", lambda moment=moment: sandbox.journal.total > moment, **CHOICES) is None  # type: ignore[misc]  # mypy can't infer it
    report = finished(nursery, **CHOICES)
    assert_all_is_well(sandbox, report, kills=len(moments))


def test_killed_while_rows_wait_for_their_tags(warehouse: Warehouse, sandbox: SandboxServer, nursery: Nursery) -> None:
    """Killed before the first call of tags, and after it, every contact has its tags in the end."""
    warehouse.fill(*((number, f"p{number}@example.com", None, None, None) for number in range(1, ROWS + 1)))
    arguments: dict[str, Any] = {"sql": "SELECT id, email, 'tag' || (id % 3) AS tags FROM customers", **CHOICES}
    moments = (50, 50 + BATCH + IN_FLIGHT)
    for moment in moments:
        assert nursery.attempt("one", lambda moment=moment: len(sandbox.journal.writes) > moment, **arguments) is None  # type: ignore[misc]  # mypy can't infer it
    report = finished(nursery, **arguments)
    assert report["read"] == ROWS == report["created"] + report["updated"]
    assert ROWS + 50 < len(sandbox.journal.writes) <= ROWS + len(moments) * (IN_FLIGHT + MOST_WAITING)
    assert {contact.email: contact.tags for contact in sandbox.account.contacts} == {
        f"p{number}@example.com": [f"tag{number % 3}"] for number in range(1, ROWS + 1)
    }


def test_killed_while_planning(people: Warehouse, sandbox: SandboxServer, nursery: Nursery) -> None:
    """A plan that was cut short counts for nothing: no contact was touched, and the next attempt plans anew."""

    def half_planned() -> bool:
        return people.state.exists() and _outbox_size(people.state) > 5

    assert nursery.attempt("one", half_planned, **CHOICES | {"batch_size": 3}) is None
    assert not sandbox.journal.writes
    report = finished(nursery, **CHOICES)
    assert_all_is_well(sandbox, report, kills=0)
    assert len(sandbox.journal.upserts) == ROWS


def _outbox_size(state: Path) -> int:
    try:
        with sqlite3.connect(f"file:{state}?mode=ro", uri=True, timeout=0.1) as database:
            size: int = database.execute("SELECT count(*) FROM leadway_outbox").fetchone()[0]
            return size
    except sqlite3.OperationalError:
        return 0
