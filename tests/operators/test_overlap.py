"""Runs of one sync that meet: one at a time, whoever is killed, and no older interval over a newer one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import TaskDeferred

from leadway_provider.exceptions import ConfigurationError, LeaseLostError, SyncBusyError
from leadway_provider.operators import lease as lease_module
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.store.lease import LeaseBook
from leadway_provider.store.state import StateStore, SyncIdentity
from leadway_provider.sync import lease as lease_rules
from leadway_provider.sync.lease import Hold
from leadway_provider.sync.removal import RemovalPolicy
from tests.operators.task import Row, Warehouse, operator, sync

ANN: Row = (1, "ann@example.com", "Ann", None, None)
OTHER = Hold("another token", 0, "customers/second/sync/-1", "another machine 1")
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


@pytest.fixture
def book(warehouse: Warehouse, sandbox: SandboxServer) -> Iterator[LeaseBook]:
    """The lease of the sync that the tests' task runs."""
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(warehouse.state)))
    with closing(StateStore.open(engine, "state")) as state:
        yield state.lease(SyncIdentity("customers.sync", sandbox.url, "sandbox-location"))


@contextmanager
def beating(book: LeaseBook) -> Iterator[None]:
    """Another run that shows that it is alive whenever somebody looks."""
    book.take(None, OTHER)
    look = LeaseBook.read

    def read(reader: LeaseBook) -> Hold | None:
        book.beat(OTHER.token)
        return look(reader)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LeaseBook, "read", read)
        yield


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other closely."""
    monkeypatch.setattr(lease_module, "LOOK_EVERY", 0.01)


def test_a_run_fails_while_another_is_going_on(warehouse: Warehouse, sandbox: SandboxServer, book: LeaseBook) -> None:
    """With on_busy="fail" the error names the other run, and says what to do; nothing is read or sent."""
    warehouse.fill(ANN)
    with beating(book), pytest.raises(SyncBusyError, match=r"customers/second/sync/-1.*on_busy='wait'"):
        sync(on_busy="fail")
    assert not sandbox.journal.calls


@pytest.mark.usefixtures("sandbox")
def test_a_run_that_waits_leaves_its_worker_slot(warehouse: Warehouse, book: LeaseBook) -> None:
    """By default the task defers for a minute, and comes back to look again."""
    warehouse.fill(ANN)
    with beating(book), pytest.raises(TaskDeferred) as deferred:
        sync()
    until = datetime.fromisoformat(deferred.value.trigger.until)
    assert timedelta(seconds=50) < until - datetime.now(UTC) < timedelta(seconds=70)
    assert deferred.value.method_name == "resume"


def test_a_run_waits_in_place_until_the_other_has_ended(
    warehouse: Warehouse, book: LeaseBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the task must not defer it goes on as soon as the lease is free."""
    warehouse.fill(ANN)
    looks: list[Hold | None] = []
    look = LeaseBook.read

    def read(reader: LeaseBook) -> Hold | None:
        looks.append(look(reader))
        book.beat(OTHER.token)
        if len(looks) == 5:
            book.release(OTHER.token)
        return looks[-1]

    book.take(None, OTHER)
    monkeypatch.setattr(LeaseBook, "read", read)
    assert sync(deferrable=False)["created"] == 1
    assert len(looks) == 6


@pytest.mark.parametrize("on_busy", ["wait", "fail"])
def test_a_run_that_died_elsewhere_is_replaced(
    warehouse: Warehouse, book: LeaseBook, monkeypatch: pytest.MonkeyPatch, on_busy: str
) -> None:
    """Without a sign of life for long enough the lease is taken over, also by a run that would not wait for others."""
    monkeypatch.setattr(lease_rules, "DEAD_AFTER", 0.05)
    warehouse.fill(ANN)
    book.take(None, OTHER)
    assert sync(on_busy=on_busy)["created"] == 1
    assert book.read() is None


def test_a_run_that_waits_for_quota_keeps_others_waiting(warehouse: Warehouse, book: LeaseBook) -> None:
    """A deferred run of the sync comes back first; the other looks again when it has had time to."""
    warehouse.fill(ANN)
    book.take(None, OTHER)
    until = datetime.now(UTC) + timedelta(hours=5)
    book.park(OTHER.token, until)
    with pytest.raises(TaskDeferred) as deferred:
        sync()
    looks_at = datetime.fromisoformat(deferred.value.trigger.until)
    assert looks_at == until - lease_module.PARKED_LONGER
    with pytest.raises(SyncBusyError):
        sync(on_busy="fail")


def test_a_holder_whose_lease_was_taken_stops_sending(
    warehouse: Warehouse, book: LeaseBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run learns it with its next sign of life: what is in flight is acknowledged, and nothing more leaves."""
    monkeypatch.setattr(lease_module, "BEAT_EVERY", 0.02)
    warehouse.fill(*((n, f"p{n}@example.com", None, None, None) for n in range(1, 2001)))
    robbed = threading.Event()

    def rob() -> None:
        while not (sandbox.journal.upserts and (found := book.read()) and book.take(found, OTHER)):
            pass
        robbed.set()

    with SandboxServer(Settings(burst=None, daily=None, latency=0.005)) as sandbox:
        _connect(monkeypatch, sandbox)
        book = _book(warehouse, sandbox)
        thread = threading.Thread(target=rob)
        thread.start()
        with pytest.raises(LeaseLostError, match="taken over"):
            sync()
        thread.join()
        assert robbed.is_set()
        assert len(sandbox.journal.upserts) < 2000
        assert book.read() == OTHER


def test_a_process_that_stood_still_sends_nothing_when_it_wakes(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it could not show for too long that it is alive, a run doesn't send, although nobody has told it."""
    monkeypatch.setattr(lease_module, "TRUSTED_FOR", -1.0)
    warehouse.fill(ANN)
    with pytest.raises(LeaseLostError, match="could not show"):
        sync()


def test_a_retry_need_not_wait_for_a_process_that_was_killed(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """After SIGKILL on the same machine the lease is taken at once."""
    warehouse.fill(*((n, f"p{n}@example.com", None, None, None) for n in range(1, 61)))
    command = [sys.executable, "-m", "tests.operators.attempt", "first", "{}"]
    child = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    while not sandbox.journal.upserts:
        assert child.poll() is None
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
    assert sandbox.account.holder("email", "ann@example.com").first_name == "Ann"  # type: ignore[union-attr]


def test_an_older_interval_may_be_let_through(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """With allow_older the backfill's value is sent."""
    warehouse.fill((1, "ann@example.com", "New", None, None))
    sync("wednesday", as_of=MONDAY + timedelta(days=2))
    warehouse.fill((1, "ann@example.com", "Old", None, None))
    assert sync("monday", as_of=MONDAY, allow_older=True)["updated"] == 1
    assert sandbox.account.holder("email", "ann@example.com").first_name == "Old"  # type: ignore[union-attr]


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
    assert len(sandbox.journal.upserts) == 2
    assert sync("third")["unchanged"] == 2


def _connect(monkeypatch: pytest.MonkeyPatch, sandbox: SandboxServer) -> None:
    extra = {"location_id": "sandbox-location"}
    account = {"conn_type": "leadway", "host": sandbox.url, "password": "sandbox-token", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(account))


def _book(warehouse: Warehouse, sandbox: SandboxServer) -> LeaseBook:
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(warehouse.state)))
    return StateStore.open(engine, "state").lease(SyncIdentity("customers.sync", sandbox.url, "sandbox-location"))
