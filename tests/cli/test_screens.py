"""The screens of the commands, as a reader of docs/commands.md sees them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.cli.screens import assert_screen
from tests.operators.task import SQL, Row, Warehouse, sync

ANN: Row = (1042, "ann@example.com", "Ann", "+12025550101", "US")
NOBODY: Row = (1043, None, "Nobody", None, None)
BOB: Row = (1044, "bob@example.com", "Bob", "00", "US")


@pytest.fixture
def delivered(warehouse: Warehouse, sandbox: SandboxServer) -> Warehouse:
    """Two runs over three rows: one is delivered and changes, one is invalid, one is refused."""
    warehouse.fill(ANN, NOBODY, BOB)
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=None, email="bob@example.com"))
    for run_id in ("first", "second"):
        with suppress(AirflowFailException):
            sync(run_id, constants={"tags": ["customer"]})
        warehouse.run("UPDATE customers SET first_name = 'Anna' WHERE id = 1042")
    return warehouse


@pytest.mark.usefixtures("delivered")
def test_the_screens_of_what_became_of_rows() -> None:
    """Syncs, rejected rows and a history; then the sync is reset."""
    state = ("--state-conn-id", "state")
    assert_screen("syncs", "syncs", *state)
    assert_screen("runs", "runs", *state)
    assert_screen("rejected", "rejected", *state)
    assert_screen("waiting", "waiting", *state)
    assert_screen("trace", "trace", "--key", "1042", *state)
    assert_screen("state-export", "state", "export", *state)
    assert_screen("state-upgrade", "state", "upgrade", *state)
    assert_screen("forget", "forget", "--key", "1042", "--yes", *state)
    assert_screen("forgotten", "forgotten", *state)
    assert_screen("remember", "remember", "--key", "1042", "--sync", "customers.sync", *state)
    assert_screen("state-reset", "state", "reset", "--sync", "customers.sync", "--yes", *state)
    assert_screen("state-forget-sync", "state", "forget-sync", "--sync", "customers.sync", "--yes", *state)


@pytest.mark.usefixtures("delivered")
def test_a_history_of_one_run() -> None:
    """`--run last` leaves the deliveries of earlier runs out."""
    shown = assert_screen("trace-run", "trace", "--key", "1042", "--run", "last", "--state-conn-id", "state")
    assert "in DAG run second" in shown
    assert "in DAG run first" not in shown


@pytest.mark.usefixtures("delivered")
def test_the_screen_of_a_verified_account(sandbox: SandboxServer) -> None:
    """Two rows are equal and one is invalid."""
    sandbox.faults.clear()
    sync("third", constants={"tags": ["customer"]}, max_rejected=1)
    sync("fourth", constants={"tags": ["customer"]}, max_rejected=1, compare="account")
    assert_screen("verify", "verify", "--sync", "customers.sync", "--state-conn-id", "state")


def test_the_screen_of_a_revert(delivered: Warehouse, sandbox: SandboxServer) -> None:
    """One contact is written back, and one that the run created is deleted."""
    sandbox.faults.clear()
    delivered.run("UPDATE customers SET first_name = 'Annabel' WHERE id = 1042")
    run_id = str(sync("third", constants={"tags": ["customer"]}, max_rejected=1, keep_before=True)["run_id"])
    assert_screen("revert", "revert", "--run", run_id, "--created", "--yes", "--state-conn-id", "state")


@pytest.mark.usefixtures("delivered")
def test_the_screens_of_the_set_up() -> None:
    """What is checked, what the account has, and which account it is."""
    assert_screen("check", "check", "--state-conn-id", "state")
    assert_screen("fields", "fields")
    assert_screen("locations", "locations")


@pytest.mark.usefixtures("delivered")
def test_the_screens_before_a_run() -> None:
    """The same query is previewed and planned; a row would be rejected, and `max_rejected` allows none."""
    query = ("--sql", SQL, "--source-conn-id", "warehouse", "--key", "id")
    assert_screen("preview", "preview", *query)
    assert_screen("plan", "plan", *query, "--sync", "customers.sync", "--state-conn-id", "state", status=1)
