"""The columns that each part of a query has, as far as its text shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

Source: TypeAlias = Scope | exp.Table
"""What a SELECT reads: a table, or another part of the query."""


class UnresolvedError(Exception):
    """A column whose source can't be determined. The text says why."""


@dataclass(frozen=True, slots=True)
class Star:
    """A `*` that stands for columns which only the database can list.

    Attributes:
        expression: the `*` as the parser read it.
        sources: the sources whose columns it stands for: one, or several that follow each other; none where a pattern
            of names chooses the columns.
    """

    expression: exp.Expr
    sources: tuple[Source, ...]

    def modifiers(self) -> tuple[set[str], dict[str, exp.Expr], dict[str, str]]:
        """Return the columns it leaves out, the expressions that replace a column, and the old names by the new."""
        star = self.expression.this if isinstance(self.expression, exp.Column) else self.expression
        left_out = {each.name for each in star.args.get("except_") or ()}
        replaced = {each.alias: each.this for each in star.args.get("replace") or ()}
        renamed = {each.alias: each.this.name for each in star.args.get("rename") or ()}
        return left_out, replaced, renamed


Output: TypeAlias = exp.Expr | Star
"""A column of a SELECT, or the columns that a star stands for."""


class ScopeColumns:
    """The columns of every part of one query. Each part is read once."""

    def __init__(self) -> None:
        self._outputs: dict[int, list[Output]] = {}
        self._stars: dict[int, list[int]] = {}

    def outputs(self, scope: Scope) -> list[Output]:
        """Return the columns of a SELECT. A star over a part whose columns are known is replaced by these columns.

        Raises:
            UnresolvedError: the part is not a SELECT.
        """
        if (outputs := self._outputs.get(id(scope))) is None:
            outputs = self._outputs[id(scope)] = list(_merge_stars(self._expand(scope)))
        return outputs

    def stars(self, scope: Scope) -> list[int]:
        """Return the positions of stars among a SELECT's columns. They are kept, since a result may be very wide.

        Raises:
            UnresolvedError: the part is not a SELECT.
        """
        if (stars := self._stars.get(id(scope))) is None:
            outputs = self.outputs(scope)
            stars = self._stars[id(scope)] = [index for index, each in enumerate(outputs) if isinstance(each, Star)]
        return stars

    def names(self, scope: Scope) -> list[str] | None:
        """Return the names of a part's columns, or None where a star hides some."""
        while True:
            if given := _given_names(scope):
                return given
            if not scope.set_operation_scopes:
                break
            scope = scope.set_operation_scopes[0]
        if isinstance(scope.expression, exp.UDTF):
            return scope.expression.alias_column_names or None
        names = []
        for output in self.outputs(scope):
            if isinstance(output, Star):
                return None
            names.append(output.alias_or_name)
        return names

    def names_of(self, source: Source) -> Sequence[str] | None:
        """Return the names of a source's columns, or None where only the database can list them."""
        if isinstance(source, exp.Table):
            return source.alias_column_names or None
        return self.names(source)

    def _expand(self, scope: Scope) -> Iterator[Output]:
        """Yield the columns of a SELECT in order, with a star of its own for each source that it stands for."""
        if not isinstance(scope.expression, exp.Select):
            raise UnresolvedError("it comes from a part of the query that is not a SELECT")
        for projection in scope.expression.expressions:
            if _is_pattern(projection):
                yield Star(projection, ())
                continue
            if not projection.is_star:
                yield projection
                continue
            named = [projection.table] if isinstance(projection, exp.Column) else list(scope.selected_sources)
            for name in named:
                yield from self._expand_star(Star(projection, (_source(scope, name),)), name, scope)

    def _expand_star(self, star: Star, source_name: str, scope: Scope) -> Iterator[Output]:
        """Yield the columns of a star over one source, or the star itself where they are not known."""
        names = self.names_of(star.sources[0])
        if names is None or any(join.args.get("using") or join.method == "NATURAL" for join in joins(scope)):
            yield star
            return
        left_out, replaced, renamed = star.modifiers()
        new_names = {old: new for new, old in renamed.items()}
        for name in names:
            if name not in left_out:
                column = replaced[name].copy() if name in replaced else exp.column(name, table=source_name)
                yield exp.alias_(column, new_names.get(name, name), quoted=True)


def joins(scope: Scope) -> Sequence[exp.Join]:
    """Return the joins of a SELECT."""
    return scope.expression.args.get("joins") or ()


def _is_pattern(projection: exp.Expr) -> bool:
    """Return True if a pattern chooses the columns that an expression stands for: `COLUMNS('em.*')`, `* LIKE 'em%'`."""
    if isinstance(projection, exp.Apply) or (isinstance(projection, exp.Binary) and projection.this.is_star):
        return True
    return bool(projection.find(exp.Columns))


def _merge_stars(outputs: Iterator[Output]) -> Iterator[Output]:
    """Join stars that follow each other into one, because the text does not show where one ends."""
    merged: Star | None = None
    for each in outputs:
        if isinstance(each, Star):
            both = merged is None or (merged.sources and each.sources)
            before = merged.sources if merged else ()
            merged = Star(each.expression, (*before, *each.sources) if both else ())
            continue
        if merged:
            yield merged
            merged = None
        yield each
    if merged:
        yield merged


def _given_names(scope: Scope) -> list[str]:
    """Return the names that the query around a part gives its columns, as in `AS t (id, email)`."""
    around = scope.expression.parent
    return around.alias_column_names if isinstance(around, exp.CTE | exp.Subquery) else []


def _source(scope: Scope, name: str) -> Source:
    source = scope.sources.get(name)
    if source is None:
        raise UnresolvedError("a * names a table that the query does not read")
    return source
