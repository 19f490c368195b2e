"""The command itself: help, version, mistakes, pipes, completion, and `airflow leadway`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer
from airflow import models
from airflow.providers.common.compat.sdk import BaseHook
from packaging.version import Version

from leadway_provider import __version__
from leadway_provider.cli import main
from tests.airflow_version import VERSION
from tests.cli.screens import assert_screen, leadway
from tests.operators.task import Row, Warehouse, sync

ANN: Row = (1, "ann@example.com", "Ann", None, None)


@pytest.mark.skipif(
    Version(typer.__version__) < Version("0.29"), reason="earlier versions of typer draw the same help otherwise"
)
def test_the_help_lists_every_command() -> None:
    """Commands are grouped by what they are for."""
    assert_screen("help", "--help")


def test_without_arguments_the_help_is_shown() -> None:
    """The status is 2, since nothing was done."""
    done = leadway()
    assert done.returncode == 2
    assert "Usage: leadway" in done.stdout + done.stderr


def test_the_version_is_printed() -> None:
    """It is that of the package."""
    done = leadway("--version")
    assert (done.returncode, done.stdout) == (0, f"leadway-provider {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("nope", "leadway: no such command 'nope'. See `leadway --help`."),
        ("--nope", "leadway: no such option: --nope. See `leadway --help`."),
        ("state nope", "leadway state: no such command 'nope'. See `leadway state --help`."),
        ("plan --nope", "leadway plan: no such option: --nope. See `leadway plan --help`."),
        ("plan a b c", "leadway plan: got unexpected extra argument"),
        ("plan people", "leadway plan: 'people' is not the name of a task: write <dag_id>.<task_id>."),
        ("trace", "leadway trace: give --key, --contact or --run. See `leadway trace --help`."),
        ("trace --key 1 --contact 2", "leadway trace: give either --key or --contact. See `leadway trace --help`."),
        ("trace --key", "leadway trace: option '--key' requires an argument. See `leadway trace --help`."),
        ("rejected --csv --json", "leadway rejected: give either --csv or --json. See `leadway rejected --help`."),
        ("rejected --limit few", "leadway rejected: invalid value for '--limit': "),
        ("sandbox --quota-requests x", "leadway sandbox: invalid value for '--quota-requests': "),
        ("sandbox --priority name", "'email,phone', 'phone,email', 'email', 'phone'"),
        ("state reset", "leadway state reset: missing option '--sync'. See `leadway state reset --help`."),
        ("rejcted", "Did you mean 'rejected'? See `leadway --help`."),
    ],
)
def test_a_mistake_in_the_arguments_is_one_line(arguments: str, said: str) -> None:
    """It says what is wrong and where the help is, whoever finds it, typer or the command itself. The status is 2."""
    done = leadway(*arguments.split())
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert said in line
    assert line.endswith(" --help`.")


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        (None, "'state'"),
        ("{", "state"),
        ('{"conn_type": "http", "host": "example.com"}', "state"),
        ('{"conn_type": "sqlite", "host": "/nowhere/at/all.db"}', "state"),
        ('{"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "login": "a", "schema": "b"}', "state"),
    ],
)
def test_a_wrong_connection_is_one_sentence(connection: str | None, said: str) -> None:
    """The status is 2, and no traceback is shown."""
    environment = {} if connection is None else {"AIRFLOW_CONN_STATE": connection}
    done = leadway("syncs", "--state-conn-id", "state", **environment)
    assert (done.returncode, done.stdout) == (2, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("leadway syncs: ")
    assert said in last
    assert "Traceback" not in done.stderr


def test_a_reader_that_ends_early_is_no_error(warehouse: Warehouse) -> None:
    """A pipe that nobody reads any more ends the command with status 1 and without a word."""
    warehouse.fill(*((number, f"p{number}@example.com", "Pat", None, None) for number in range(3)))
    sync("first")
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "leadway_provider.cli", "syncs", "--state-conn-id", "state"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_an_output_that_can_not_be_written_is_one_sentence() -> None:
    """A disk is full; the status is 2."""
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "leadway_provider.cli", "--help"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "leadway: the output can't be written: No space left on device.\n")


def test_a_shell_completes_commands() -> None:
    """Bash asks by an environment variable, and gets the commands that begin so."""
    done = leadway(_LEADWAY_COMPLETE="complete_bash", COMP_WORDS="leadway rej", COMP_CWORD="1")
    assert done.stdout.split() == ["rejected"]


@pytest.mark.skipif(VERSION < (3, 2), reason="Airflow 3.1 has no commands of providers")
def test_airflow_has_the_same_commands(warehouse: Warehouse) -> None:
    """`airflow leadway` prints what `leadway` prints, and ends with the same status."""
    warehouse.fill(ANN)
    sync("first")
    for arguments in (["trace", "--key=1", "--json"], ["trace", "--key", "2"], ["rejected", "--limit", "0"]):
        command = [*arguments, "--state-conn-id", "state"]
        ours = leadway(*command)
        theirs = subprocess.run(
            [sys.executable, "-m", "airflow", "leadway", *command], capture_output=True, text=True, check=False
        )
        assert (theirs.returncode, theirs.stdout) == (ours.returncode, ours.stdout), theirs.stderr
    assert ours.returncode == 2


@pytest.mark.usefixtures("no_state")
def test_airflow_does_not_warn_of_its_own_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A connection that is kept in Airflow's database is Airflow's own model, whose code it warns of."""

    def model(conn_id: str) -> Any:
        text = os.environ[f"AIRFLOW_CONN_{conn_id.upper()}"]
        return models.Connection.from_json(text, conn_id)  # noqa: AIR311 - the one that Airflow has in its database

    monkeypatch.setattr(BaseHook, "get_connection", staticmethod(model))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert main(["syncs", "--state-conn-id", "state"]) == 2
    assert "There is no state store" in capsys.readouterr().err
    assert [str(each.message) for each in warned if each.category is not DeprecationWarning] == []


def test_progress_is_shown_on_a_terminal_only(warehouse: Warehouse) -> None:
    """It is on standard error, so that the output of the command can go into a program at the same time."""
    warehouse.fill(ANN)
    ours, theirs = os.openpty()
    query = ["--sql", "SELECT id, email FROM customers", "--source-conn-id", "warehouse", "--key", "id"]
    command = [sys.executable, "-m", "leadway_provider.cli", "preview", *query, "--json"]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    shown = b""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True, env=environment) as process:
        os.close(theirs)
        with suppress(OSError):  # a terminal that nobody writes to any more ends so
            while part := os.read(ours, 4096):
                shown += part
        out, _ = process.communicate()
    os.close(ours)
    assert b"Reading rows" in shown
    assert json.loads(out)["read"] == 1
    assert leadway(*command[3:]).stderr == ""


def test_colours_are_for_terminals_only(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """On no terminal the output has no escape sequence; the words are the same."""
    warehouse.fill(ANN)
    sync("first")
    capsys.readouterr()
    assert main(["syncs", "--state-conn-id", "state"]) == 0
    plain = capsys.readouterr().out
    assert "\x1b" not in plain
    coloured = leadway("syncs", "--state-conn-id", "state", FORCE_COLOR="1").stdout
    assert "\x1b[" in coloured
