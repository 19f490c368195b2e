"""`leadway state reset` over what real runs of the operator left behind."""

from __future__ import annotations

import io
import sqlite3
import sys

import pytest

from leadway_provider.cli import main
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import Row, Warehouse, sync

ROWS: tuple[Row, ...] = tuple((n, f"p{n}@example.com", "Pat", None, None) for n in range(1, 4))
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


def test_a_run_that_goes_on_is_left_alone(delivered: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """While the lease is held it refuses, says by whom it is held and what --force means; with --force it deletes."""
    with sqlite3.connect(delivered.state) as database:
        database.execute("UPDATE leadway_sync SET lease = 'x', holder = 'task customers.sync on worker-3'")
    assert main([*RESET, "customers.sync", "--yes"]) == 1
    said = capsys.readouterr().err
    assert "task customers.sync on worker-3" in said
    assert "--force" in said
    with sqlite3.connect(delivered.state) as database:
        assert database.execute("SELECT count(*) FROM leadway_row").fetchone() == (3,)

    assert main([*RESET, "customers.sync", "--yes", "--force"]) == 0
    assert sync("second")["updated"] == 3
