"""`leadway state reset` over what real runs of the operator left behind."""

from __future__ import annotations

import io
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leadway_provider.cli import main
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.store.lease import SqlLeaseStore
from leadway_provider.store.state import StateStore
from leadway_provider.sync.lease import LeaseState
from leadway_provider.sync.process import this_process
from leadway_provider.sync.request import SyncIdentity
from tests.operators.task import Row, Warehouse, sync

ROWS: tuple[Row, ...] = tuple((n, f"p{n}@example.com", "Pat", None, None) for n in range(1, 4))
OTHER = LeaseState("another token", 0, "customers/second/sync/-1", "another machine 1")
RESET = ["state", "reset", "--state-conn-id", "state", "--sync"]


class Terminal(io.StringIO):
    """A terminal at which that text is typed."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def delivered(warehouse: Warehouse) -> Warehouse:
    """Three contacts that the account has acknowledged."""
    warehouse.fill(*ROWS)
    sync("first")
    return warehouse


@pytest.mark.usefixtures("delivered")
def test_the_next_run_sends_every_row_again(sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints how much it deletes, and the ledger still has what was delivered before."""
    assert sync("second")["unchanged"] == 3

    assert main([*RESET, "customers.sync", "--yes"]) == 0

    printed = capsys.readouterr().out
    assert (
        f"Sync customers.sync to sandbox-location at {sandbox.url}: 3 rows, 3 claims on e-mails and phones" in printed
    )
    assert "Sync customers.sync to sandbox-location: 3 rows forgotten." in printed
    assert sync("third")["updated"] == 3
    capsys.readouterr()
    assert main(["trace", "--key", "2", "--state-conn-id", "state"]) == 0
    assert capsys.readouterr().out.count("HTTP 20") == 2


@pytest.mark.usefixtures("sandbox")
def test_an_incremental_sync_reads_from_the_beginning_again(warehouse: Warehouse) -> None:
    """The watermark is deleted too."""
    warehouse.fill((1, "ann@example.com", "Ann", None, "2026-11-22 08:30:00+00:00"))
    changed = "SELECT id, email FROM customers WHERE country >= :since AND country < :until"

    def hourly(hour: int) -> int:
        ended_at = datetime(2026, 11, 22, hour, tzinfo=UTC)
        since = ended_at - timedelta(hours=1)
        read: int = sync(f"hour {hour}", sql=changed, incremental=True, as_of=ended_at, since=since)["read"]
        return read

    assert [hourly(9), hourly(10)] == [1, 0]
    assert main([*RESET, "customers.sync", "--yes"]) == 0
    assert hourly(11) == 1


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize(("answer", "status", "unchanged"), [("y\n", 0, 0), ("n\n", 1, 3), ("\n", 1, 3), ("", 1, 3)])
def test_only_a_clear_yes_at_the_terminal_deletes(answer: str, status: int, unchanged: int) -> None:
    """Any other answer ends the command with status 1, and nothing is deleted."""
    assert main([*RESET, "customers.sync"], stdin=Terminal(answer)) == status
    assert sync("second")["unchanged"] == unchanged


@pytest.mark.usefixtures("delivered")
def test_without_a_terminal_the_option_yes_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    """A text on standard input is not a confirmation: status 2, and nothing is deleted."""
    assert main([*RESET, "customers.sync"], stdin=io.StringIO("y\n")) == 2
    assert "--yes" in capsys.readouterr().err
    assert sync("second")["unchanged"] == 3


@pytest.mark.usefixtures("delivered")
def test_an_unknown_sync_is_an_error_that_lists_the_stored_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """A sync is found by its name and, where that is given, by its account."""
    assert main([*RESET, "customers", "--yes"]) == 1
    assert main([*RESET, "customers.sync", "--location", "elsewhere", "--yes"]) == 1
    first, second = capsys.readouterr().err.splitlines()[-2:]
    assert first == (
        "leadway state reset: the state store has no sync 'customers'; it has 'customers.sync' to 'sandbox-location'."
    )
    assert "no sync 'customers.sync' to location 'elsewhere'" in second


@pytest.mark.usefixtures("warehouse")
def test_a_state_store_without_any_sync_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """There is none to name."""
    assert main([*RESET, "customers", "--yes"]) == 1
    said = "leadway state reset: the state store has no sync yet: the first run of a sync stores it.\n"
    assert capsys.readouterr().err == said


@pytest.fixture
def lease(delivered: Warehouse, sandbox: SandboxServer) -> Iterator[SqlLeaseStore]:
    """The sync's lease."""
    with closing(StateStore.open_file(delivered.state)) as state:
        yield state.lease(SyncIdentity("customers.sync", sandbox.url, "sandbox-location"))


def rows(warehouse: Warehouse) -> int:
    """Return how many rows the state store has."""
    with sqlite3.connect(warehouse.state) as database:
        count: int = database.execute("SELECT count(*) FROM leadway_row").fetchone()[0]
        return count


def test_a_run_at_work_is_left_alone_without_force(
    delivered: Warehouse, lease: SqlLeaseStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """While a run stores heartbeats the command refuses, and names that run; --force takes the lease from it."""
    lease.acquire(None, OTHER)

    def pause(seconds: float) -> None:
        assert seconds > 0
        assert lease.heartbeat(OTHER.token)

    assert main([*RESET, "customers.sync", "--yes"], pause=pause) == 1
    printed = capsys.readouterr().err
    assert "is at work, customers/second/sync/-1: let it end" in printed
    assert "--force" in printed
    assert rows(delivered) == 3
    found = lease.read()
    assert found
    assert found.token == OTHER.token

    assert main([*RESET, "customers.sync", "--yes", "--force"]) == 0
    assert rows(delivered) == 0
    assert not lease.heartbeat(OTHER.token)
    assert lease.read() is None


def test_a_run_that_waits_for_quota_is_left_alone_without_force(delivered: Warehouse, lease: SqlLeaseStore) -> None:
    """A deferred run has no process, and continues with its outbox when the quota returns."""
    lease.acquire(None, OTHER)
    lease.hold_until(OTHER.token, datetime.now(UTC) + timedelta(hours=5))
    assert main([*RESET, "customers.sync", "--yes"]) == 1
    assert rows(delivered) == 3
    assert main([*RESET, "customers.sync", "--yes", "--force"]) == 0
    assert rows(delivered) == 0


def test_the_lease_of_an_ended_process_is_acquired_without_force(delivered: Warehouse, lease: SqlLeaseStore) -> None:
    """The holder's process was on this machine and does not exist any more."""
    machine = this_process().rpartition(" ")[0]
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    lease.acquire(None, replace(OTHER, process=f"{machine} {ended.pid}"))
    assert main([*RESET, "customers.sync", "--yes"]) == 0
    assert rows(delivered) == 0
    assert lease.read() is None


def test_the_command_holds_the_lease_while_it_deletes(delivered: Warehouse, lease: SqlLeaseStore) -> None:
    """No run can begin meanwhile, and afterwards the lease is free."""
    with closing(sqlite3.connect(delivered.state)) as database:
        database.executescript(
            """
            CREATE TABLE deleted_by (holder TEXT);
            CREATE TRIGGER note_holder AFTER DELETE ON leadway_row
            BEGIN INSERT INTO deleted_by SELECT holder FROM leadway_sync WHERE id = old.sync_id; END;
            """
        )
        assert main([*RESET, "customers.sync", "--yes"]) == 0
        assert database.execute("SELECT holder FROM deleted_by").fetchall() == [("leadway state reset",)] * 3
    assert lease.read() is None
