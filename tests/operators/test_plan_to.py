"""What a dry run writes down, row by row: a table over every kind of connection, or a CSV file."""

from __future__ import annotations

import csv
import json
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.clock import utc_now
from leadway_provider.exceptions import ConfigurationError, SourceUnavailableError, StoppedError
from leadway_provider.operators.plan_to import PlanOutput, plan_engine
from leadway_provider.policies import ContactRules, RemovalPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sync.plan_entry import PLAN_COLUMNS, PlanEntry
from tests.operators.task import Row, Warehouse, operator, sync
from tests.operators.test_compare import LATER, add, id_of, people
from tests.services import airflow_connection, mariadb_database, postgres_database

SETTINGS: dict[str, Any] = {"removal": RemovalPolicy("delete", max_removed=9), "max_rejected": 9}
TABLE = "warehouse:leadway_plan"


def in_table(warehouse: Warehouse, *columns: str) -> list[tuple[Any, ...]]:
    """These columns of the plan's table, in the order of its rows; all that differ from row to row, unless given."""
    with sqlite3.connect(warehouse.file) as database:
        return database.execute(f"SELECT {', '.join(columns or PLAN_COLUMNS)} FROM leadway_plan").fetchall()  # noqa: S608 - names of columns


def in_file(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture
def changed(warehouse: Warehouse, sandbox: SandboxServer) -> Warehouse:
    """A sync whose next run has a row of each kind; row 5 was refused before."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=1, email="p5@example.com"))
    warehouse.fill(*people(*range(1, 8)))
    sync("first", **SETTINGS)
    renamed: Row = (1, "p1@example.com", "Renamed", "12", "US")
    warehouse.fill(
        renamed, *people(2, 3, 4, 5, 21), (22, "p21@example.com", "Twin", None, None), (24, None, "No", None, None)
    )
    return warehouse


def test_each_row_is_written_with_what_would_happen(changed: Warehouse, sandbox: SandboxServer) -> None:
    """Unchanged rows are left out; the names of the fields are there, and no value."""
    told = sync("plan", dry_run=True, plan_to=TABLE, **SETTINGS)

    assert in_table(changed) == [
        ("1", id_of(sandbox, 1), "update", "email, first_name, country", "phone: phone_impossible", None),
        ("5", None, "create", "email, first_name", "", None),
        ("21", None, "create", "email, first_name", "", None),
        ("6", id_of(sandbox, 6), "remove", "", "", None),
        ("7", id_of(sandbox, 7), "remove", "", "", None),
        ("24", None, "invalid", "", "email: no_identity", None),
        ("22", None, "superseded", "", "email: identity_shared", None),
    ]
    assert {*in_table(changed, "sync_name", "location_id", "run_id")} == {
        ("customers.sync", "sandbox-location", told["run_id"])
    }
    effects = Counter(effect for (effect,) in in_table(changed, "effect"))
    assert (told["creates"], told["updates"], told["removals"]) == (
        effects["create"],
        effects["update"],
        effects["remove"],
    )
    assert (told["invalid"], told["superseded"]) == (effects["invalid"], effects["superseded"])


def test_what_was_planned_is_delivered(changed: Warehouse, sandbox: SandboxServer) -> None:
    """The plan's table changes nothing of the plan: a reviewed run has the same digest, and sends what is there."""
    told = sync("plan", dry_run=True, plan_to=TABLE, plan_values=True, **SETTINGS)
    delivered = sync("deliver", reviewed_run=told["run_id"], **SETTINGS)
    effects = Counter(effect for (effect,) in in_table(changed, "effect"))
    assert (delivered["created"], delivered["updated"], delivered["removed"]) == (
        *(effects["create"], effects["update"], effects["remove"]),
    )
    keys = {key for key, effect in in_table(changed, "source_key", "effect") if effect == "create"}
    assert all(sandbox.account.holder("email", f"p{key}@example.com") for key in keys)


def test_values_are_there_only_where_they_are_asked_for(changed: Warehouse) -> None:
    """They are those of the fields that would change, as they would be sent."""
    sync("plan", dry_run=True, plan_to=TABLE, plan_values=True, **SETTINGS)
    values = {key: said and json.loads(said) for key, said in in_table(changed, "source_key", "new_values")}
    assert values["1"] == {"email": "p1@example.com", "first_name": "Renamed", "country": "US"}
    assert values["21"] == {"email": "p21@example.com", "first_name": "P21"}
    assert [values[key] for key in ("6", "22", "24")] == [None, None, None]


def test_a_comparison_names_what_differs_and_what_is_adopted(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Of a contact that the account would match, its id and its fields are known too."""
    warehouse.fill(*people(1, 2, 3))
    sync("set-up")
    sandbox.account.update(id_of(sandbox, 1), {"firstName": "Edited"})
    sandbox.account.delete(id_of(sandbox, 2))
    adopted, matched = add(sandbox, 4), add(sandbox, 5, firstName="Other")
    warehouse.fill(*people(1, 2, 3, 4, 5, 6))

    sync("plan", compare="account", dry_run=True, plan_to=TABLE, plan_values=True, timing=LATER)

    assert sorted(in_table(warehouse, "source_key", "contact_id", "effect", "new_values")) == [
        ("1", id_of(sandbox, 1), "update", '{"first_name": "P1"}'),
        ("2", None, "create", '{"email": "p2@example.com", "first_name": "P2"}'),
        ("4", adopted, "adopt", None),
        ("5", matched, "update", '{"first_name": "P5"}'),
        ("6", None, "create", '{"email": "p6@example.com", "first_name": "P6"}'),
    ]


def test_custom_fields_channels_and_tags_have_their_names(warehouse: Warehouse) -> None:
    """As the query writes them; tags that are added and removed are told apart."""
    warehouse.fill((1, "p1@example.com", "P1", None, None))
    sql = """SELECT id, email, 7.5 AS "custom.Lifetime Value", 'inactive' AS "dnd.sms", 'a, b' AS tags FROM customers"""
    removal = RemovalPolicy("tag", ("left",))
    sync("plan", sql=sql, dry_run=True, plan_to=TABLE, plan_values=True, removal=removal)
    [(fields, said)] = in_table(warehouse, "changed_fields", "new_values")
    assert fields == "email, custom.Lifetime Value, dnd.sms, tags"
    values = json.loads(said)
    assert values.pop("tags") == {"add": ["a", "b"], "remove": ["left"]}
    assert values == {"email": "p1@example.com", "custom.Lifetime Value": 7.5, "dnd.sms": "inactive"}
    sync("again", sql=sql, dry_run=True, plan_to=TABLE, plan_values=True, rules=ContactRules(tags_mode="replace"))
    [(said,)] = in_table(warehouse, "new_values")
    assert json.loads(said)["tags"] == ["a", "b"]


def test_the_table_has_the_last_dry_run_of_each_sync(warehouse: Warehouse) -> None:
    """Another sync's rows stay."""
    warehouse.fill(*people(1, 2))
    sync("one", dry_run=True, plan_to=TABLE)
    sync("other", dry_run=True, plan_to=TABLE, sync_name="other")
    warehouse.fill(*people(3))
    told = sync("two", dry_run=True, plan_to=TABLE)
    found = in_table(warehouse, "sync_name", "source_key")
    assert sorted(found) == [("customers.sync", "3"), ("other", "1"), ("other", "2")]
    assert (told["run_id"],) in in_table(warehouse, "run_id")


def write_half(output: PlanOutput) -> None:
    """Write rows, and end before all of them are written."""
    with output.open() as write:
        write([PlanEntry(str(number), None, "create", "email", "") for number in range(2, 5000)])
        raise StoppedError


@pytest.mark.parametrize("target", [TABLE, "plan.csv"])
def test_a_dry_run_that_ends_half_way_leaves_the_rows_before(warehouse: Warehouse, tmp_path: Path, target: str) -> None:
    """Whatever ends it: the table or file is as the dry run before left it, with no draft beside it."""
    file = tmp_path / "plan.csv"
    plan_to = target if target == TABLE else str(file)
    warehouse.fill(*people(1))
    sync("one", dry_run=True, plan_to=plan_to)

    def shown() -> object:
        return in_table(warehouse, "run_id", *PLAN_COLUMNS) if target == TABLE else in_file(file)

    before = shown()
    request = operator(dry_run=True, plan_to=plan_to).request
    common = {
        "sync_name": "customers.sync",
        "location_id": "sandbox-location",
        "run_id": "two",
        "created_at": utc_now(),
    }
    output = PlanOutput(request.plan_to, plan_engine(request), common)
    with pytest.raises(StoppedError):
        write_half(output)

    assert shown() == before
    assert [each.name for each in tmp_path.iterdir() if "plan.csv" in each.name] == ["plan.csv"][: target != TABLE]
    with output.open() as write:
        write([PlanEntry("2", None, "create", "email", "")])
    assert shown() != before


def test_a_file_is_for_its_owner_and_for_no_formula(warehouse: Warehouse, tmp_path: Path) -> None:
    """Nobody else may read it, and a spreadsheet computes neither a key nor a value."""
    file = tmp_path / "plan.csv"
    warehouse.run("DROP TABLE customers")
    warehouse.run("CREATE TABLE customers (id TEXT, email TEXT, first_name TEXT, phone TEXT, country TEXT)")
    warehouse.fill(cast("Row", ("=1+1", "p1@example.com", "a;=2", "+12025550101", "US")))

    sync("plan", dry_run=True, plan_to=str(file), plan_values=True)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    [row] = in_file(file)
    assert row["source_key"] == "'=1+1"
    assert "+1" not in row["new_values"]
    assert ";=" not in row["new_values"]
    assert json.loads(row["new_values"])["phone"] == "+12025550101"
    assert (row["sync_name"], row["effect"], row["contact_id"]) == ("customers.sync", "create", "")


def test_a_file_that_cannot_be_written_is_an_error(warehouse: Warehouse, tmp_path: Path) -> None:
    """The folder must exist."""
    warehouse.fill(*people(1))
    with pytest.raises(AirflowFailException, match=r"The plan can't be written to '.*/none/plan.csv': No such file"):
        sync(dry_run=True, plan_to=str(tmp_path / "none" / "plan.csv"))


@pytest.fixture(params=["postgresql", "mariadb", "duckdb"])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sa.Engine | Path]:
    """A database that plans are written to, with a schema `crm`, over the connection `plans`."""
    if request.param == "duckdb":
        file = tmp_path / "plans.duckdb"
        with duckdb.connect(str(file)) as opened:
            opened.execute("CREATE SCHEMA crm")
        monkeypatch.setenv("AIRFLOW_CONN_PLANS", json.dumps({"conn_type": "duckdb", "host": str(file)}))
        yield file
        return
    with (postgres_database if request.param == "postgresql" else mariadb_database)() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        monkeypatch.setenv("AIRFLOW_CONN_PLANS", airflow_connection(url))
        if request.param == "postgresql":
            with engine.begin() as connection:
                connection.execute(sa.schema.CreateSchema("crm"))
        yield engine


def test_a_table_of_each_database(changed: Warehouse, database: sa.Engine | Path) -> None:
    """It is made, replaced, and has text as it is."""
    name = "leadway_plan" if isinstance(database, sa.Engine) and database.name != "postgresql" else "crm.leadway_plan"
    changed.run("UPDATE customers SET first_name = 'Zoë 🎉 %s' WHERE id = 21")

    def rows() -> list[tuple[Any, ...]]:
        sql = f"SELECT source_key, effect, new_values, created_at FROM {name} ORDER BY source_key"  # noqa: S608 - one of two names
        if isinstance(database, Path):
            with duckdb.connect(str(database)) as opened:
                return opened.execute(sql).fetchall()
        with database.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(sql))]

    for run_id in ("one", "two"):
        at = LATER.clock.now().replace(tzinfo=None)
        sync(run_id, dry_run=True, plan_to=f"plans:{name}", plan_values=True, timing=LATER, **SETTINGS)
        found = rows()
        assert [row[:2] for row in found] == [
            *(("1", "update"), ("21", "create"), ("22", "superseded"), ("24", "invalid"), ("5", "create")),
            *(("6", "remove"), ("7", "remove")),
        ]
        assert json.loads(found[1][2])["first_name"] == "Zoë 🎉 %s"
        assert abs((found[0][3] - at).total_seconds()) < 60


