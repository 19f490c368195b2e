"""Queries that can't be read, and the contact fields that columns feed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from leadway_provider import lineage
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.mapping import compile_mapping
from leadway_provider.lineage.fields import ContactField, contact_fields, expected_fields
from leadway_provider.lineage.origin import Origin
from leadway_provider.lineage.query import read_query
from leadway_provider.lineage.run import RunLineage
from leadway_provider.lineage.source import SourceDatabase


@pytest.mark.parametrize(
    ("sql", "backend", "says"),
    [
        ("SELECT id, email FROM", "postgresql", "line 1"),
        ("SELECT id, 'email FROM customers", "postgresql", "words"),
        ("UPDATE customers SET email = NULL RETURNING id, email", "postgresql", "one SELECT"),
        ("SELECT id, email FROM a; SELECT id, email FROM b", "postgresql", "one SELECT"),
        ("", "sqlite", "one SELECT"),
        ("SELECT id, email FROM customers", "ingres", "dialect 'ingres'"),
    ],
)
def test_a_query_that_can_not_be_read_has_its_reason(sql: str, backend: str, says: str) -> None:
    """It has no tables, every column of its result is unresolved, and no error is raised."""
    found = read_query(sql, backend, ("id", "email"))
    assert says in (found.problem or "")
    assert found.tables == ()
    assert [(each.name, each.origin, each.problem) for each in found.columns] == [
        ("id", Origin.UNRESOLVED, found.problem),
        ("email", Origin.UNRESOLVED, found.problem),
    ]


def test_the_reason_quotes_nothing_of_the_query() -> None:
    """A literal in a query that can't be parsed is not in the reason."""
    found = read_query("SELECT 'ann@example.com' 'bob@example.com' WHERE FROM x", "postgresql", ("email",))
    assert found.problem
    assert "example.com" not in found.problem


def test_without_the_parser_the_reason_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser is an optional package, and its absence is not an error."""
    for module in ("sql", "scope", "functions", "resolver", "tables"):
        monkeypatch.delattr(lineage, module, raising=False)
        monkeypatch.delitem(sys.modules, f"leadway_provider.lineage.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    assert "leadway-provider[lineage]" in (read_query("SELECT 1", "sqlite", ("one",)).problem or "")


def test_the_parser_is_loaded_when_a_query_is_read() -> None:
    """Importing the package does not import the parser, which takes time."""
    program = (
        "import sys\n"
        "from leadway_provider.lineage import assets, fields, origin, query, record, run, source\n"
        "print('sqlglot' in sys.modules)\n"
        "query.read_query('SELECT id FROM customers', 'sqlite')\n"
        "print('sqlglot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_without_a_live_result_the_query_names_its_columns() -> None:
    """Before the query runs, its text gives the columns; if it has a star, it gives only the tables."""
    named = read_query('SELECT id, mail AS "E-Mail" FROM customers', "sqlite")
    assert [each.name for each in named.columns] == ["id", "E-Mail"]
    starred = read_query("SELECT * FROM customers", "sqlite")
    assert (starred.columns, [table.name for table in starred.tables]) == ((), ["customers"])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT to_jsonb(c) AS email FROM customers c",
        "SELECT x.email FROM customers AS x (id, email)",
        "SELECT p.email FROM (SELECT * FROM t) AS s PIVOT (max(v) FOR k IN ('email')) AS p",
        "SELECT * FROM a NATURAL JOIN b",
        "SELECT email FROM a CROSS JOIN b",
    ],
)
def test_what_the_text_does_not_show_is_unresolved(sql: str) -> None:
    """A column of a whole row, a renamed or pivoted table or a natural join has no source rather than a wrong one."""
    [column] = read_query(sql, "postgresql" if "PIVOT" not in sql else "snowflake", ("email",)).columns
    assert (column.origin, column.inputs) == (Origin.UNRESOLVED, ())
    assert column.problem


def test_an_escaped_colon_is_read_as_the_database_gets_it() -> None:
    """In a query with parameters, the colons of a cast may be escaped."""
    sql = "SELECT id, mail\\:\\:text AS email FROM customers WHERE id > :since"
    bound = RunLineage(
        sync="s",
        sql_conn_id="w",
        source=SourceDatabase("postgresql", "postgres://h:5432"),
        sql=sql,
        host="h",
        location_id="l",
        key=("id",),
        parameters=True,
    )
    assert [each.origin for each in bound.query().columns] == [Origin.COLUMNS, Origin.COLUMNS]
    assert replace(bound, parameters=False).query().problem


def test_custom_fields_have_the_names_that_people_see() -> None:
    """A custom field that is mapped by id, key or name, in any case, has its name in the CRM."""
    value = CustomField("a1", "Lifetime Value", "contact.lifetime_value", "MONETORY")
    plan = CustomField("b2", "Plan", "contact.plan", "TEXT")
    mapping = compile_mapping(
        ["id", "EMAIL", "ltv"],
        key=["id"],
        mapping={"ltv": "custom.lifetime_value"},
        constants={"custom.b2": "pro", "source": "warehouse"},
        custom_fields=[value, plan],
    )
    assert set(contact_fields(mapping, [value, plan])) == {
        ContactField("email", "email", "EMAIL"),
        ContactField("custom.Lifetime Value", "MONETORY", "ltv"),
        ContactField("custom.Plan", "TEXT"),
        ContactField("source", "text"),
    }


def test_before_the_account_is_read_the_names_show_the_fields() -> None:
    """A column that is not a target feeds no field, and `mapping` names columns in any case."""
    assert expected_fields(["id", "MAIL", "firstName"], {"mail": "email"}, ["tags"]) == (
        ContactField("email", "email", "MAIL"),
        ContactField("first_name", "text", "firstName"),
        ContactField("tags", "tags"),
    )
