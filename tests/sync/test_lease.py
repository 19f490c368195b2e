"""When a lease that another run has may be taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leadway_provider.clock import Clock
from leadway_provider.sync.cancel import GRACE
from leadway_provider.sync.lease import LEASE_TIMING, LeaseState, LeaseWatcher

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OTHERS = LeaseState("token", 7, "other", "machine 1")
EXPIRES_AFTER = LEASE_TIMING.expires_after


class Time:
    """A clock that is set."""

    seconds = 0.0


def watch(time: Time, *, alive: bool | None = None, now: datetime = NOW) -> LeaseWatcher:
    """A task run that wants the lease."""
    clock = Clock(now=lambda: now, monotonic=lambda: time.seconds)
    return LeaseWatcher("mine", clock=clock, alive=lambda _process: alive)


def test_a_free_lease_may_be_taken() -> None:
    """Nobody has it."""
    assert watch(Time()).may_acquire(None)


def test_a_holder_that_shows_no_sign_of_life_is_gone_after_a_while() -> None:
    """Only our own clock counts, from the moment at which we first saw that sign of life."""
    time = Time()
    watching = watch(time)
    assert not watching.may_acquire(OTHERS)
    time.seconds = EXPIRES_AFTER - 0.1
    assert not watching.may_acquire(OTHERS)
    time.seconds = EXPIRES_AFTER
    assert watching.may_acquire(OTHERS)


@pytest.mark.parametrize("sign", [{"heartbeats": 8}, {"token": "another"}])
def test_a_sign_of_life_is_waited_for_anew(sign: dict[str, object]) -> None:
    """A beat, or another holder, begins the time anew."""
    time = Time()
    watching = watch(time)
    assert not watching.may_acquire(OTHERS)
    time.seconds = EXPIRES_AFTER
    assert not watching.may_acquire(replace(OTHERS, **sign))  # type: ignore[arg-type]  # values of many types
    time.seconds = 2 * EXPIRES_AFTER
    assert watching.may_acquire(replace(OTHERS, **sign))  # type: ignore[arg-type]  # the same


@pytest.mark.parametrize(("alive", "expected"), [(False, True), (True, False), (None, False)])
def test_a_process_of_this_machine_that_is_gone_is_gone_at_once(*, alive: bool | None, expected: bool) -> None:
    """A retry on the same machine need not wait for a process that was killed."""
    assert watch(Time(), alive=alive).may_acquire(OTHERS) is expected


def test_a_parked_lease_is_its_task_runs_own_or_waits_for_its_time() -> None:
    """A run that waits for quota has no process, and keeps its lease until it had time to come back."""
    parked = replace(OTHERS, held_until=NOW + timedelta(hours=3))
    assert not watch(Time(), alive=False).may_acquire(parked)
    assert watch(Time(), now=NOW + timedelta(hours=3)).may_acquire(parked)
    assert watch(Time()).may_acquire(replace(parked, holder="mine"))


def test_a_holder_stops_well_before_others_may_take_over() -> None:
    """Several signs of life fit into the time in which the holder trusts itself, and the longest call into the rest."""
    assert 2 * LEASE_TIMING.heartbeat_every < LEASE_TIMING.trusted_for
    assert LEASE_TIMING.trusted_for + GRACE < LEASE_TIMING.expires_after - 10