def test_a_table_with_other_columns_is_an_error(warehouse: Warehouse) -> None:
    """It is left as it is."""
    warehouse.fill(*people(1))
    warehouse.run("CREATE TABLE leadway_plan (id INTEGER)")
    with pytest.raises(
        AirflowFailException, match=r"'leadway_plan' of connection 'warehouse' can't take the plan.*source_key"
    ):
        sync(dry_run=True, plan_to=TABLE)


def test_a_database_that_is_away_lets_the_task_try_again(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was sent, and the plan is made anew."""
    warehouse.fill(*people(1))
    monkeypatch.setenv("AIRFLOW_CONN_AWAY", '{"conn_type": "postgres", "host": "127.0.0.1", "port": 1}')
    with pytest.raises(SourceUnavailableError, match="Table 'plan' of connection 'away' can't be reached for the plan"):
        sync(dry_run=True, plan_to="away:plan")


@pytest.mark.parametrize(
    "target", ["plan.csv", "warehouse", ":plan", "warehouse:", "a:b.c.d", "a:.b", "s3://x/y.csv", 7]
)
def test_what_is_neither_a_table_nor_a_file_is_an_error(target: object) -> None:
    """When the DAG is read."""
    with pytest.raises(ConfigurationError, match=r"plan_to of task sync is .*; give a connection and a table"):
        operator(dry_run=True, plan_to=target)


def test_only_a_dry_run_writes_its_plan(warehouse: Warehouse) -> None:
    """Where `dry_run` is a template, that shows when the task runs; blank is nowhere."""
    warehouse.fill(*people(1))
    with pytest.raises(ConfigurationError, match="Task sync has plan_to, and dry_run is False"):
        operator(plan_to=TABLE)
    task = operator(plan_to=TABLE, dry_run="{{ params.dry_run }}")
    for dry_run, plan_to, is_valid in (("True", TABLE, True), ("False", TABLE, False), ("False", "", True)):
        task.dry_run, task.plan_to = dry_run, plan_to  # type: ignore[assignment, method-assign]  # as Airflow renders it
        if is_valid:
            assert bool(task.request.plan_to) == bool(plan_to)
        else:
            with pytest.raises(ConfigurationError, match="dry_run is False"):
                _ = task.request
