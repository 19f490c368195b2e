"""Every command prints JSON for a program, and nothing else on its standard output then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import typer

from leadway_provider.cli import app, main
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.cli.test_state_reset import Terminal
from tests.operators.task import Warehouse, sync

STATE = ("--state-conn-id", "state")
SYNC = ("--sync", "customers.sync")


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command of the application, by its words."""
    for name, command in group.commands.items():
        here = (*path, name)
        if hasattr(command, "commands"):
            yield from commands(command, here)
        else:
            yield " ".join(here), command


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0, stdin: Any = None) -> Any:
    """Return the document that a command prints."""
    capsys.readouterr()
    assert main([*arguments, "--json"], stdin=stdin or StringIO()) == status
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def refused(warehouse: Warehouse, sandbox: SandboxServer) -> Warehouse:
    """Two delivered rows, and one that the CRM refused."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=1, email="p3@example.com"))
    warehouse.fill(*((n, f"p{n}@example.com", "Pat", None, None) for n in (1, 2, 3)))
    sync("first", max_rejected=1)
    return warehouse


def test_every_command_has_the_option() -> None:
    """A new command has it, too."""
    every = dict(commands(typer.main.get_command(app)))
    assert len(every) > 20
    assert [
        name for name, command in every.items() if "--json" not in [o for p in command.params for o in p.opts]
    ] == []


def test_commands_that_change_the_state_say_what_they_changed(
    refused: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """For each sync with its account, in numbers."""
    assert refused
    names = {"sync": "customers.sync", "host": sandbox.url, "location_id": "sandbox-location"}
    assert printed(capsys, "state", "upgrade", *STATE) == {"upgraded": False}
    assert printed(capsys, "rejected", "--retry", *STATE) == [names | {"rows": 1}]
    [forgotten] = printed(capsys, "forget", "--key", "1", *SYNC, *STATE, "--yes")
    assert (forgotten["sync"], forgotten["keys"]) == ("customers.sync", 1)
    assert printed(capsys, "remember", "--key", "1", *SYNC, *STATE) == [names]
    assert printed(capsys, "state", "reset", *SYNC, *STATE, "--yes") == [names | {"rows": 2}]
    assert printed(capsys, "state", "forget-sync", *SYNC, *STATE, "--yes") == [names | {"rows": 0}]


def test_what_is_about_a_sync_begins_with_its_name_its_host_and_its_account(
    refused: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under the same names, in each command that reads the state or plans, and in CSV, too."""
    assert refused
    names = [("sync", "customers.sync"), ("host", sandbox.url), ("location_id", "sandbox-location")]
    query = ("--sql", "SELECT id, email FROM customers", "--source-conn-id", "warehouse", "--key", "id")
    assert list(printed(capsys, "plan", *query, *SYNC, *STATE).items())[:3] == names
    sync("kept", sql="SELECT id, email, 'Ann' AS first_name FROM customers", keep_before=True, max_rejected=1)
    [run, *_] = printed(capsys, "runs", *STATE)
    assert list(printed(capsys, "revert", "--run", run["id"], *STATE, "--yes").items())[:3] == names
    options = {
        "verify": SYNC,
        "trace": ("--key", "1"),
        "forget": ("--key", "1", "--yes"),
        "remember": ("--key", "1", *SYNC),
    }
    for command in ("syncs", "runs", "rejected", "waiting", "verify", "trace", "forget", "forgotten", "remember"):
        more = options.get(command, ())
        found = printed(capsys, command, *more, *STATE, status=int(command == "verify"))
        assert [list(each.items())[:3] for each in found] == [names] * len(found)
        assert found
    capsys.readouterr()
    assert main(["state", "export", *STATE, "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out.splitlines()[0]).items())[:3] == names
    for with_csv in ("rejected", "--csv"), ("state", "export"):
        assert main([*with_csv, *STATE]) == 0
        assert capsys.readouterr().out.splitlines()[0].split(",")[:3] == [name for name, _ in names]


@pytest.mark.usefixtures("no_state")
def test_a_store_of_an_older_version_is_upgraded(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are no tables yet, they are made."""
    assert warehouse
    assert printed(capsys, "state", "upgrade", *STATE) == {"upgraded": True}
    assert printed(capsys, "state", "upgrade", *STATE) == {"upgraded": False}
    monkeypatch.setenv("AIRFLOW_CONN_STATE", json.dumps({"conn_type": "sqlite", "host": "/nowhere/state.db"}))
    assert main(["state", "upgrade", *STATE, "--json"]) == 2
    assert capsys.readouterr().out == ""


def test_a_question_is_no_part_of_the_document(refused: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """It is asked on standard error, as is what follows a no."""
    assert refused
    assert main(["state", "reset", *SYNC, *STATE, "--json"], stdin=Terminal("n\n")) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Delete this? [y/N] Nothing was deleted.\n")
    assert [each["rows"] for each in printed(capsys, "state", "reset", *SYNC, *STATE, stdin=Terminal("y\n"))] == [3]


def test_a_proposed_mapping_can_be_read(
    warehouse: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A column without a target has null."""
    warehouse.run("CREATE TABLE people (person_id INTEGER, mail TEXT, shoe_size TEXT)")
    file = tmp_path / "people.py"
    options = ("--source-conn-id", "warehouse", "--leadway-conn-id", "leadway_default", "--dag-id", "people")
    more = ("--table", "people", "--key", "person_id", "--output", str(file), "--yes")
    assert printed(capsys, "init", *options, *more) == {
        "file": str(file),
        "task": "people.sync",
        "key": ["person_id"],
        "targets": {"person_id": None, "mail": "email", "shoe_size": None},
    }
    assert file.exists()
