"""`leadway state reset` over what real runs of the operator left behind."""

from __future__ import annotations

import io
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leadway_provider.cli import main
from leadway_provider.operators import lease as lease_module
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.store.lease import LeaseBook, this_process
from leadway_provider.store.state import StateStore, SyncIdentity
from leadway_provider.store.syncs import SyncBook
from leadway_provider.sync.lease import Hold
from tests.operators.task import Row, Warehouse, sync

ROWS: tuple[Row, ...] = tuple((n, f"p{n}@example.com", "Pat", None, None) for n in range(1, 4))
OTHER = Hold("another token", 0, "customers/second/sync/-1", "another machine 1")
RESET = ["state", "reset", "--state-conn-id", "state", "--sync"]


class Terminal(io.StringIO):
    """Somebody who types an answer."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def delivered(warehouse: Warehouse) -> Warehouse:
    """Three contacts that the account has acknowledged."""
    warehouse.fill(*ROWS)
    sync("first")
    return warehouse


@pytest.mark.usefixtures("delivered")
def test_the_next_run_sends_everything_again(sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]) -> None:
    """It says how much it forgets; the ledger still tells what was delivered before."""
    assert sync("second")["unchanged"] == 3

    assert main([*RESET, "customers.sync", "--yes"]) == 0

    said = capsys.readouterr().out
    assert f"Sync customers.sync to sandbox-location at {sandbox.url}: 3 rows, 3 claims on e-mails and phones" in said
    assert "Sync customers.sync to sandbox-location: 3 rows forgotten." in said
    assert sync("third")["updated"] == 3
    capsys.readouterr()
    assert main(["trace", "--key", "2", "--state-conn-id", "state"]) == 0
    assert capsys.readouterr().out.count("HTTP 20") == 2


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize(("answer", "status", "unchanged"), [("y\n", 0, 0), ("n\n", 1, 3), ("\n", 1, 3)])
def test_it_asks_at_a_terminal(answer: str, status: int, unchanged: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a clear yes deletes anything."""
    with monkeypatch.context() as typing:
        typing.setattr(sys, "stdin", Terminal(answer))
        assert main([*RESET, "customers.sync"]) == status
    assert sync("second")["unchanged"] == unchanged


@pytest.mark.usefixtures("delivered")
def test_without_a_terminal_it_wants_a_yes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, and nothing is deleted."""
    with monkeypatch.context() as scripted:
        scripted.setattr(sys, "stdin", io.StringIO("y\n"))
        assert main([*RESET, "customers.sync"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert sync("second")["unchanged"] == 3


@pytest.mark.usefixtures("delivered")
def test_an_unknown_sync_is_told_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """By name and by account."""
    assert main([*RESET, "customers", "--yes"]) == 1
    assert main([*RESET, "customers.sync", "--location", "elsewhere", "--yes"]) == 1
    first, second = capsys.readouterr().err.splitlines()[-2:]
    assert first == (
        "leadway state reset: the state store knows no sync 'customers'; "
        "it knows 'customers.sync' to 'sandbox-location'."
    )
    assert "sync 'customers.sync' to location 'elsewhere'" in second


@pytest.fixture
def book(delivered: Warehouse, sandbox: SandboxServer) -> Iterator[LeaseBook]:
    """The sync's lease."""
    with closing(StateStore.open_file(delivered.state)) as state:
        yield state.lease(SyncIdentity("customers.sync", sandbox.url, "sandbox-location"))


def rows(warehouse: Warehouse) -> int:
    """How many rows the state store knows."""
    with sqlite3.connect(warehouse.state) as database:
        count: int = database.execute("SELECT count(*) FROM leadway_row").fetchone()[0]
        return count


def test_a_run_that_goes_on_is_left_alone(
    delivered: Warehouse, book: LeaseBook, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it shows that it is alive the command refuses, and says who that is and what --force means."""
    look = LeaseBook.read

    def read(reader: LeaseBook) -> Hold | None:
        book.beat(OTHER.token)
        return look(reader)

    monkeypatch.setattr(lease_module, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(LeaseBook, "read", read)
    book.take(None, OTHER)
    assert main([*RESET, "customers.sync", "--yes"]) == 1
    said = capsys.readouterr().err
    assert "is going on, customers/second/sync/-1: let it end" in said
    assert "--force" in said
    assert rows(delivered) == 3
    found = look(book)
    assert found
    assert found.token == OTHER.token

    assert main([*RESET, "customers.sync", "--yes", "--force"]) == 0
    assert rows(delivered) == 0
    assert not book.beat(OTHER.token)
    assert book.read() is None


def test_a_run_that_waits_for_quota_is_left_alone(delivered: Warehouse, book: LeaseBook) -> None:
    """It has no process, and goes on where it was when the quota returns; --force is for whoever won't wait."""
    book.take(None, OTHER)
    book.park(OTHER.token, datetime.now(UTC) + timedelta(hours=5))
    assert main([*RESET, "customers.sync", "--yes"]) == 1
    assert rows(delivered) == 3
    assert main([*RESET, "customers.sync", "--yes", "--force"]) == 0
    assert rows(delivered) == 0


def test_a_lease_that_was_left_behind_is_taken(delivered: Warehouse, book: LeaseBook) -> None:
    """The process that had it, on this machine, is no more: nobody needs --force for that."""
    machine = this_process().rpartition(" ")[0]
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    book.take(None, replace(OTHER, process=f"{machine} {ended.pid}"))
    assert main([*RESET, "customers.sync", "--yes"]) == 0
    assert rows(delivered) == 0
    assert book.read() is None


def test_no_run_begins_meanwhile(delivered: Warehouse, book: LeaseBook, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command has the lease itself while it deletes, and gives it up."""
    holders: list[str] = []
    forget = SyncBook.forget

    def watched(of: SyncBook, sync_id: int, check: Callable[[], None]) -> int:
        found = book.read()
        holders.append(found.holder if found else "nobody")
        return forget(of, sync_id, check)

    monkeypatch.setattr(SyncBook, "forget", watched)
    assert main([*RESET, "customers.sync", "--yes"]) == 0
    assert holders == ["leadway state reset"]
    assert book.read() is None
    assert rows(delivered) == 0
