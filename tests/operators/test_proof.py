"""A token is proved before anything of a sync is touched."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from leadway_provider.exceptions import UnavailableError
from leadway_provider.policies import QuotaPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import NEVER_AGAIN, TaskInstance, Warehouse, sync

PEOPLE = [(n, f"p{n}@example.com", None, None, None) for n in range(1, 4)]
TABLES = ("sync", "run", "row", "claim", "outbox")


def stored(warehouse: Warehouse) -> dict[str, list[Any]]:
    """What the state store has of all syncs."""
    with sqlite3.connect(warehouse.state) as database:
        return {name: database.execute(f"SELECT * FROM leadway_{name}").fetchall() for name in TABLES}  # noqa: S608 - names of this file


def wrong_token(monkeypatch: pytest.MonkeyPatch, sandbox: SandboxServer) -> None:
    """Let the task's connection hold a token that the account does not know."""
    extra = {"location_id": "sandbox-location", "quota_requests": 10_000}
    account = {"conn_type": "leadway", "host": sandbox.url, "password": "not-the-token", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(account))


@pytest.mark.parametrize("run_id", ["first", "second"])
def test_a_wrong_token_leaves_the_other_tasks_outbox(
    warehouse: Warehouse, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, run_id: str
) -> None:
    """A task with the same sync name and a wrong token fails, and the run that waits is as it was; also its own."""
    warehouse.fill(*PEOPLE)
    sandbox.faults.add(Fault(FaultKind.BAD_GATEWAY, times=None, path="/contacts/*"))
    with pytest.raises(UnavailableError):
        sync("first", timing=NEVER_AGAIN)
    before = stored(warehouse)
    assert len(before["outbox"]) == 3
    with monkeypatch.context() as patched:
        wrong_token(patched, sandbox)
        with pytest.raises(AirflowFailException, match="token"):
            sync(run_id, ti=TaskInstance(dag_id="customers", run_id=run_id), retry_refused=1)
    assert stored(warehouse) == before
    sandbox.faults.clear()
    assert sync("first")["created"] == 3


def test_a_run_makes_its_first_call_once(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """What the proof has read is what the plan uses."""
    warehouse.fill(*PEOPLE)
    assert sync()["calls"] == 4
    assert sum("customFields" in call.path for call in sandbox.journal.calls) == 1


def test_a_quota_that_ends_before_the_proof_defers(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The task leaves its worker slot before it has acquired anything."""
    warehouse.fill(*PEOPLE)
    sandbox.faults.add(Fault(FaultKind.TOO_MANY, times=None, path="/locations/*"))
    with pytest.raises(TaskDeferred):
        sync(quota=QuotaPolicy(max_wait=0))
    assert stored(warehouse)["run"] == []
    with sqlite3.connect(warehouse.state) as database:
        assert database.execute("SELECT lease FROM leadway_sync").fetchall() == [(None,)]
    sandbox.faults.clear()
    assert sync()["created"] == 3
