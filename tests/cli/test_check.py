"""`leadway check`, `fields` and `locations` against accounts with something wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from leadway_provider.cli import main
from leadway_provider.commands.account_checks import clock_result
from leadway_provider.commands.check_result import CheckState
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.cli.test_forget import use_keys
from tests.operators.task import Warehouse

__all__ = ["use_keys"]

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def checked(capsys: pytest.CaptureFixture[str], *, status: int = 0, location: str = "") -> dict[str, list[str]]:
    """Return the states of the findings by what was checked."""
    capsys.readouterr()
    arguments = ["--location", location] if location else []
    assert main(["check", "--json", "--state-conn-id", "state", *arguments]) == status
    found: dict[str, list[str]] = {}
    for each in json.loads(capsys.readouterr().out):
        found.setdefault(each["name"], []).append(each["state"])
        assert each["advice"] or each["state"] != "warning"
    return found


@pytest.mark.usefixtures("no_state")
def test_all_is_well_where_nothing_has_run_yet(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the state store, which the first run creates, and the missing quota headers are warned of."""
    found = checked(capsys)
    assert found["scope"] == ["ok", "ok", "ok", "ok"]
    assert found["state store"] == ["warning"]
    assert found["clock"] == found["token"] == found["duplicates"] == found["versions"] == ["ok"]


