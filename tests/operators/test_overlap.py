"""Runs of one sync that meet: one at a time, whoever is killed, and no older interval over a newer one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import TaskDeferred

from leadway_provider.clock import Clock
from leadway_provider.exceptions import ConfigurationError, LeaseLostError, SyncBusyError
from leadway_provider.operators.timing import Timing
from leadway_provider.policies import RemovalPolicy
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.store.lease import SqlLeaseStore
from leadway_provider.store.state import StateStore
from leadway_provider.sync.lease import HELD_LONGER, LeaseState, LeaseTiming
from leadway_provider.sync.request import SyncIdentity
from tests.operators.task import Row, Warehouse, operator, sync

ANN: Row = (1, "ann@example.com", "Ann", None, None)
OTHER = LeaseState("another token", 0, "customers/second/sync/-1", "another machine 1")
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
IMPATIENT = Timing(lease=LeaseTiming(look_every=0.01))
"""Looks at another run's lease follow each other closely."""


@pytest.fixture
def leases(warehouse: Warehouse, sandbox: SandboxServer) -> Iterator[SqlLeaseStore]:
    """The lease of the sync that the tests' task runs."""
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(warehouse.state)))
    with closing(StateStore.open(engine, "state")) as state:
        yield state.lease(SyncIdentity("customers.sync", sandbox.url, "sandbox-location"))


@contextmanager
def beating(leases: SqlLeaseStore, until: threading.Event | None = None) -> Iterator[None]:
    """Another run that stores heartbeats all the time, until then or until the block ends."""
    leases.acquire(None, OTHER)
    ended = until or threading.Event()

    def beat() -> None:
        while not ended.wait(0.002):
            leases.heartbeat(OTHER.token)
        leases.release(OTHER.token)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_run_fails_while_another_is_going_on(
    warehouse: Warehouse, sandbox: SandboxServer, leases: SqlLeaseStore
) -> None:
    """With on_busy="fail" the error names the other run, and says what to do; nothing is read or sent."""
    warehouse.fill(ANN)
    with beating(leases), pytest.raises(SyncBusyError, match=r"customers/second/sync/-1.*on_busy='wait'"):
        sync(on_busy="fail", timing=IMPATIENT)
    assert not sandbox.journal.calls


@pytest.mark.usefixtures("sandbox")
def test_a_run_that_waits_leaves_its_worker_slot(warehouse: Warehouse, leases: SqlLeaseStore) -> None:
    """By default the task defers for a minute, and comes back to look again."""
    warehouse.fill(ANN)
    with beating(leases), pytest.raises(TaskDeferred) as deferred:
        sync(timing=IMPATIENT)
    until = datetime.fromisoformat(deferred.value.trigger.until)
    assert timedelta(seconds=50) < until - datetime.now(UTC) < timedelta(seconds=70)
    assert deferred.value.method_name == "resume"


def test_a_run_waits_in_place_until_the_other_has_ended(warehouse: Warehouse, leases: SqlLeaseStore) -> None:
    """Where the task must not defer it continues as soon as the lease is free."""
    warehouse.fill(ANN)
    ended = threading.Event()
    looks: list[float] = []

    async def look(seconds: float) -> None:
        looks.append(seconds)
        await asyncio.sleep(0.005)
        if len(looks) == 20:
            ended.set()

    with beating(leases, ended):
        timing = replace(IMPATIENT, clock=Clock(sleep=look))
        assert sync(deferrable=False, timing=timing)["created"] == 1
    assert len(looks) >= 20


@pytest.mark.parametrize("on_busy", ["wait", "fail"])
def test_a_run_that_died_elsewhere_is_replaced(warehouse: Warehouse, leases: SqlLeaseStore, on_busy: str) -> None:
    """Without a heartbeat for long enough the lease is acquired, also by a run that would not wait for others."""
    warehouse.fill(ANN)
    leases.acquire(None, OTHER)
    expired = Timing(lease=LeaseTiming(expires_after=0.05, look_every=0.01))
    assert sync(on_busy=on_busy, timing=expired)["created"] == 1
    assert leases.read() is None


def test_a_run_that_waits_for_quota_keeps_others_waiting(warehouse: Warehouse, leases: SqlLeaseStore) -> None:
    """A deferred run of the sync comes back first; the other looks again when it has had time to."""
    warehouse.fill(ANN)
    leases.acquire(None, OTHER)
    until = datetime.now(UTC) + timedelta(hours=5)
    leases.hold_until(OTHER.token, until)
    with pytest.raises(TaskDeferred) as deferred:
        sync()
    looks_at = datetime.fromisoformat(deferred.value.trigger.until)
    assert looks_at == until - HELD_LONGER
    with pytest.raises(SyncBusyError):
        sync(on_busy="fail")


