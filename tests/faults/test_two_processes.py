"""One SQLite state file and two processes that use it at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.faults.instant import COMPARING, at
from tests.faults.promise import OUTCOMES, ROWS, attempt, connect

THEIRS = 400
THEIR_SQL = (
    f"WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {THEIRS}) "  # noqa: S608  # a constant
    "SELECT id, 'theirs' || id || '@example.com' AS email FROM n"
)


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An account that takes 0.25 s for an answer: theirs, with 4 calls in flight, needs 25 s, and ours 2 s."""
    with SandboxServer(Settings(burst=None, daily=None, latency=0.25)) as server:
        yield server


@pytest.mark.usefixtures("people")
def test_two_processes_on_one_file(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two syncs plan, deliver and acknowledge side by side: each waits for the other's transactions, none fails."""
    connect(monkeypatch, sandbox, extra={"quota_requests": 10_000})
    arguments = json.dumps({"sync_name": "theirs", "sql": THEIR_SQL, "max_in_flight": 4})
    command = [sys.executable, "-m", "tests.operators.attempt", "one", arguments]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as other:

        def until_they_deliver(_: object) -> None:
            while not sandbox.journal.upserts:
                assert other.poll() is None
                time.sleep(0.001)

        with at(COMPARING, until_they_deliver) as done:
            ours = attempt(sync_name="ours", batch_size=5)
        assert other.poll() is None
        sandbox.service.settings = replace(sandbox.settings, latency=0.0)
        assert other.stdout is not None
        *_, last = other.stdout.read().splitlines()
    assert done
    assert other.returncode == 0
    theirs = json.loads(last)
    for report, rows in ((ours, ROWS), (theirs, THEIRS)):
        assert report["read"] == rows == sum(report[name] for name in OUTCOMES) == report["created"] + report["updated"]
    sent = [call.body["email"].startswith("theirs") for call in sandbox.journal.upserts if call.body]
    assert len(sent) == ROWS + THEIRS
    assert sent[0]
    assert sent[-1]
    assert attempt("next", sync_name="ours")["unchanged"] == ROWS
    assert attempt("next", sync_name="theirs", sql=THEIR_SQL)["unchanged"] == THEIRS
