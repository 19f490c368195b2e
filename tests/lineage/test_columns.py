"""Where a query's columns come from, over queries as data engineers write them."""

from __future__ import annotations

import pytest

from leadway_provider.lineage.query import Effect, Origin, ResultColumn, Table, read_query
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
    """A table as the corpus writes it."""
    return ".".join(filter(None, (table.catalog, table.schema, table.name)))


def written(column: ResultColumn) -> set[str]:
    """What feeds a column, as the corpus writes it."""
    if column.origin is Origin.COLUMNS:
        return {f"{dotted(each.table)}.{each.column}{LETTERS[each.effect]}" for each in column.inputs}
    return {"?" if column.origin is Origin.UNRESOLVED else column.origin.value}


def named_tables(case: Case) -> set[str]:
    """The tables that a case's columns name, or those it lists."""
    if case.tables:
        return set(case.tables.split())
    edges = {edge for fed in case.columns.values() for edge in fed.split() if "." in edge}
    return {edge.rpartition(".")[0] for edge in edges}


@pytest.mark.parametrize("case", CORPUS, ids=str)
def test_the_columns_of_a_query_are_traced_to_their_tables(case: Case) -> None:
    """Every column of the result has exactly the edges that were written down for it."""
    found = read_query(case.sql, case.backend, tuple(case.columns))
    assert found.problem is None
    assert {each.name: written(each) for each in found.columns} == {
        name: set(fed.split()) for name, fed in case.columns.items()
    }
    assert {dotted(table) for table in found.tables} == named_tables(case)


def test_the_corpus_is_large_enough() -> None:
    """Forty queries in four dialects are the least."""
    assert len(CORPUS) >= 40
    assert len({case.backend for case in CORPUS}) >= 4
