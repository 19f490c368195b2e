"""Where a query's columns come from, for queries as data engineers write them."""

from __future__ import annotations

from collections import Counter

import pytest

from leadway_provider.lineage.origin import Effect, Origin, ResultColumn, Table
from leadway_provider.lineage.query import read_query
from tests.lineage.case import Case
from tests.lineage.corpus import CORPUS

LETTERS = {
    Effect.TRANSFORMATION: ":T",
    Effect.AGGREGATION: ":A",
    Effect.CONDITIONAL: ":C",
    Effect.WINDOW: ":W",
    Effect.IDENTITY: "",
}


def dotted(table: Table) -> str:
    """Return a table as the corpus writes it."""
    return ".".join(filter(None, (table.catalog, table.schema, table.name)))


def written(column: ResultColumn) -> set[str]:
    """Return what a column is made from, as the corpus writes it."""
    if column.origin is Origin.COLUMNS:
        return {f"{dotted(each.table)}.{each.column}{LETTERS[each.effect]}" for each in column.inputs}
    return {"?" if column.origin is Origin.UNRESOLVED else column.origin.value}


def named_tables(case: Case) -> set[str]:
    """Return the tables that a case lists, or those that its columns name."""
    if case.tables:
        return set(case.tables.split())
    edges = {edge for sources in case.columns.values() for edge in sources.split() if "." in edge}
    return {edge.rpartition(".")[0] for edge in edges}


@pytest.mark.parametrize("case", CORPUS, ids=str)
def test_the_columns_of_a_query_are_traced_to_their_tables(case: Case) -> None:
    """Every column of the result has exactly the source columns that the case names."""
    found = read_query(case.sql, case.backend, tuple(case.columns))
    assert found.problem is None
    assert {each.name: written(each) for each in found.columns} == {
        name: set(sources.split()) for name, sources in case.columns.items()
    }
    assert {dotted(table) for table in found.tables} == named_tables(case)


def test_the_corpus_is_large_enough() -> None:
    """There are at least a hundred queries, and several for each database."""
    assert len(CORPUS) >= 100
    assert min(Counter(case.backend for case in CORPUS).values()) >= 7
