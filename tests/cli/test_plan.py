"""`leadway plan`: what the next run would do is what it then does, and planning leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from leadway_provider.cli import main
from leadway_provider.policies import GuardPolicy, RemovalPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.sync.outcome import OUTCOMES
from tests.cli.test_forget import use_keys
from tests.operators.task import SQL, Row, Warehouse, sync
from tests.operators.test_compare import LATER, connect

__all__ = ["use_keys"]

STATE = ["--state-conn-id", "state"]
QUERY = ["--sql", SQL, "--source-conn-id", "warehouse", "--key", "id"]
ROWS: tuple[Row, ...] = tuple((n, f"p{n}@example.com", "Pat", None, None) for n in range(1, 6))


def planned(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> dict[str, Any]:
    """Return what the command prints as JSON."""
    capsys.readouterr()
    for more in ([], ["--json"]):
        assert main(["plan", *QUERY, *STATE, *arguments, *more]) == status
        out = capsys.readouterr().out
        assert "example.com" not in out  # no value of a contact is printed
    found: dict[str, Any] = json.loads(out)
    return found


def dag_file(folder: Path, arguments: str, sql: str = SQL) -> Path:
    """Write a DAG whose task `customers.sync` has these arguments, too."""
    file = folder / "customers_dag.py"
    file.write_text(
        "from airflow.sdk import DAG\n"
        "from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator\n"
        "from leadway_provider.policies import QuotaPolicy, RemovalPolicy\n"
        'with DAG("customers", schedule=None):\n'
        f"    LeadwayUpsertContactsOperator(task_id='sync', sql={sql!r}, sql_conn_id='warehouse', key='id',\n"
        f"        state_conn_id='state', {arguments})\n",
        encoding="utf-8",
    )
    return file


@pytest.mark.usefixtures("no_state")
def test_a_first_run_is_planned_without_a_state(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every row is new, at one call each; no file is made, and no contact."""
    warehouse.fill(*ROWS)
    found = planned(capsys)
    assert (found["creates"], found["updates"], found["calls"]) == (5, 0, 5)
    assert not warehouse.state.exists()
    assert sandbox.account.contacts == []


