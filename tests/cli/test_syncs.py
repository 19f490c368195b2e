"""`leadway syncs` over what real runs of the operator left behind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadway_provider.cli import main
from leadway_provider.exceptions import UnavailableError
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import NEVER_AGAIN, Row, Warehouse, sync

ANN: Row = (1, "ann@example.com", "Ann", None, None)
BOB: Row = (2, "bob@example.com", "Bob", None, None)
STATE = ["--state-conn-id", "state"]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def delivered(warehouse: Warehouse, sandbox: SandboxServer) -> Warehouse:
    """An incremental sync with a row that waits and one that was refused, and another sync without either."""
    warehouse.fill(ANN)
    sync("first", sync_name="all customers")
    warehouse.fill(ANN, BOB)
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, email="bob@example.com"))
    changes: dict[str, Any] = {"incremental": True, "max_rejected": 9}
    sync("first", as_of=NOON, since=NOON - timedelta(hours=1), **changes)
    warehouse.run("UPDATE customers SET first_name = 'Annie' WHERE id = 1")
    warehouse.run("DELETE FROM customers WHERE id = 2")
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, times=None, path="/contacts/*"))
    with pytest.raises(UnavailableError):
        sync("second", as_of=NOON + timedelta(hours=1), since=NOON, timing=NEVER_AGAIN, **changes)
    return warehouse


@pytest.mark.usefixtures("delivered")
def test_every_sync_is_printed_with_its_last_run(sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Name, account and host; the run's state, times and counts; what waits, since when and why; the watermark."""
    capsys.readouterr()
    assert main(["syncs", *STATE]) == 0
    first, second = capsys.readouterr().out.split("\n\n")

    lines = first.splitlines()
    assert lines[0] == "Sync all customers"
    assert f"  account  sandbox-location at {sandbox.url}" in lines
    assert re.search(r"^  last run [0-9a-f]{12}, finished at [-\d]+ [:\d]+ UTC, began ", first, re.MULTILINE)
    assert "  task     customers.sync in DAG run first" in lines
    assert "  rows     1 read, 1 created" in lines
    assert "waiting" not in first
    assert "read to" not in first

    lines = second.splitlines()
    assert lines[0] == "Sync customers.sync"
    assert re.search(r"^  last run [0-9a-f]{12}, delivering, began ", second, re.MULTILINE)
    assert "  task     customers.sync in DAG run second" in lines
    assert "  rows     1 read, 1 carried, 2 pending" in lines
    waiting = r" waiting 2 rows since \S+ \S+ UTC: planned and not delivered; the next attempt or run does that "
    assert re.search(waiting, " ".join(second.split()))
    assert "  read to  2026-11-22 13:00:00 UTC" in lines
    assert all(len(line) <= 100 for line in (first + second).splitlines())


def test_a_sync_whose_run_ended_shows_what_the_api_refused(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such a row waits too, for another reason."""
    warehouse.fill(ANN)
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, email="ann@example.com"))
    sync("first", max_rejected=9)
    capsys.readouterr()
    assert main(["syncs", *STATE]) == 0
    assert re.search(r"^  waiting  1 row since .* refused by the API", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.usefixtures("delivered")
def test_programs_get_json(sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]) -> None:
    """The same facts, of the chosen sync; nothing else is on standard output."""
    capsys.readouterr()
    assert main(["syncs", "--sync", "customers.sync", "--json", *STATE]) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert (found["sync"], found["host"], found["location_id"]) == ("customers.sync", sandbox.url, "sandbox-location")
    run = found["last_run"]
    assert (run["status"], run["finished_at"], run["counts"]["pending"]) == ("delivering", None, 2)
    assert [(each["state"], each["rows"]) for each in found["waiting"]] == [("pending", 2)]
    assert found["watermark"] == "2026-11-22T13:00:00+00:00"


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--sync", "orders"], "no sync 'orders'; it has"), (["--location", "x"], "no sync to location 'x'")],
)
def test_an_unknown_sync_is_an_error(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with status 1, and lists those that there are."""
    capsys.readouterr()
    assert main(["syncs", *arguments, *STATE]) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("leadway syncs: ")
    assert said in shown.err
    assert not shown.out


def test_as_a_process_it_changes_nothing(delivered: Warehouse) -> None:
    """The state store is the same byte for byte."""
    before = delivered.state.read_bytes()
    command = [sys.executable, "-m", "leadway_provider.cli", "syncs", *STATE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Sync all customers\n")
    assert delivered.state.read_bytes() == before