@pytest.mark.usefixtures("no_state")
def test_no_contact_is_written(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The calls that prove scopes find nothing and leave nothing, in the account and in the state."""
    checked(capsys)
    assert sandbox.account.contacts == []
    assert not warehouse.state.exists()


@pytest.mark.usefixtures("warehouse")
def test_a_missing_scope_is_named(sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the scope and where it is added; the status is 1."""
    sandbox.faults.add(Fault(FaultKind.SCOPE_MISSING, times=None, method="PUT", path="/contacts/*"))
    assert checked(capsys, status=1)["scope"] == ["ok", "ok", "failed", "ok"]
    assert main(["check", "--state-conn-id", "state"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "failed scope: contacts.write is missing. → Add the scope contacts.write" in said


@pytest.mark.usefixtures("warehouse")
def test_a_scope_that_only_some_syncs_need_is_a_warning(
    sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The users are read for `assigned_to`, and the location for its duplicate setting."""
    sandbox.faults.add(Fault(FaultKind.SCOPE_MISSING, times=None, path="/users/"))
    sandbox.faults.add(Fault(FaultKind.SCOPE_MISSING, times=None, path="/locations/sandbox-location"))
    found = checked(capsys)
    assert found["scope"][-1] == "warning"
    assert found["duplicates"] == ["warning"]


@pytest.mark.usefixtures("warehouse")
def test_a_wrong_token_ends_the_checks_of_the_account(
    sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """What else is wrong can't be known; the state store is still checked."""
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, times=None))
    found = checked(capsys, status=1)
    assert found["token"] == ["failed"]
    assert "scope" not in found
    assert "state store" in found


def test_the_quota_and_the_duplicate_setting_are_read(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account that allows duplicates is warned of; a quota is shown in numbers."""
    assert warehouse
    with SandboxServer(Settings(allow_duplicates=True)) as server:
        account = {"conn_type": "leadway", "host": server.url, "password": "sandbox-token"}
        monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(account))
        assert checked(capsys)["account"] == ["warning"]
        found = checked(capsys, location="sandbox-location")
        assert (found["duplicates"], found["quota"]) == (["warning"], ["ok"])
        assert main(["check", "--state-conn-id", "state", "--location", "sandbox-location"]) == 0
        assert "100 calls in 10 s; 199," in capsys.readouterr().out


@pytest.mark.parametrize(
    ("date", "state"),
    [
        (format_datetime(NOON, usegmt=True), CheckState.OK),
        (format_datetime(NOON - timedelta(minutes=5), usegmt=True), CheckState.WARNING),
        (format_datetime(NOON + timedelta(days=1), usegmt=True), CheckState.WARNING),
        ("yesterday", CheckState.WARNING),
        (None, CheckState.WARNING),
    ],
)
def test_a_clock_that_is_wrong_is_a_warning(date: str | None, state: CheckState) -> None:
    """The API's Date header is compared with this machine's clock."""
    assert clock_result(date, NOON).state is state


@pytest.mark.usefixtures("warehouse")
def test_a_connection_that_can_not_be_used_is_a_finding(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is the one that a task would raise."""
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", '{"conn_type": "leadway", "host": "ftp://x"}')
    assert checked(capsys, status=1)["connection"] == ["failed"]
    assert main(["fields"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("leadway fields: Connection 'leadway_default'")


def test_a_state_store_that_can_not_be_used_fails(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """Here it is a file that is no database; the account is checked all the same."""
    warehouse.state.write_text("hello " * 1000, encoding="utf-8")
    found = checked(capsys, status=1)
    assert (found["state store"], found["token"]) == (["failed"], ["ok"])


@pytest.mark.usefixtures("warehouse")
def test_a_state_file_that_a_run_could_not_make_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of a connection's file is missing, which no run makes; `plan` does not take it for a first run."""
    file = tmp_path / "missing" / "state.db"
    monkeypatch.setenv("AIRFLOW_CONN_STATE", json.dumps({"conn_type": "sqlite", "host": str(file)}))
    assert checked(capsys, status=1)["state store"] == ["failed"]
    assert main(["check", "--state-conn-id", "state"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert f"failed state store: State store 'state': there is no folder '{file.parent}'. Make it, let the" in said
    query = ["--sql", "SELECT id, email FROM customers", "--source-conn-id", "warehouse", "--key", "id"]
    assert main(["plan", *query, "--state-conn-id", "state"]) == 2
    assert "there is no folder" in capsys.readouterr().err


@pytest.mark.usefixtures("warehouse")
def test_a_wrong_option_of_the_configuration_is_a_finding(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every task fails with a wrong number; without an address there are no links only."""
    assert "configuration" not in checked(capsys)
    monkeypatch.setenv("AIRFLOW__LEADWAY__APP_URL", "app.example.com")
    assert checked(capsys)["configuration"] == ["warning"]
    monkeypatch.setenv("AIRFLOW__LEADWAY__LEDGER_DAYS", "many")
    monkeypatch.setenv("AIRFLOW__LEADWAY__MAX_IN_FLIGHT", "0")
    assert checked(capsys, status=1)["configuration"] == ["failed", "failed", "warning"]
    assert main(["check"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "failed configuration: ledger_days in section [leadway] of Airflow's configuration is 'many'" in said


@pytest.mark.parametrize("file", ["none", "empty"])
def test_a_state_file_that_can_not_be_written_fails(
    warehouse: Warehouse, file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder must be writable, too. A run makes the folder of the default file, so that one may be missing."""
    if file == "empty":
        warehouse.state.touch()
    monkeypatch.setenv("AIRFLOW_HOME", str(warehouse.state.parent / "home" / "airflow"))
    assert main(["check"]) == 0
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
    assert checked(capsys, status=1)["state store"] == ["failed"]
    assert main(["check"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "leadway_state.db': Permission denied. Let the task's user write there, or set state_conn_id." in said


@pytest.mark.usefixtures("warehouse")
def test_a_missing_fernet_key_and_an_unchecked_certificate_are_warned_of(
    sandbox: SandboxServer,
    use_keys: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both work, and neither is safe."""
    use_keys("")
    account = {"location_id": "sandbox-location", "verify": False}
    connection = {"conn_type": "leadway", "host": sandbox.url, "password": "sandbox-token", "extra": account}
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(connection))
    found = checked(capsys)
    assert (found["fernet key"], found["connection"]) == (["warning"], ["warning"])


@pytest.mark.usefixtures("warehouse")
def test_a_duplicate_setting_that_can_not_be_read_is_warned_of(
    sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The scope that reads it is not needed for a sync, which then assumes that there may be duplicates."""
    sandbox.faults.add(Fault(FaultKind.SCOPE_MISSING, times=None, method="GET", path="/locations/sandbox-location"))
    assert checked(capsys)["duplicates"] == ["warning"]


@pytest.mark.usefixtures("warehouse")
def test_a_field_shows_its_target(sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Where two fields have one name, the target is the merge key; for programs there is JSON."""
    assert sandbox
    assert main(["fields", "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert {each["name"]: each["target"] for each in found}["Signup Date"] == "custom.Signup Date"
    assert main(["locations", "--json"]) == 0
    [account] = json.loads(capsys.readouterr().out)
    assert account["location_id"] == "sandbox-location"
