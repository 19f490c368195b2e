"""SIGKILL at fifty random instants of plan, delivery, deferral and token renewal: nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.operators.task import Warehouse

KILLS = 50
PEOPLE = 90
IN_FLIGHT = 8
DAY = 1.5
OUTCOMES = ("unchanged", "invalid", "superseded", "created", "updated", "refused", "unknown", "pending")


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An account whose day is a moment long, and whose tokens have to be renewed twice a second."""
    with SandboxServer(Settings(burst=None, daily=Quota(60, DAY, "fixed"), latency=0.03)) as server:
        server.tokens.access_lifetime = 600.5  # they are renewed ten minutes before their end
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
    account = login | {"extra": app | {"state_conn_id": "state"}}
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(account))
    assert warehouse.file.exists()


class Nursery:
    """Starts attempts, and kills them."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.operators.nursery"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def attempt(self, run_id: str, kill_after: float | None) -> dict[str, Any] | None:
        """How an attempt ended; None where it was killed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps([run_id, {"max_in_flight": IN_FLIGHT, "batch_size": 20}]) + "\n")
        stdin.flush()
        child = int(stdout.readline())
        if kill_after is not None and not select.select([stdout], [], [], kill_after)[0]:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        said = stdout.readline()
        ended: dict[str, Any] | None = json.loads(said) if said.strip() else None
        return ended

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    """Processes that begin at once."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.mark.usefixtures("_app")
def test_killed_at_random(warehouse: Warehouse, sandbox: SandboxServer, nursery: Nursery) -> None:
    """Run after run is killed again and again; each ends with every row delivered, and in the source's order."""
    draw = random.Random(20261122)  # noqa: S311 - which instants they are is the machine's choice anyway
    kills = runs = 0
    hit: Counter[str] = Counter()
    warehouse.fill((1, "p1@example.com", "Version 0", None, None))
    assert nursery.attempt("warm-up", kill_after=None)
    begun_at = time.monotonic()
    assert nursery.attempt("shortest", kill_after=None)
    shortest = time.monotonic() - begun_at
    while kills < KILLS:
        runs += 1
        killed_in_run = 0
        sandbox.journal.clear()
        warehouse.fill(*((n, f"p{n}@example.com", f"Version {runs}", None, None) for n in range(1, PEOPLE + 1)))
        while True:
            doomed = kills < KILLS and killed_in_run < 15
            ended = nursery.attempt(f"run {runs}", draw.uniform(0, 2 * shortest) if doomed else None)
            if ended is None:
                hit[phase(warehouse)] += 1
                kills += 1
                killed_in_run += 1
            elif "deferred" not in ended:
                break
        assert "error" not in ended, ended
        assert_all_is_well(sandbox, ended, runs, killed_in_run)
    assert len(sandbox.account.contacts) == PEOPLE
    print(dict(hit))  # noqa: T201 - shown where the test fails, or with -s
    assert {"planning", "delivering"} <= set(hit)


def phase(warehouse: Warehouse) -> str:
    """What the attempt was about when it was killed, as far as the state tells."""
    with sqlite3.connect(warehouse.state) as database:
        if database.execute("SELECT 1 FROM leadway_token WHERE begun_at IS NOT NULL").fetchone():
            return "renewing a token"
        if database.execute("SELECT 1 FROM leadway_sync WHERE parked_until IS NOT NULL").fetchone():
            return "deferring"
        if not database.execute("SELECT 1 FROM leadway_sync WHERE lease IS NOT NULL").fetchone():
            return "beginning or ending"
        found = database.execute("SELECT status FROM leadway_run ORDER BY started_at DESC, rowid DESC").fetchone()
        return str(found[0]) if found else "beginning or ending"


def assert_all_is_well(sandbox: SandboxServer, report: dict[str, Any], version: int, kills: int) -> None:
    """Every row counted and delivered, and few sent twice."""
    assert report["read"] == PEOPLE == sum(report[name] for name in OUTCOMES)
    # An attempt that was killed after its last acknowledgement has left nothing to do for the next one.
    assert report["created"] + report["updated"] == PEOPLE or (kills and report["unchanged"] == PEOPLE)
    assert {contact.first_name for contact in sandbox.account.contacts} == {f"Version {version}"}
    arrived = [call for call in sandbox.journal.upserts if call.status in (200, 201)]
    assert PEOPLE <= len(arrived) <= PEOPLE + kills * IN_FLIGHT
    assert {call.body and call.body["firstName"] for call in arrived} == {f"Version {version}"}
