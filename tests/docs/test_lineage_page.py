"""The page about lineage has the outcomes that the code has."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from leadway_provider import __version__
from leadway_provider.lineage.facet import PRODUCER
from leadway_provider.lineage.query import read_query
from leadway_provider.store.ledger import CLEARED
from leadway_provider.sync.outcome import COUNTED, OUTCOMES, RowState
from tests.docs.page import blocks, quoted, read, table

PAGE: Final = read("docs/lineage.md")
COUNTS: Final[dict[str, Any]] = json.loads(blocks(PAGE, "json")[0])["properties"]["counts"]


def test_the_schema_has_every_count() -> None:
    """The facet's counts are those of the report, in its order."""
    assert list(COUNTS["properties"]) == list(COUNTED)


def test_the_schema_says_which_counts_add_up() -> None:
    """The sentence about `read` and `carried` names every outcome, in the order of the report."""
    [sum_of] = re.findall(r"`read` and `carried` [^.]*are together the sum of ([\w, ]+)[.;]", COUNTS["description"])
    assert re.findall(r"\w+", sum_of.replace(" and ", ", ")) == list(OUTCOMES)


def test_the_ledger_has_every_outcome_of_a_delivery() -> None:
    """The column `outcome` can have each state that a call leads to, and one for a contact that gives an e-mail up."""
    columns = {quoted(name)[0]: meaning for name, meaning in table(PAGE, "column", "meaning")}
    delivered = [state for state in RowState if state.phase == "deliver"]
    assert quoted(columns["outcome"]) == [*delivered, RowState.REMOVED, RowState.UNREMOVED, CLEARED]


UNSEEN: Final = {
    "read_parquet('…')": ("duckdb", "SELECT id FROM {}"),
    "get_customers(5)": ("postgresql", "SELECT id FROM {}"),
    "postgresql('…')": ("clickhouse", "SELECT id FROM {}"),
    "FROM 'customers.parquet'": ("duckdb", "SELECT id {}"),
    "$1 … FROM @stage": ("snowflake", "SELECT {}"),
    "OPENQUERY(srv, '…')": ("mssql", "SELECT id FROM {}"),
    "remote('…', db.people)": ("clickhouse", "SELECT id FROM {}"),
    "dblink('…')": ("postgresql", "SELECT id FROM {} AS x (id int)"),
    "EXTERNAL_QUERY('…')": ("bigquery", "SELECT id FROM {}"),
    "srv.shop.dbo.people": ("mssql", "SELECT id FROM {}"),
    "COLUMNS('em.*')": ("duckdb", "SELECT {} FROM t"),
    "* LIKE 'em%'": ("duckdb", "SELECT {} FROM t"),
    "IDENTIFIER('…')": ("snowflake", "SELECT {} AS id FROM t"),
    "dictGet('…')": ("clickhouse", "SELECT {} AS id FROM t"),
    "default_email()": ("postgresql", "SELECT {} AS id FROM t"),
    "current_setting('…')": ("postgresql", "SELECT {} AS id FROM t"),
}
"""The database of each example, and a query around it."""


def test_what_the_page_calls_unresolved_is_unresolved() -> None:
    """Every example of what a query reads from elsewhere is one, and so is each that this test knows."""
    examples = [example for _, cell in table(PAGE, "read from", "examples") for example in quoted(cell)]
    assert examples == list(UNSEEN)
    for example, (backend, query) in UNSEEN.items():
        sql = query.format(example.replace("$1 … FROM", "$1 AS id FROM"))
        found = read_query(sql, backend, ("id",))
        assert (found.problem, [each.origin.value for each in found.columns]) == (None, ["unresolved"]), sql


def test_the_functions_that_the_page_follows_are_followed() -> None:
    """UNNEST, FLATTEN, json_each and OPENJSON lead to the columns that are their arguments."""
    followed = {
        "UNNEST": ("trino", "SELECT x.id FROM t CROSS JOIN UNNEST(t.ids) AS x (id)"),
        "FLATTEN": ("snowflake", "SELECT x.value AS id FROM t, LATERAL FLATTEN(input => t.ids) x"),
        "json_each": ("sqlite", "SELECT x.value AS id FROM t, json_each(t.ids) AS x"),
        "OPENJSON": ("mssql", "SELECT x.value AS id FROM t CROSS APPLY OPENJSON(t.ids) AS x"),
    }
    [named] = re.findall(r"make rows of their arguments, such as ([^.]*?) are followed", PAGE, re.DOTALL)
    assert quoted(named) == list(followed)
    for backend, sql in followed.values():
        [column] = read_query(sql, backend, ("id",)).columns
        assert [each.column.lower() for each in column.inputs] == ["ids"]


def test_the_page_names_the_producer() -> None:
    """The address in the page is the one in the facets."""
    assert PRODUCER.replace(__version__, "<version>") in PAGE