def test_the_plan_is_what_the_next_run_does(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows that are unchanged, changed, new, invalid, moved to another row's e-mail, and left by an earlier run."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=1, email="p5@example.com"))
    warehouse.fill(*ROWS)
    sync("first", max_rejected=9)
    warehouse.fill(
        *ROWS[:2],
        (3, "p4@example.com", "Pat", None, None),
        (4, "p3@example.com", "Pat", None, None),
        ROWS[4],
        (6, "p6@example.com", "New", None, None),
        (7, None, "Nobody", None, None),
    )
    before = warehouse.state.read_bytes()
    counts = planned(capsys, "--sync", "customers.sync", status=1)["counts"]
    assert warehouse.state.read_bytes() == before
    report = sync("second", max_rejected=9)
    same = ("read", "carried", "unchanged", "invalid", "superseded")
    assert {name: counts[name] for name in same} == {name: report[name] for name in same}
    assert counts["pending"] == sum(report[name] for name in ("created", "updated", "refused"))
    assert counts["read"] + counts["carried"] == sum(counts[name] for name in OUTCOMES)


def test_calls_for_tags_and_departed_rows_are_counted(
    warehouse: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One call changes the tags of 100 contacts; a contact is deleted by one call."""
    dag = dag_file(tmp_path, "constants={'tags': ['vip']}, removal=RemovalPolicy('delete', max_removed=9)")
    removal = RemovalPolicy("delete", max_removed=9)
    warehouse.fill(*ROWS)
    sync("first", constants={"tags": ["vip"]}, removal=removal)
    warehouse.fill((1, "p1@example.com", "Changed", None, None), *ROWS[1:3])
    capsys.readouterr()
    assert main(["plan", "customers.sync", "--dags", str(dag), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["counts"]["pending"], found["removals"], found["calls"]) == (1, 2, 1 + 1 + 2)
    assert sync("second", constants={"tags": ["vip"]}, removal=removal)["removed"] == 2


def test_a_run_that_a_guard_would_stop_is_status_1(
    warehouse: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The screen says which guard; the numbers are shown all the same."""
    dag = dag_file(tmp_path, f"guards={{'max_new': {GuardPolicy(max_new=2).max_new}}}")
    warehouse.fill(*ROWS)
    capsys.readouterr()
    assert main(["plan", "customers.sync", "--dags", str(dag)]) == 1
    said = capsys.readouterr().out
    assert "max_new" in said
    assert "  would    create 5 contacts, update 0" in said.splitlines()


def test_the_days_of_quota_are_counted(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """An account without quota headers is taken at the connection's own numbers, and as one day."""
    assert sandbox
    warehouse.fill(*ROWS)
    found = planned(capsys)
    assert (found["days"], found["calls_left_today"]) == (1, None)
    assert found["seconds"] == pytest.approx(5 * 0.5 / 10_000)


def test_a_sync_that_compares_with_the_account_is_planned_as_its_dry_run_is(
    warehouse: Warehouse, sandbox: SandboxServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was adopted, edited, deleted and added by hand is told; the state stays as it was, byte for byte."""
    removal = RemovalPolicy("delete", max_removed=9)
    dag = dag_file(tmp_path, "compare='account', removal=RemovalPolicy('delete', max_removed=9)")
    warehouse.fill(*ROWS)
    sync("first", removal=removal)
    warehouse.fill(*ROWS[:4], *((n, f"p{n}@example.com", "Pat", None, None) for n in (6, 7)))
    sandbox.account.update(contact_of(sandbox, 1), {"firstName": "Edited"})
    sandbox.account.delete(contact_of(sandbox, 2))
    sandbox.account.upsert({"email": "p6@example.com", "firstName": "Pat"})
    sandbox.account.upsert({"email": "by.hand@example.com"})
    before = warehouse.state.read_bytes()
    sandbox.journal.clear()
    capsys.readouterr()
    arguments = ["plan", "customers.sync", "--dags", str(dag)]
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert warehouse.state.read_bytes() == before
    assert [call for call in sandbox.journal.writes if call.path != "/contacts/search"] == []
    report = sync("dry", dry_run=True, compare="account", timing=LATER, removal=removal)
    names = ("read", "pending", "adopted", "drifted", "missing", "unchanged")
    assert {name: found["counts"][name] for name in names} == {name: report[name] for name in names}
    assert {name: found[name] for name in ("creates", "updates", "removals")} == {
        name: report[name] for name in ("creates", "updates", "removals")
    }
    assert found["account"] == {
        "contacts": report["contacts"],
        "unmatched": report["unmatched"],
        "believed": report.get("believed", 0),
        "drifted_by_field": {"first_name": report["drifted.first_name"]},
        "calls": found["calls"] - report["calls_needed"],
    }
    assert (found["counts"]["adopted"], found["counts"]["drifted"], found["counts"]["missing"]) == (1, 1, 1)
    assert "  compared with 6 contacts, 2 of no row" in shown.splitlines()
    assert "  drifted  first_name 1" in shown.splitlines()
    assert "  would    create 2 contacts, update 1, treat 1 departed row" in shown.splitlines()
    assert "example.com" not in shown


@pytest.mark.parametrize("command", ["plan", "preview"])
def test_a_task_that_reads_the_params_of_its_dag_is_read_with_their_defaults(
    warehouse: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """No argument is looked at before its template is rendered."""
    warehouse.fill(*ROWS)
    file = tmp_path / "customers_dag.py"
    file.write_text(
        "from airflow.sdk import DAG\n"
        "from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator\n"
        "from leadway_provider.params import from_params, sync_params\n"
        "PARAMS = sync_params(max_changed=0.5, only_keys=['2'])\n"
        'with DAG("customers", schedule=None, params=PARAMS):\n'
        f"    LeadwayUpsertContactsOperator(task_id='sync', sql={SQL!r}, sql_conn_id='warehouse', key='id',\n"
        "        state_conn_id='state', **from_params(PARAMS))\n",
        encoding="utf-8",
    )
    assert main([command, "customers.sync", "--dags", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.get("counts", found)["read"] == 1


@pytest.mark.parametrize("command", ["plan", "preview"])
def test_keys_that_the_query_does_not_return_are_an_error(
    warehouse: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """As in the run."""
    warehouse.fill(*ROWS)
    assert main([command, "customers.sync", "--dags", str(dag_file(tmp_path, "only_keys=['2', '9']"))]) == 2
    assert "names keys that the query did not return: 9." in capsys.readouterr().err


@pytest.fixture
def busy_account(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """An account with 100 calls a day, of which 69 are left, and whose 30 synced contacts were all deleted by hand."""
    with SandboxServer(Settings(burst=None, daily=Quota(100, 86_400, "fixed"), latency=0.01)) as account:
        connect(account, monkeypatch)
        warehouse.fill(*((n, f"p{n}@example.com", "Pat", None, None) for n in range(30)))
        sync("first", sql=SQL)
        for number in range(30):
            account.account.delete(contact_of(account, number))
        account.journal.clear()
        yield account


def test_the_account_is_read_with_as_few_calls_at_a_time_as_the_task_has(
    busy_account: SandboxServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each contact that the search does not show is looked up."""
    dag = dag_file(tmp_path, "compare='account', max_in_flight=2")
    assert main(["plan", "customers.sync", "--dags", str(dag), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["counts"]["missing"], found["account"]["calls"] > 30) == (30, True)
    assert busy_account.journal.most_in_flight == 2


def test_the_account_is_read_without_the_calls_that_are_left_to_others(
    busy_account: SandboxServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The plan ends where they begin. One over the state, which makes a few calls only, ends in any case."""
    reserve = "quota=QuotaPolicy(daily_reserve=60)"
    dag = dag_file(tmp_path, f"compare='account', {reserve}")
    assert main(["plan", "customers.sync", "--dags", str(dag)]) == 2
    assert "except for the reserve of 60" in capsys.readouterr().err
    assert busy_account.journal.total == 9
    dag = dag_file(tmp_path, reserve, SQL.replace("phone", "'pat@example.com' AS assigned_to"))
    assert main(["plan", "customers.sync", "--dags", str(dag)]) == 0


def contact_of(sandbox: SandboxServer, number: int) -> str:
    """Return the id of a person's contact."""
    found = sandbox.account.holder("email", f"p{number}@example.com")
    assert found is not None
    return found.id


def test_a_plan_gives_no_advice_on_hashes_that_it_does_not_keep(
    warehouse: Warehouse,
    sandbox: SandboxServer,
    use_keys: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without a Fernet key a first plan is silent; one of a sync that has a key says what to set, and where."""
    assert sandbox
    use_keys("")
    warehouse.fill(*ROWS)
    planned(capsys)
    assert "hashes" not in caplog.text
    use_keys(Fernet.generate_key().decode())
    sync("first")
    use_keys("")
    caplog.clear()
    capsys.readouterr()
    assert main(["plan", *QUERY, *STATE, "--sync", "customers.sync"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "Airflow has no usable key here: set [core] fernet_key to the one that it had, here and on every" in line
    assert "hashes" not in caplog.text
