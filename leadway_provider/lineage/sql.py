"""Reading SQL with sqlglot: one SELECT, its tables, and where its columns come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.scope import build_scope, traverse_scope

from leadway_provider.lineage.origin import QueryLineage, UnreadableError
from leadway_provider.lineage.resolver import Resolver
from leadway_provider.lineage.scope import ScopeColumns
from leadway_provider.lineage.tables import named_table

_MAX_BRACKETS: Final = 200
"""How deep brackets may be nested. The parser recurses; its compiled form would end the process."""
_MAX_DEPTH: Final = 1000
"""How deep the parsed query may be. The time that sqlglot needs grows with the square of it."""
_TOO_DEEP: Final = "the SQL is nested too deeply"


def read(sql: str, dialect: str, columns: Sequence[str] | None) -> QueryLineage:
    """Find a query's tables and where its columns come from.

    Args:
        sql: the query.
        dialect: the parser's name for the database.
        columns: the names of the live result's columns, or None before the query has run.

    Raises:
        UnreadableError: it is not one SELECT, it is nested too deeply, or the parser does not have the dialect.
    """
    try:
        return _read(_parsed(sql, dialect), dialect, columns)
    except RecursionError:
        raise UnreadableError(_TOO_DEEP) from None


def _read(query: exp.Query, dialect: str, columns: Sequence[str] | None) -> QueryLineage:
    written = query.named_selects
    matched = _in_one_spelling(query) if dialect == "tsql" else normalize_identifiers(query, dialect=dialect)
    root = build_scope(qualify_tables(matched, dialect=dialect))
    if root is None:
        raise UnreadableError("the SQL is not one SELECT")
    scope_columns = ScopeColumns()
    sources = (source for scope in traverse_scope(root.expression) for source in scope.sources.values())
    tables = {named_table(source, dialect) for source in sources if isinstance(source, exp.Table)} - {None}
    names = columns or (scope_columns.names(root) if "*" in written else written)
    resolver = Resolver(dialect, scope_columns)
    return QueryLineage(tuple(sorted(filter(None, tables))), tuple(resolver.result_columns(root, names or ())))


def _parsed(sql: str, dialect: str) -> exp.Query:
    if _bracket_depth(sql) > _MAX_BRACKETS:
        raise UnreadableError(_TOO_DEEP)
    try:
        statements = [each for each in sqlglot.parse(sql, read=dialect) if each]
    except ParseError as error:
        line = error.errors[0].get("line") if error.errors else None
        raise UnreadableError(f"the SQL can't be parsed near line {line}") from None
    except TokenError:
        raise UnreadableError("the SQL can't be split into words") from None
    except ValueError:
        raise UnreadableError(f"the parser does not have the dialect {dialect!r}") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise UnreadableError("the SQL is not one SELECT")
    if _depth(statements[0]) > _MAX_DEPTH:
        raise UnreadableError(_TOO_DEEP)
    for final in list(statements[0].find_all(exp.Final)):  # ClickHouse: the table is the same without it
        final.replace(final.this)
    return statements[0]


def _in_one_spelling(query: exp.Query) -> exp.Query:
    """Spell each name in one way, as a table or the innermost part of the query does.

    SQL Server compares names without their case, and keeps the case in which they were created.
    """
    spellings: dict[str, str] = {}
    for table in query.find_all(exp.Table):
        for part in table.parts:
            spellings.setdefault(part.name.lower(), part.name)
    for identifier in reversed(list(query.find_all(exp.Identifier))):
        identifier.set("this", spellings.setdefault(identifier.name.lower(), identifier.name))
    return query


def _bracket_depth(sql: str) -> int:
    """Return how deep brackets are nested at most, with those in texts and comments."""
    depth = deepest = 0
    for character in sql:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest


def _depth(query: exp.Expr) -> int:
    """Return how deep an expression is. It is counted level by level, since recursion has a limit."""
    depth, level = 0, [query]
    while level:
        depth += 1
        level = [child for each in level for child in each.iter_expressions()]
    return depth
