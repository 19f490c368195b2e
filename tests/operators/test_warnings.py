"""Every warning is an error, and Python's development mode looks for what was not closed: nothing of ours warns."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.operators.task import Warehouse

ROOT = Path(__file__).parents[2]
IGNORED: dict[str, str] = {}
"""Modules of others that warn when they are imported, with the reason; none does with the pinned packages."""
COMPLAINT = re.compile(
    r"Exception ignored|\w+Warning\b|was never (?:awaited|retrieved)|unclosed|Traceback", re.IGNORECASE
)


def strictly(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module in a process of its own, where a warning is an error."""
    filters = [part for module in IGNORED for part in ("-W", f"ignore:::{module}")]
    command = [sys.executable, "-W", "error", *filters, "-m", *arguments]
    environment = os.environ | {"PYTHONDEVMODE": "1", "PYTHONTRACEMALLOC": "0"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(autouse=True)
def people(warehouse: Warehouse) -> None:
    """Rows that are sent, and one that is invalid."""
    warehouse.fill(
        *((n, f"p{n}@example.com", f"Name {n}", None, None) for n in range(5)), (9, "no address", None, None, None)
    )


def test_a_run_and_the_commands_warn_of_nothing() -> None:
    """Plan, delivery, the end of the process, and then the commands over what they left."""
    run = strictly("tests.operators.attempt", "one", '{"max_rejected": 1}')
    assert (run.returncode, COMPLAINT.findall(run.stdout + run.stderr)) == (0, []), run.stderr
    for command in (["syncs"], ["rejected"], ["trace", "--key", "1"]):
        shown = strictly("leadway_provider.cli", *command, "--state-conn-id", "state")
        assert (shown.returncode, COMPLAINT.findall(shown.stdout + shown.stderr)) == (0, []), shown.stderr
        assert shown.stdout


def test_a_run_that_fails_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is the only thing that is said."""
    account = os.environ["AIRFLOW_CONN_LEADWAY_DEFAULT"].replace("sandbox-token", "wrong-token")
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", account)
    run = strictly("tests.operators.attempt", "one", "{}")
    assert run.returncode == 1
    assert "must be a valid private integration token" in run.stderr
    assert set(COMPLAINT.findall(run.stdout + run.stderr)) <= {"Traceback"}
