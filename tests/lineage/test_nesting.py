"""Queries that lead back to themselves, and queries that are nested deeply."""

from __future__ import annotations

import pytest

from leadway_provider.lineage.origin import Origin
from leadway_provider.lineage.query import read_query


@pytest.mark.parametrize(
    ("sql", "backend"),
    [
        ("SELECT id FROM OPENQUERY(srv, 'SELECT 1')", "mssql"),
        ("SELECT id FROM remote('host', db.people)", "clickhouse"),
        ("SELECT id FROM range(id), range(x)", "duckdb"),
        ("SELECT lower(email) AS id, lower(id) AS email FROM t", "clickhouse"),
        ("SELECT ids AS id FROM UNNEST(ids) AS ids", "bigquery"),
        (
            "SELECT id FROM t MATCH_RECOGNIZE (ORDER BY at MEASURES last(x) AS id PATTERN (a) DEFINE a AS true)",
            "snowflake",
        ),
        ("SELECT a.b.id FROM t", "postgresql"),
    ],
)
def test_a_query_that_seems_to_read_itself_is_read(sql: str, backend: str) -> None:
    """No part of a query is followed back to itself: the column is unresolved, and the reason is a word about it."""
    found = read_query(sql, backend, ("id",))
    assert found.problem is None
    assert found.columns[0].origin is Origin.UNRESOLVED
    assert "failed" not in (found.columns[0].problem or "")


ONE = "SELECT id AS id FROM t"
BRACKETS = "(" * 300 + "id" + ")" * 300
CALLS = "lower(" * 90 + "id" + ")" * 90
NOTS = "NOT " * 5000 + "id"
OPERANDS = " || ".join(["id"] * 3000)
UNION = " UNION ALL SELECT id FROM t"
LINKS = [f"c{i} AS (TABLE {previous})" for i, previous in enumerate(["t", *(f"c{i}" for i in range(400))])]
CHAIN = "WITH " + ", ".join(LINKS) + " TABLE c400"


@pytest.mark.parametrize(
    "sql",
    [
        *(ONE.replace("id AS", f"{value} AS") for value in (BRACKETS, CALLS, NOTS, OPERANDS)),
        "SELECT id FROM t" + UNION * 1500,
        CHAIN,
    ],
    ids=["brackets", "calls", "nots", "operands", "unions", "expressions"],
)
def test_a_query_that_is_nested_too_deeply_is_told(sql: str) -> None:
    """However deep it is, reading it ends, and the reason says so."""
    found = read_query(sql, "postgresql", ("id",))
    [column] = found.columns
    assert column.origin is Origin.UNRESOLVED
    assert "nested too deeply" in (column.problem or "")


@pytest.mark.parametrize(
    "sql",
    [
        ONE.replace("id AS", " || ".join(["id"] * 400) + " AS") + " WHERE n IN (" + ", ".join(["1"] * 5000) + ")",
        "SELECT id FROM t" + UNION * 150,
    ],
    ids=["operands", "unions"],
)
def test_long_lists_are_not_too_deep(sql: str) -> None:
    """Hundreds of operands, values and tables after each other are read."""
    [column] = read_query(sql, "postgresql", ("id",)).columns
    assert {(each.table.name, each.column) for each in column.inputs} == {("t", "id")}


def test_an_alias_is_used_only_after_it_is_written() -> None:
    """In Snowflake, a name before the alias is the table's column."""
    found = read_query("SELECT trim(name) AS label, upper(label) AS name FROM t", "snowflake")
    assert [[each.column for each in column.inputs] for column in found.columns] == [["NAME"], ["NAME"]]