def test_a_holder_whose_lease_was_taken_stops_sending(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run learns it with its next heartbeat: what is in flight is acknowledged, and nothing more is sent."""
    warehouse.fill(*((n, f"p{n}@example.com", None, None, None) for n in range(1, 2001)))
    robbed = threading.Event()

    def rob() -> None:
        while not (sandbox.journal.upserts and (found := leases.read()) and leases.acquire(found, OTHER)):
            pass
        robbed.set()

    with SandboxServer(Settings(burst=None, daily=None, latency=0.005)) as sandbox:
        _connect(monkeypatch, sandbox)
        leases = _leases(warehouse, sandbox)
        thread = threading.Thread(target=rob)
        thread.start()
        with pytest.raises(LeaseLostError, match="has acquired the lease"):
            sync(timing=Timing(lease=LeaseTiming(heartbeat_every=0.02)))
        thread.join()
        assert robbed.is_set()
        assert len(sandbox.journal.upserts) < 2000
        assert leases.read() == OTHER


@pytest.mark.usefixtures("sandbox")
def test_a_process_that_stood_still_sends_nothing_when_it_continues(warehouse: Warehouse) -> None:
    """A run that could not store a heartbeat for too long sends nothing, although no other run has begun."""
    warehouse.fill(ANN)
    with pytest.raises(LeaseLostError, match="could not store a heartbeat"):
        sync(timing=Timing(lease=LeaseTiming(trusted_for=-1.0)))


def test_a_retry_need_not_wait_for_a_process_that_was_killed(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """After SIGKILL on the same machine the lease is taken at once."""
    warehouse.fill(*((n, f"p{n}@example.com", None, None, None) for n in range(1, 61)))
    command = [sys.executable, "-m", "tests.operators.attempt", "first", "{}"]
    child = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    while not sandbox.journal.upserts:
        assert child.poll() is None
        time.sleep(0.001)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    report = sync()
    assert (report["created"] + report["updated"], report["pending"]) == (60, 0)
    assert len(sandbox.account.contacts) == 60


def test_on_busy_is_checked_while_the_dag_is_parsed() -> None:
    """A typing error fails early."""
    with pytest.raises(ConfigurationError, match="'wait' or 'fail'"):
        operator(on_busy="skip")


def test_an_older_interval_leaves_what_a_newer_one_saw(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A backfill sends what no newer run has seen, and supersedes the rest; the newer value stays as it was."""
    warehouse.fill((1, "ann@example.com", "New", None, None))
    sync("wednesday", as_of=MONDAY + timedelta(days=2))
    warehouse.fill((1, "ann@example.com", "Old", None, None), (2, "bob@example.com", "Bob", None, None))
    report = sync("monday", as_of=MONDAY)
    assert (report["superseded"], report["created"], report["updated"]) == (1, 1, 0)
    assert {contact.first_name for contact in sandbox.account.contacts} == {"New", "Bob"}
    warehouse.fill((1, "ann@example.com", "New", None, None))
    assert sync("thursday", as_of=MONDAY + timedelta(days=3))["unchanged"] == 1


def test_what_a_newer_interval_found_unchanged_is_left_too(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Seen without a change is seen: the value of an interval between is older all the same."""
    warehouse.fill((1, "ann@example.com", "Ann", None, None))
    sync("monday", as_of=MONDAY)
    sync("wednesday", as_of=MONDAY + timedelta(days=2))
    warehouse.fill((1, "ann@example.com", "Tuesday", None, None))
    assert sync("tuesday", as_of=MONDAY + timedelta(days=1))["superseded"] == 1
    assert sandbox.account.holder("email", "ann@example.com").first_name == "Ann"  # type: ignore[union-attr]  # None would fail too


def test_an_older_interval_may_be_let_through(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """With allow_older the backfill's value is sent."""
    warehouse.fill((1, "ann@example.com", "New", None, None))
    sync("wednesday", as_of=MONDAY + timedelta(days=2))
    warehouse.fill((1, "ann@example.com", "Old", None, None))
    assert sync("monday", as_of=MONDAY, allow_older=True)["updated"] == 1
    assert sandbox.account.holder("email", "ann@example.com").first_name == "Old"  # type: ignore[union-attr]  # the same


@pytest.mark.parametrize("allow_older", [True, False])
def test_an_older_interval_removes_nobody(warehouse: Warehouse, sandbox: SandboxServer, *, allow_older: bool) -> None:
    """Who is not in an older interval's result may have come since, so a backfill takes no contact away."""
    warehouse.fill(ANN, (2, "bob@example.com", "Bob", None, None))
    sync("wednesday", as_of=MONDAY + timedelta(days=2))
    warehouse.fill(ANN)
    delete = RemovalPolicy("delete", max_removed=5)
    assert sync("monday", as_of=MONDAY, removal=delete, allow_older=allow_older)["removed"] == 0
    assert sync("thursday", as_of=MONDAY + timedelta(days=3), removal=delete)["removed"] == 1
    assert {contact.email for contact in sandbox.account.contacts} == {"ann@example.com"}


def test_a_full_resync_sends_everything_again(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Nothing changed, and all of it is sent; the run after it sends nothing."""
    warehouse.fill(ANN, (2, "bob@example.com", "Bob", None, None))
    sync("first")
    sandbox.journal.clear()
    report = sync("second", full_resync=True)
    assert (report["updated"], report["unchanged"]) == (2, 0)
    assert len(sandbox.journal.writes) == 2
    assert sync("third")["unchanged"] == 2


def _connect(monkeypatch: pytest.MonkeyPatch, sandbox: SandboxServer) -> None:
    extra = {"location_id": "sandbox-location"}
    account = {"conn_type": "leadway", "host": sandbox.url, "password": "sandbox-token", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(account))


def _leases(warehouse: Warehouse, sandbox: SandboxServer) -> SqlLeaseStore:
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(warehouse.state)))
    return StateStore.open(engine, "state").lease(SyncIdentity("customers.sync", sandbox.url, "sandbox-location"))
