"""`leadway preview`: contacts as they would be sent, from a query or from a DAG's task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leadway_provider.cli import main
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import SQL, Row, Warehouse

ANN: Row = (1, "ann.quillfeather@example.com", "Quillfeather", "+12025550101", "Liechtenstein")
NOBODY: Row = (2, None, "Nobody", None, None)
BOB: Row = (3, "bob@example.com", "Bob", "00", "Atlantis")
QUERY = ["--sql", SQL, "--source-conn-id", "warehouse", "--key", "id"]
DAG = """
from airflow.sdk import DAG
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator

with DAG("customers", schedule=None, params={"table": "customers"}, template_searchpath=[__file__.rpartition("/")[0]]):
    common = {"sql_conn_id": "warehouse", "key": "id"}
    LeadwayUpsertContactsOperator(
        task_id="sync", incremental=True, **common,
        sql="SELECT id, email FROM {{ params.table }} WHERE :until > '{{ ds }}'",
    )
    LeadwayUpsertContactsOperator(task_id="file", sql="customers.sql", constants={"tags": ["vip"]}, **common)
    LeadwayUpsertContactsOperator(task_id="xcom", sql="{{ ti.xcom_pull('x').sql }}", **common)
    LeadwayUpsertContactsOperator.partial(task_id="mapped", sql="SELECT 1", **common).expand(sync_name=["a", "b"])
"""


@pytest.fixture
def rows(warehouse: Warehouse) -> Warehouse:
    """One good row, one without an identity, and one with two values that can't be sent."""
    warehouse.fill(ANN, NOBODY, BOB)
    return warehouse


@pytest.fixture
def dag_file(rows: Warehouse, tmp_path: Path) -> Path:
    """A DAG over these rows."""
    assert rows
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "customers.sql").write_text(SQL, encoding="utf-8")
    (folder / "customers.py").write_text(DAG, encoding="utf-8")
    return folder / "customers.py"


def previewed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Return what the command prints as JSON."""
    capsys.readouterr()
    assert main(["preview", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.usefixtures("rows")
def test_values_are_masked_unless_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """A mask says the kind and the length; the values themselves are the normalised ones."""
    masked = previewed(capsys, *QUERY)
    assert masked["first"][0]["fields"]["email"] == "text of 28 characters"
    assert main(["preview", *QUERY]) == 0
    said = capsys.readouterr().out
    assert "quillfeather" not in said.lower()
    assert "  phone       text of 12 characters  ← phone" in said.splitlines()
    shown = previewed(capsys, *QUERY, "--show-values")
    assert shown["first"][0]["fields"] == {
        "email": "ann.quillfeather@example.com",
        "first_name": "Quillfeather",
        "phone": "+12025550101",
        "country": "LI",
    }


@pytest.mark.usefixtures("rows")
def test_problems_are_grouped_with_their_first_key(capsys: pytest.CaptureFixture[str]) -> None:
    """All rows are looked at, however few are shown."""
    found = previewed(capsys, *QUERY, "--limit", "1")
    assert (found["read"], found["invalid"], len(found["first"])) == (3, 1, 1)
    assert {(each["code"], each["rows"], each["first_key"]) for each in found["problems"]} == {
        ("no_identity", 1, "2"),
        ("country_unknown", 1, "3"),
        ("phone_impossible", 1, "3"),
    }
    assert previewed(capsys, *QUERY, "--rows", "1")["read"] == 1


@pytest.mark.usefixtures("no_state")
def test_nothing_is_sent_and_no_state_is_made(
    rows: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The account is asked for its custom fields only."""
    previewed(capsys, *QUERY)
    assert sandbox.account.contacts == []
    assert not rows.state.exists()


def test_a_task_of_a_dag_is_previewed(dag_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its templates and files are rendered; an incremental query reads from the beginning."""
    found = previewed(capsys, "customers.sync", "--dags", str(dag_file))
    assert [sorted(each.get("fields", {})) for each in found["first"]] == [["email"], [], ["email"]]
    found = previewed(capsys, "customers.file", "--dags", str(dag_file.parent))
    assert found["first"][0]["fields"]["tags"] == "list of 1"


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("customers.xcom", "can't be rendered without a run (UndefinedError)"),
        ("customers.mapped", "is not a sync with one query"),
        ("customers.nothing", "has no task 'nothing'; it has file, mapped, sync, xcom"),
        ("orders.sync", "has no DAG 'orders'; it has customers"),
        ("customers", "write <dag_id>.<task_id>"),
    ],
)
def test_a_task_that_can_not_be_read_is_an_error(
    dag_file: Path, task: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence says why."""
    assert main(["preview", task, "--dags", str(dag_file)]) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a task as <dag_id>.<task_id>, or give --sql, --source-conn-id and --key"),
        (["customers.sync", *QUERY], "leave the other options out"),
        (
            ["--sql", "missing.sql", "--source-conn-id", "warehouse", "--key", "id"],
            "missing.sql can't be read: No such file or directory.",
        ),
        (["--sql", "SELECT id, emial FROM x", *QUERY[2:]], "no such table: x"),
        (["--sql", "SELECT id, first_name AS emial FROM customers", *QUERY[2:]], "the nearest is 'email'"),
        (["--sql", SQL, "--source-conn-id", "nowhere", "--key", "id"], "'nowhere'"),
        ([*QUERY, "--leadway-conn-id", "nowhere"], "Connection 'nowhere' does not exist"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The status is 2, and nothing is on standard output."""
    capsys.readouterr()
    assert main(["preview", *arguments]) == 2
    shown = capsys.readouterr()
    assert said in shown.err.splitlines()[-1]
    assert not shown.out


@pytest.mark.usefixtures("sandbox")
def test_control_characters_in_values_are_escaped(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal obeys no value."""
    warehouse.fill((1, "ann@example.com", "\u202eAnn", None, None))
    assert main(["preview", *QUERY, "--show-values"]) == 0
    assert {each for each in capsys.readouterr().out if not each.isprintable()} == {"\n"}


@pytest.mark.usefixtures("rows")
def test_a_query_has_a_mapping_and_constants(capsys: pytest.CaptureFixture[str]) -> None:
    """As a task has them: a column's target, and a value for every contact."""
    query = ["--sql", "SELECT id, email, first_name AS name FROM customers", *QUERY[2:]]
    found = previewed(capsys, *query, "--mapping", "name=first_name", "--constant", "tags=vip", "--show-values")
    assert found["first"][0]["fields"] == {"email": ANN[1], "first_name": ANN[2], "tags": ["vip"]}


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--mapping", "name"], "--mapping takes COLUMN=TARGET, and not 'name'"),
        (["--constant", "=vip"], "--constant takes TARGET=VALUE, and not '=vip'"),
        (["--mapping", "a=email", "--mapping", "a=phone"], "--mapping names 'a' twice"),
    ],
)
def test_a_pair_that_is_none_is_an_error(option: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The status is 2, and the sentence has the option's form."""
    for command in ("preview", "plan"):
        assert main([command, *QUERY, *option]) == 2
        assert said in capsys.readouterr().err
