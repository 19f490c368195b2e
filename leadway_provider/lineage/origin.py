"""What is said about a query's columns: which source columns each is made from, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class UnreadableError(Exception):
    """A query that can't be read as one SELECT. The text says why and quotes nothing of the query."""


class Effect(StrEnum):
    """How a source column shapes a column of the result. The words are OpenLineage's subtypes."""

    IDENTITY = "IDENTITY"
    """Its value is taken as it is."""
    TRANSFORMATION = "TRANSFORMATION"
    """Its value goes through an expression."""
    AGGREGATION = "AGGREGATION"
    """Its values in many rows go through an aggregate."""
    CONDITIONAL = "CONDITIONAL"
    """It decides which value is taken, and no part of it is in the result."""
    WINDOW = "WINDOW"
    """It orders or groups the rows of a window function."""

    @property
    def direct(self) -> bool:
        """Whether the value itself goes into the result."""
        return self not in (Effect.CONDITIONAL, Effect.WINDOW)

    def after(self, inner: Effect) -> Effect:
        """Return the effect of this one applied to a value that already has the effect `inner`."""
        if not self.direct:
            return self
        order = (Effect.IDENTITY, Effect.TRANSFORMATION, Effect.AGGREGATION)
        return max(self, inner, key=order.index) if inner.direct else inner


class Origin(StrEnum):
    """What a column of the result is made from."""

    COLUMNS = "columns"
    """Columns of source tables."""
    CONSTANT = "constant"
    """A value written in the query, or bound to it: the same in every row."""
    COMPUTED = "computed"
    """Something that the database computes from no column: the time, a count of rows, a random id."""
    UNRESOLVED = "unresolved"
    """The query's text alone does not show it."""


@dataclass(frozen=True, slots=True, order=True)
class Table:
    """A source table as the query names it, in the database's own case. A part that the query leaves out is empty."""

    name: str
    schema: str = ""
    catalog: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Input:
    """A source column and its effect."""

    table: Table
    column: str
    effect: Effect = Effect.IDENTITY


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of the result.

    Attributes:
        name: the column's name, as the database gives it.
        origin: what it is made from.
        inputs: the source columns; none unless the origin is `columns`.
        problem: why the source columns can't be determined.
    """

    name: str
    origin: Origin
    inputs: tuple[Input, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class QueryLineage:
    """What a query reads.

    Attributes:
        tables: every table that the query names, including those that only filter rows.
        columns: the result's columns, in order.
        problem: why the query as a whole can't be read; then there are no tables, and every column is unresolved.
            Without a live result, a `*` in the query leaves `columns` empty.
    """

    tables: tuple[Table, ...]
    columns: tuple[ResultColumn, ...]
    problem: str | None = None
