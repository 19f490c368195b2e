"""What a query reads: its tables, and for each column of its result the source columns that it is made from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

log = logging.getLogger(__name__)

DIALECTS: Final = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql", "awsathena": "athena"}
"""The parser's name for a database, where SQLAlchemy's is another."""


class UnreadableError(Exception):
    """The query can't be read as one SELECT, and why; the text quotes nothing of the query."""


class Effect(StrEnum):
    """How a source column shapes a result's column; the words are OpenLineage's subtypes."""

    IDENTITY = "IDENTITY"
    """Its value, as it is."""
    TRANSFORMATION = "TRANSFORMATION"
    """Its value, through an expression."""
    AGGREGATION = "AGGREGATION"
    """Its values in many rows, through an aggregate."""
    CONDITIONAL = "CONDITIONAL"
    """It decides which value is taken, and is none of it."""
    WINDOW = "WINDOW"
    """It orders or groups the rows that a window function looks at."""

    @property
    def direct(self) -> bool:
        """Whether the value itself goes into the result."""
        return self not in (Effect.CONDITIONAL, Effect.WINDOW)

    def after(self, inner: Effect) -> Effect:
        """The effect of this one upon what `inner` has made."""
        if not self.direct:
            return self
        order = (Effect.IDENTITY, Effect.TRANSFORMATION, Effect.AGGREGATION)
        return max(self, inner, key=order.index) if inner.direct else inner


class Origin(StrEnum):
    """What a result's column is made from."""

    COLUMNS = "columns"
    """Columns of source tables."""
    CONSTANT = "constant"
    """Written in the query, or bound to it: the same in every row."""
    COMPUTED = "computed"
    """The database computes it from no column: the time, a count of rows, a random id."""
    UNRESOLVED = "unresolved"
    """The query's text alone doesn't tell."""


@dataclass(frozen=True, slots=True, order=True)
class Table:
    """A source table as the query names it, in the database's own case; the parts it leaves out are empty."""

    name: str
    schema: str = ""
    catalog: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Input:
    """A source column and what it does."""

    table: Table
    column: str
    effect: Effect = Effect.IDENTITY


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of the result.

    Attributes:
        name: as the database calls it.
        origin: what it is made from.
        inputs: the source columns; none unless the origin is `columns`.
        problem: why they can't be told.
    """

    name: str
    origin: Origin
    inputs: tuple[Input, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class QueryLineage:
    """What a query reads.

    Attributes:
        tables: every table it names, also those that only filter.
        columns: the result's columns, in order.
        problem: why the query as a whole can't be read; then there are no tables and every column is unresolved.
            Without a live result, a `*` in the query leaves the columns empty.
    """

    tables: tuple[Table, ...]
    columns: tuple[ResultColumn, ...]
    problem: str | None = None


def read_query(sql: str, backend: str, columns: Sequence[str] | None = None) -> QueryLineage:
    """Find where a query's columns come from. Never raises: what can't be told has its reason beside it.

    Args:
        sql: the query as the database gets it.
        backend: the database's name in a SQLAlchemy URL, such as `postgresql`.
        columns: the live result's columns, which tell what a `*` stands for; without them the query's text must do.
    """
    try:
        from leadway_provider.lineage import sql as parser  # noqa: PLC0415 - sqlglot is optional

        return parser.read(sql, DIALECTS.get(backend, backend), columns)
    except ImportError:
        return _unread("sqlglot can't be imported; leadway-provider[lineage] brings it", columns)
    except UnreadableError as error:
        return _unread(str(error), columns)
    except Exception as error:  # a parser's defect, or an old parser, must not cost a sync
        log.debug("The query's lineage can't be read", exc_info=True)
        return _unread(f"reading the query failed ({type(error).__name__})", columns)


def _unread(problem: str, columns: Sequence[str] | None) -> QueryLineage:
    found = tuple(ResultColumn(name, Origin.UNRESOLVED, problem=problem) for name in columns or ())
    return QueryLineage((), found, problem)
