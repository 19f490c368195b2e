"""Data that no one expects: a megabyte of text, two thousand columns, names that come twice, SQL in values."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.sandbox.custom_fields import SandboxCustomField
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.faults.promise import OUTCOMES, acknowledged, assert_kept, attempt, connect, failed, state_of
from tests.operators.people import counted, held
from tests.operators.task import TaskInstance, Warehouse

MEGABYTE = "Lorem ipsum " * 90_000
INJECTION = "x'; DROP TABLE customers; --"
COLUMNS = 2_000
"""As many as SQLite lets a result have."""


def big(target: str) -> str:
    """A query of one row with a megabyte of text in that column, and one row without."""
    return f"""
        SELECT 'whole' AS id, 'ann@example.com' AS email, :text AS "{target}"
        UNION ALL SELECT 'small', 'bob@example.com', 'Bob'
    """


@pytest.mark.parametrize("target", ["first_name", "custom.Notes", "tags"])
def test_a_megabyte_of_text(sandbox: SandboxServer, target: str) -> None:
    """Text of any length is planned, kept in the outbox, sent and compared with the answer."""
    text = MEGABYTE.strip() if target != "tags" else MEGABYTE.strip().lower()
    report = attempt(sql=big(target), parameters={"text": MEGABYTE})
    assert counted(report) == {"created": 2}
    found = held(sandbox)["firstName" if target == "first_name" else target]
    assert found == ([text] if target == "tags" else text)
    assert attempt("two", sql=big(target), parameters={"text": MEGABYTE})["unchanged"] == 2


@pytest.mark.parametrize("target", ["phone", "country", "custom.Lifetime Value", "custom.Plan", "date_of_birth"])
def test_a_megabyte_where_it_can_not_be(sandbox: SandboxServer, target: str) -> None:
    """A value that its field can't take is withheld whatever its length, and the row is sent without it."""
    report = attempt(sql=big(target), parameters={"text": MEGABYTE})
    assert (report["read"], report["created"], report["withheld"]) == (2, 2, 2)
    assert all(len(str(call.body)) < 1_000 for call in sandbox.journal.upserts)


@pytest.mark.parametrize(
    ("column", "says"),
    [("id", r"row 1 of the result \(invalid\): The key \(id\) is .* over 255"), ("email", "key whole")],
)
def test_a_megabyte_that_makes_a_row_invalid(
    sandbox: SandboxServer, caplog: pytest.LogCaptureFixture, column: str, says: str
) -> None:
    """As a key or as the only identity: the row is invalid and named, without its value, and the other is sent."""
    sql = big("first_name").replace({"id": "'whole'", "email": "'ann@example.com'"}[column], ":text", 1)
    failed(AirflowFailException, "1 of 2 rows rejected", sql=sql, parameters={"text": MEGABYTE})
    assert re.search(f"Rejected: {says}", caplog.text)
    assert MEGABYTE not in caplog.text
    assert [call.body["email"] for call in sandbox.journal.upserts if call.body] == ["bob@example.com"]


def test_a_megabyte_that_the_api_refuses(sandbox: SandboxServer, caplog: pytest.LogCaptureFixture) -> None:
    """The reason is told without the value, and finding it there takes no time."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, email="ann@example.com"))
    failed(AirflowFailException, "1 refused by the API", sql=big("custom.Notes"), parameters={"text": MEGABYTE})
    assert re.search(r"key whole \(refused\): Unprocessable Entity", caplog.text)
    assert counted(attempt("two", sql=big("custom.Notes"), parameters={"text": MEGABYTE})) == {
        "unchanged": 1,
        "created": 1,
    }


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """An account with as many custom fields as the query has columns beside key and e-mail."""
    fields = tuple(SandboxCustomField.named(f"Field {number}", "TEXT") for number in range(COLUMNS - 2))
    with SandboxServer(Settings(burst=None, daily=None, custom_fields=fields)) as server:
        connect(monkeypatch, server)
        yield server


def test_two_thousand_columns(wide: SandboxServer) -> None:
    """Each column finds its custom field, and each value arrives there."""
    values = ", ".join(f"'value ' || n || '.{number}' AS \"custom.Field {number}\"" for number in range(COLUMNS - 2))
    sql = f"SELECT n AS id, 'p' || n || '@example.com' AS email, {values} FROM (SELECT 1 AS n UNION ALL SELECT 2)"  # noqa: S608  # numbers
    assert counted(attempt(sql=sql)) == {"created": 2}
    for person in (1, 2):
        found = held(wide, f"p{person}@example.com")
        assert all(found[f"custom.Field {number}"] == f"value {person}.{number}" for number in range(COLUMNS - 2))
    assert attempt("two", sql=sql)["unchanged"] == 2


@pytest.mark.parametrize("parameters", [None, {"least": 0}], ids=["sent as it is", "with parameters"])
@pytest.mark.parametrize("twice", ["email", "first_name", "id"])
def test_two_columns_of_one_name(
    sandbox: SandboxServer, people: Warehouse, twice: str, parameters: dict[str, Any] | None
) -> None:
    """Neither is guessed to be the right one: nothing is sent, and the name is told with what to do."""
    where = " WHERE id > :least" if parameters else ""
    sql = f"SELECT id, email, first_name, country AS {twice} FROM customers{where}"  # noqa: S608  # names of the test
    failed(
        AirflowFailException,
        f"two columns named '{twice}'",
        "give one of them another alias",
        sql=sql,
        parameters=parameters,
    )
    assert acknowledged(state_of(people)) == 0
    assert not sandbox.journal.upserts
    assert_kept(sandbox, attempt())


def test_sql_in_a_templated_parameter(sandbox: SandboxServer, people: Warehouse) -> None:
    """A parameter is rendered by Airflow and bound by the driver: whatever a run is given, it is compared, not run."""
    operator = LeadwayUpsertContactsOperator(
        task_id="sync",
        sql="SELECT id, email, first_name FROM customers WHERE country = :country OR first_name = :name",
        parameters={"country": "{{ params.country }}", "name": "{{ params.name }}"},
        sql_conn_id="warehouse",
        key="id",
        state_conn_id="state",
    )
    people.fill((1, "ann@example.com", INJECTION, None, "NO"), (2, "bob@example.com", "Bob", None, "SE"))
    context: Any = {"params": {"country": "NO' OR '1' = '1", "name": INJECTION}, "ti": TaskInstance()}
    operator.render_template_fields(context)
    assert counted(operator.execute(context)) == {"created": 1}
    assert held(sandbox)["firstName"] == INJECTION
    with sqlite3.connect(people.file) as database:
        assert database.execute("SELECT count(*) FROM customers").fetchone() == (2,)


def test_sql_in_values_and_names(sandbox: SandboxServer, people: Warehouse) -> None:
    """Keys, values, the sync's name and the run's id are data in the state store too."""
    people.fill((1, "ann@example.com", "x'); DROP TABLE leadway_row; --", None, None))
    sql = "SELECT first_name AS id, email, first_name FROM customers"
    name = "n'; DELETE FROM leadway_outbox; --"
    report = attempt(INJECTION, sql=sql, sync_name=name)
    assert report["read"] == sum(report[outcome] for outcome in OUTCOMES) == report["created"] == 1
    assert held(sandbox)["firstName"] == "x'); DROP TABLE leadway_row; --"
    assert attempt("two", sql=sql, sync_name=name)["unchanged"] == 1
