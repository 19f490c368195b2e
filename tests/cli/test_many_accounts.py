"""`leadway plan` and `leadway preview` of a query whose rows name their accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leadway_provider.cli import main
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.sync.outcome import OUTCOMES
from tests.agency import agency_connection
from tests.cli.test_plan import dag_file
from tests.operators.task import Warehouse, sync

NORTH, SOUTH = "north", "south"
SQL = "SELECT id, email, first_name, country AS location_id FROM customers ORDER BY id"
QUERY = ["--sql", SQL, "--source-conn-id", "warehouse", "--key", "id"]
Row = tuple[int, str | None, str, None, str | None]


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An agency with two accounts beside the first one."""
    with SandboxServer(Settings(burst=None, daily=None, more_locations=(NORTH, SOUTH))) as server:
        yield server


@pytest.fixture
def agency(warehouse: Warehouse, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A warehouse, and an agency's connection that names no account."""
    connection = agency_connection(sandbox, state_conn_id="state", quota_requests=10_000, quota_seconds=0.5)
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(connection))
    return warehouse


def row(number: int, account: str | None, name: str = "Ann", email: str | None = "") -> Row:
    """A customer of an account."""
    return (number, f"p{number}@example.com" if email == "" else email, name, None, account)


def shown(capsys: pytest.CaptureFixture[str], *command: str, status: int = 0) -> tuple[str, dict[str, Any]]:
    """Return what the command prints for a person, and as JSON; neither has a value of a contact."""
    said = []
    for more in ([], ["--json"]):
        capsys.readouterr()
        assert main([*command, *QUERY, *more]) == status
        said.append(capsys.readouterr().out)
        assert "example.com" not in said[-1]
    return said[0], json.loads(said[1])


def test_a_plan_has_each_account_and_their_sum(
    agency: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows that are new, changed and invalid, of an account that is not the agency's, and of none."""
    agency.fill(row(1, NORTH), row(2, NORTH), row(1, SOUTH))
    sync(sql=SQL)
    agency.fill(
        *(row(1, NORTH), row(2, NORTH, "Bea"), row(1, SOUTH), row(3, SOUTH), row(4, SOUTH, email=None)),
        *(row(5, "elsewhere"), row(6, None)),
    )
    sandbox.journal.clear()
    arguments = ("plan", "--sync", "customers.sync", "--state-conn-id", "state")
    text, found = shown(capsys, *arguments, status=1)
    assert not sandbox.journal.writes
    by_account = {each["location_id"]: each for each in found["accounts"]}
    assert by_account[NORTH]["counts"]["pending"] == 1 == by_account[NORTH]["updates"] == by_account[NORTH]["calls"]
    assert (by_account[SOUTH]["creates"], by_account[SOUTH]["counts"]["invalid"]) == (1, 1)
    assert (found["rows_without_account"], found["rows_out_of_reach"], found["calls"]) == (1, {"elsewhere": 1}, 2)
    assert f"Account {SOUTH}" in text.splitlines()
    report = sync("second", sql=SQL, max_rejected=9)
    same = ("read", "unchanged", "invalid")
    assert {name: found["counts"][name] for name in same} == {name: report[name] for name in same}
    assert found["counts"]["pending"] == report["created"] + report["updated"]
    assert found["counts"]["read"] == sum(found["counts"][name] for name in OUTCOMES)


def test_a_first_plan_has_no_state(agency: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """All rows are new, and an account that is in order does not stop the run."""
    agency.fill(row(1, NORTH), row(1, SOUTH))
    _, found = shown(capsys, "plan", "--state-conn-id", "state")
    assert (found["creates"], found["calls"], found["stops"]) == (2, 2, None)


def test_an_account_with_nothing_but_waiting_rows_is_planned(
    agency: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """All its rows have left the source, of which one still waits to be tried again."""
    agency.fill(row(1, NORTH), row(1, SOUTH))
    sync(sql=SQL, dry_run=True)
    agency.fill(row(1, NORTH))
    _, found = shown(capsys, "plan", "--sync", "customers.sync", "--state-conn-id", "state")
    assert {each["location_id"] for each in found["accounts"]} == {NORTH, SOUTH}


def test_a_preview_shows_rows_of_each_account(agency: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """The account's column is no field of a contact."""
    agency.fill(row(1, NORTH), row(2, SOUTH), row(3, SOUTH, email=None), row(4, None))
    text, found = shown(capsys, "preview")
    assert (found["read"], found["invalid"], found["rows_without_account"]) == (4, 2, 1)
    assert [(each["location_id"], each["read"]) for each in found["accounts"]] == [(NORTH, 1), (SOUTH, 2)]
    assert found["accounts"][0]["first"][0]["fields"].keys() == {"email", "first_name"}
    assert "4 rows of 2 accounts: 2 would be contacts, 2 invalid" in text.splitlines()


def test_a_query_without_the_column_says_what_is_missing(agency: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """The status is 2, in one sentence."""
    agency.fill(row(1, NORTH))
    query = ["--sql", "SELECT id, email FROM customers", *QUERY[2:]]
    for command in ("plan", "preview"):
        assert main([command, *query]) == 2
        assert "location_id" in capsys.readouterr().err.splitlines()[-1]


def test_each_account_is_asked_for_its_custom_fields_once(
    agency: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The call that shows whether the connection has access to an account gives what the mapping needs."""
    agency.fill(row(1, NORTH), row(2, SOUTH))
    for command in ("preview", "plan"):
        sandbox.journal.clear()
        assert main([command, *QUERY]) == 0
        asked = [call.path for call in sandbox.journal.calls if call.path.endswith("/customFields")]
        assert sorted(asked) == [f"/locations/{each}/customFields" for each in (NORTH, SOUTH)]
    assert "2 accounts" in capsys.readouterr().out


def test_each_account_is_compared_with_its_contacts(
    agency: Warehouse, sandbox: SandboxServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A contact that was edited by hand in one account is planned there only."""
    agency.fill(row(1, NORTH), row(1, SOUTH))
    sync(sql=SQL)
    held = sandbox.service.accounts[SOUTH].holder("email", "p1@example.com")
    assert held is not None
    sandbox.service.accounts[SOUTH].update(held.id, {"firstName": "Edited"})
    dag = dag_file(tmp_path, "compare='account'", sql=SQL)
    capsys.readouterr()
    assert main(["plan", "customers.sync", "--dags", str(dag), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["updates"], found["counts"]["drifted"], found["fields"]) == (1, 1, {"first_name": 1})
    drifted = {each["location_id"]: each["account"]["drifted_by_field"] for each in found["accounts"]}
    assert drifted == {NORTH: {}, SOUTH: {"first_name": 1}}
