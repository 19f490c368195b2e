"""Quotas that end: the task leaves its worker slot, or waits, and goes on where it was."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from leadway_provider.clock import Clock
from leadway_provider.exceptions import ConfigurationError
from leadway_provider.operators.timing import Timing
from leadway_provider.policies import QuotaPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.sync.lease import LeaseTiming
from leadway_provider.triggers.wait import WaitTrigger
from tests.operators.task import Row, TaskInstance, Warehouse, operator, sync

PEOPLE: list[Row] = [(n, f"p{n}@example.com", "Version 1", None, None) for n in range(1, 21)]
DAY = 86_400.0


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An account of twelve calls a day."""
    with SandboxServer(Settings(burst=None, daily=Quota(12, DAY, "fixed"))) as server:
        yield server


def tomorrow(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Let a day pass, for the account and for what the state store knows of it."""
    clock = sandbox.service.clock
    sandbox.service.clock = lambda: clock() + DAY
    with sqlite3.connect(warehouse.state) as database:
        database.execute("UPDATE leadway_quota SET returns_at = '2026-01-01 00:00:00.000000'")


def timing_of_days(warehouse: Warehouse, sandbox: SandboxServer) -> tuple[Timing, list[float]]:
    """A timing in which the wait for a day's quota is over at once; and the seconds of each of these waits."""
    waited: list[float] = []

    def ahead() -> timedelta:
        return timedelta(seconds=sum(waited))

    async def sleep(seconds: float) -> None:
        if seconds < DAY / 2:
            await asyncio.sleep(seconds)
            return
        waited.append(seconds)
        tomorrow(warehouse, sandbox)

    clock = Clock(
        now=lambda: datetime.now(UTC) + ahead(),
        monotonic=lambda: time.monotonic() + ahead().total_seconds(),
        sleep=sleep,
    )
    return Timing(clock=clock, lease=LeaseTiming(trusted_for=1e6)), waited


def until(deferred: pytest.ExceptionInfo[TaskDeferred]) -> timedelta:
    """How long the task is away."""
    return datetime.fromisoformat(deferred.value.trigger.until) - datetime.now(UTC)


def test_the_task_defers_until_the_days_quota_returns(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """What was sent is acknowledged, no call is refused, and the task comes back when the API said; once more."""
    warehouse.fill(*PEOPLE)
    with pytest.raises(TaskDeferred) as deferred:
        sync()
    assert until(deferred).total_seconds() == pytest.approx(DAY, abs=30)
    assert sandbox.journal.statuses == {200: 1, 201: 11}
    warehouse.run("DROP TABLE customers")  # nothing is planned twice, so nobody misses it
    with pytest.raises(TaskDeferred):
        sync()
    assert sandbox.journal.total == 12  # the last word is kept: not even a first call is made in vain
    tomorrow(warehouse, sandbox)
    report = _resumed(deferred)
    assert (report["created"], report["pending"], report["read"]) == (20, 0, 20)
    assert report["calls"] == 22  # each attempt proves its token


def test_another_sync_of_the_account_defers_without_a_call(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The day's quota is the account's: who comes next is told by the state, not by a refusal."""
    warehouse.fill(*PEOPLE)
    for name in ("one", "two"):
        with pytest.raises(TaskDeferred):
            sync(sync_name=name)
    assert sandbox.journal.total == 12


def test_a_reserve_is_left_to_others(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The task stops so many calls before the end, whatever is in flight."""
    warehouse.fill(*PEOPLE)
    with pytest.raises(TaskDeferred):
        sync(quota=QuotaPolicy(daily_reserve=5))
    assert sandbox.journal.total == 7


def test_a_deferred_run_keeps_its_sync(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Another run of the sync waits until the deferred one had time to come back, and abandons nothing."""
    warehouse.fill(*PEOPLE)
    with pytest.raises(TaskDeferred) as deferred:
        sync("first")
    with pytest.raises(TaskDeferred) as waiting:
        sync("second")
    assert abs(until(waiting) - until(deferred)) < timedelta(minutes=1)
    tomorrow(warehouse, sandbox)
    assert sync("first")["created"] == 20
    assert sync("second")["unchanged"] == 20


def test_it_waits_in_place_where_it_must_not_defer(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The same, with the worker slot held: it sleeps until the quota returns, and continues."""
    warehouse.fill(*PEOPLE)
    timing, waited = timing_of_days(warehouse, sandbox)
    report = sync(deferrable=False, timing=timing)
    assert (report["created"], report["calls"]) == (20, 21)
    assert waited == [pytest.approx(DAY, abs=30)]


def test_a_wait_longer_than_allowed_is_spent_outside(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short window's quota, too, is not waited for in the worker slot beyond max_wait."""
    warehouse.fill(*PEOPLE)
    with SandboxServer(Settings(burst=Quota(5, 120.0), daily=None)) as slow:
        extra = {"location_id": "sandbox-location", "quota_requests": 5, "quota_seconds": 120}
        account = {"conn_type": "leadway", "host": slow.url, "password": "sandbox-token", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(account))
        with pytest.raises(TaskDeferred) as deferred:
            sync(quota=QuotaPolicy(max_wait=60))
        assert 60 < until(deferred).total_seconds() < 125
        assert slow.journal.statuses == {200: 1, 201: 4}


def test_a_storm_of_429_without_headers_is_spent_outside(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Where the API refuses for longer than a call may wait, and doesn't say why, the task comes back later."""
    warehouse.fill(*PEOPLE)
    sandbox.faults.add(Fault(FaultKind.TOO_MANY, path="/contacts/upsert"))
    with pytest.raises(TaskDeferred) as deferred:
        sync(quota=QuotaPolicy(max_wait=0))
    assert timedelta(0) < until(deferred) < timedelta(minutes=1)


def test_the_trigger_fires_at_its_moment_and_survives_being_stored() -> None:
    """Airflow makes it anew from what it serialized; a moment that has passed fires at once."""
    moment = datetime.now(UTC) - timedelta(seconds=1)
    classpath, kept = WaitTrigger(moment.isoformat(), "no quota").serialize()
    assert classpath == "leadway_provider.triggers.wait.WaitTrigger"
    assert json.loads(json.dumps(kept)) == kept

    async def fired() -> list[Any]:
        return [event.payload async for event in WaitTrigger(**kept).run()]

    assert asyncio.run(fired()) == [{"until": moment.isoformat()}]


@pytest.mark.parametrize("policy", [{"daily_reserve": -1}, {"max_wait": -1}, {"max_wait": 90_000}])
def test_a_policy_that_can_not_be_is_refused(policy: dict[str, Any]) -> None:
    """The error names the choice and what it may be."""
    with pytest.raises(ConfigurationError, match=next(iter(policy))):
        QuotaPolicy(**policy)


def _resumed(deferred: pytest.ExceptionInfo[TaskDeferred]) -> dict[str, Any]:
    """What the task returns when Airflow brings it back."""
    method = getattr(operator(), deferred.value.method_name)
    report: dict[str, Any] = method(cast("Any", {"ti": TaskInstance(run_id="first")}), {"until": ""})
    return report
