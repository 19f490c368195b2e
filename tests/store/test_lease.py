"""The lease of a sync, in every kind of database."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import LeaseLostError
from leadway_provider.store.quota import KeptQuota
from leadway_provider.store.state import StateStore
from leadway_provider.sync.lease import LeaseState
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.process import is_alive, this_process
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import begin, write

MINE = LeaseState("mine", 0, "dag/run/task/-1", "machine 1")
THEIRS = replace(MINE, token="theirs", holder="dag/other/task/-1")


def test_one_takes_it_and_gives_it_up(state: StateStore, sync: SyncIdentity) -> None:
    """The holder is stored until it releases the lease; no other can release it."""
    leases = state.lease(sync)
    assert leases.read() is None
    assert leases.acquire(None, MINE)
    assert leases.read() == MINE
    assert not leases.acquire(None, THEIRS)
    leases.release("theirs")
    assert leases.read() == MINE
    leases.release("mine")
    assert leases.read() is None


def test_a_sign_of_life_keeps_others_from_taking_over(state: StateStore, sync: SyncIdentity) -> None:
    """Who looked before the last sign of life comes too late; who looked after it becomes the holder."""
    leases = state.lease(sync)
    leases.acquire(None, MINE)
    before = leases.read()
    assert leases.heartbeat("mine")
    assert not leases.acquire(before, THEIRS)
    assert leases.acquire(leases.read(), THEIRS)
    assert not leases.heartbeat("mine")
    assert leases.read() == THEIRS


def test_a_parked_lease_knows_until_when(state: StateStore, sync: SyncIdentity) -> None:
    """Parking is the holder's alone, and ends when the lease is taken again."""
    leases, until = state.lease(sync), datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
    leases.acquire(None, MINE)
    assert not leases.hold_until("theirs", until)
    assert leases.hold_until("mine", until)
    assert leases.read() == replace(MINE, held_until=until)
    assert leases.acquire(leases.read(), THEIRS)
    assert leases.read() == THEIRS


def test_syncs_have_leases_of_their_own(state: StateStore, sync: SyncIdentity) -> None:
    """Another account's sync of the same name is another sync."""
    state.lease(sync).acquire(None, MINE)
    assert state.lease(replace(sync, location_id="elsewhere")).read() is None


def test_of_many_processes_one_acquires_it(empty_url: sa.URL) -> None:
    """Four processes try to acquire a free lease at one moment: one becomes the holder."""
    sync = SyncIdentity("same", "host", "loc")
    with closing(StateStore.open(sa.create_engine(empty_url), "state")) as state:
        state.lease(sync)
    spawn = multiprocessing.get_context("spawn")
    barrier, taken = spawn.Barrier(4), spawn.Queue()
    address = empty_url.render_as_string(hide_password=False)
    processes = [spawn.Process(target=_acquire, args=(address, sync, barrier, taken)) for _ in range(4)]
    for process in processes:
        process.start()
    assert sorted(taken.get(timeout=60) for _ in processes) == [False, False, False, True]
    for process in processes:
        process.join()


def _acquire(address: str, sync: SyncIdentity, barrier: Barrier, taken: multiprocessing.Queue[bool]) -> None:
    with closing(StateStore.open(sa.create_engine(address), "state")) as state:
        leases = state.lease(sync)
        barrier.wait()
        taken.put(leases.acquire(None, replace(MINE, token=str(os.getpid()))))


def test_a_process_is_known_to_exist_or_to_have_ended() -> None:
    """This process is alive, one that ended is not, and of another machine's nothing is known."""
    assert is_alive(this_process()) is True
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    machine, _, _ = this_process().rpartition(" ")
    assert is_alive(f"{machine} {ended.pid}") is False
    assert is_alive(f"another {machine} {ended.pid}") is None


def test_an_abandoned_run_can_not_be_sealed(state: StateStore, sync: SyncIdentity) -> None:
    """A plan that continues after another run began counts for nothing."""
    first = begin(state, sync, "run 1")
    write(first, "a")
    begin(state, sync, "run 2")
    with pytest.raises(LeaseLostError, match="taken over"):
        first.seal(Counts(read=1, pending=1))


def test_the_last_word_on_the_daily_quota_is_kept(state: StateStore, sync: SyncIdentity) -> None:
    """Any sync of the account reads what was stored last; another account has its own."""
    now = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    assert state.quota(sync).read() is None
    state.quota(sync).keep(KeptQuota(200_000, 12, now + timedelta(hours=1)), now)
    state.quota(replace(sync, name="another")).keep(KeptQuota(None, 0, None), now)
    assert state.quota(sync).read() == KeptQuota(None, 0, None)
    assert state.quota(replace(sync, location_id="elsewhere")).read() is None


def test_what_newer_intervals_saw(state: StateStore, sync: SyncIdentity) -> None:
    """The run of an older interval reads which rows newer ones planned; what later runs cover is kept once."""
    day = datetime(2026, 11, 1, tzinfo=UTC)

    def run(number: int, seen: bytes) -> None:
        run = state.begin(sync, task_run=f"day {number}", digest=b"", as_of=day + timedelta(days=number))
        run.seal(Counts(), seen)
        run.finish(calls=0, seconds=0.0)

    run(5, b"\x06")
    run(7, b"\x08")
    older = state.begin(sync, task_run="day 4", digest=b"", as_of=day + timedelta(days=4))
    assert older.seen_by_newer() == b"\x0e"
    between = state.begin(sync, task_run="day 6", digest=b"", as_of=day + timedelta(days=6))
    assert between.seen_by_newer() == b"\x08"
    run(8, b"\xff")
    oldest = state.begin(sync, task_run="day 1", digest=b"", as_of=day)
    assert oldest.seen_by_newer() == b"\xff"
    assert state.begin(sync, task_run="manual", digest=b"").seen_by_newer() == b""
