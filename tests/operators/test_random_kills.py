"""SIGKILL at fifty random instants of plan, delivery, deferral and token renewal: nothing is lost or doubled."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.operators.forks import Nursery, never, nursery
from tests.operators.task import Warehouse

__all__ = ["nursery"]

KILLS = 50
PEOPLE = 90
IN_FLIGHT = 8
CHOICES: dict[str, Any] = {"max_in_flight": IN_FLIGHT, "batch_size": 20}
DAY = 1.5
OUTCOMES = ("unchanged", "invalid", "superseded", "skipped", "created", "updated", "refused", "unknown", "pending")
ANYTHING = "anything"
SPANS = {"planning": 0.05, "delivering": 0.8, "deferring": 0.005, "renewing": 0.06, ANYTHING: 1.0}
"""What a kill is aimed at, and about how many seconds that lasts. `renewing` is of the OAuth tokens."""


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An account whose day is a moment long, and whose tokens have to be renewed twice a second."""
    with SandboxServer(Settings(burst=None, daily=Quota(60, DAY, "fixed"), latency=0.03)) as server:
        server.tokens.access_lifetime = 1.0  # a short life's token is renewed half-way
        yield server


@pytest.fixture
def _app(warehouse: Warehouse, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the connection be an app's, whose tokens are kept in the state."""
    app = {"auth": "oauth", "refresh_token": "sandbox-refresh-token", "location_id": "sandbox-location"}
    login: dict[str, Any] = {
        "conn_type": "leadway",
        "host": sandbox.url,
        "login": "sandbox-client",
        "password": "sandbox-secret",
    }
    quota = {"quota_requests": 10_000, "quota_seconds": 0.5}  # so that nobody waits long for a dead process's part
    account = login | {"extra": app | quota | {"state_conn_id": "state"}}
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(account))
    assert warehouse.file.exists()


class Aim:
    """The moment of a kill: a random while after the state first shows that the attempt is at work.

    Args:
        state: the state database.
        draw: where randomness comes from.
    """

    def __init__(self, state: Path, draw: random.Random) -> None:
        self.at = draw.choice(list(SPANS))
        self._state = state
        self._later = draw.uniform(0, SPANS[self.at])
        self._since = time.monotonic() if self.at == ANYTHING else None
        self._was = phase(state)  # left by the attempt before this one

    def is_now(self) -> bool:
        """Whether it has come."""
        if self._since is None and (found := phase(self._state)) != self._was:
            self._was = ""
            if found == self.at:
                self._since = time.monotonic()
        return self._since is not None and time.monotonic() >= self._since + self._later


@pytest.mark.usefixtures("_app")
def test_killed_at_random(warehouse: Warehouse, sandbox: SandboxServer, nursery: Nursery) -> None:
    """Run after run is killed again and again; each ends with every row delivered, and in the source's order."""
    draw = random.Random(20261122)  # noqa: S311 - which instants they are is the machine's choice anyway
    runs = 0
    hit: Counter[str] = Counter()
    warehouse.fill((1, "p1@example.com", "Version 0", None, None))
    assert nursery.attempt("warm-up", **CHOICES)
    while hit.total() < KILLS:
        runs += 1
        killed_in_run = 0
        sandbox.journal.clear()
        warehouse.fill(*((n, f"p{n}@example.com", f"Version {runs}", None, None) for n in range(1, PEOPLE + 1)))
        while True:
            aim = Aim(warehouse.state, draw)
            doomed = hit.total() < KILLS and killed_in_run < 15
            ended = nursery.attempt(f"run {runs}", aim.is_now if doomed else never, **CHOICES)
            if ended is None:
                hit[aim.at] += 1
                killed_in_run += 1
            elif "deferred" not in ended:
                break
        assert "error" not in ended, ended
        assert_all_is_well(sandbox, ended, runs, killed_in_run)
    assert len(sandbox.account.contacts) == PEOPLE
    print(dict(hit))  # noqa: T201 - shown where the test fails, or with -s
    assert set(hit) == set(SPANS)


def phase(state: Path) -> str:
    """Return what an attempt does, as far as the state shows."""
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as database:
        if database.execute("SELECT 1 FROM leadway_token WHERE begun_at IS NOT NULL").fetchone():
            return "renewing"
        lease, held_until = database.execute("SELECT lease, held_until FROM leadway_sync").fetchone()
        if held_until is not None:
            return "deferring"
        if lease is None:
            return "beginning or ending"
        found = database.execute("SELECT status FROM leadway_run ORDER BY started_at DESC, rowid DESC").fetchone()
        return str(found[0])


def assert_all_is_well(sandbox: SandboxServer, report: dict[str, Any], version: int, kills: int) -> None:
    """Every row counted and delivered, and few sent twice."""
    assert (report["read"], report["carried"]) == (PEOPLE, 0)
    assert sum(report[name] for name in OUTCOMES) == PEOPLE
    # An attempt that was killed after its last acknowledgement has left nothing to do for the next one.
    assert report["created"] + report["updated"] == PEOPLE or (kills and report["unchanged"] == PEOPLE)
    assert {contact.first_name for contact in sandbox.account.contacts} == {f"Version {version}"}
    arrived = [call for call in sandbox.journal.writes if call.status in (200, 201)]
    assert PEOPLE <= len(arrived) <= PEOPLE + kills * IN_FLIGHT
    assert {call.body and call.body["firstName"] for call in arrived} == {f"Version {version}"}
