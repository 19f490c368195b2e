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
    """A column's source can't be told, and why."""


@dataclass(frozen=True, slots=True)
class Star:
    """A `*` that stands for columns which only the database knows: those of one source, or of several side by side."""

    expression: exp.Expr
    sources: tuple[Source, ...]

    def modifiers(self) -> tuple[set[str], dict[str, exp.Expr], dict[str, str]]:
        """What it leaves out, what it puts in a column's place, and the old names by the new."""
        star = self.expression.this if isinstance(self.expression, exp.Column) else self.expression
        left_out = {each.name for each in star.args.get("except_") or ()}
        replaced = {each.alias: each.this for each in star.args.get("replace") or ()}
        renamed = {each.alias: each.this.name for each in star.args.get("rename") or ()}
        return left_out, replaced, renamed


Output: TypeAlias = exp.Expr | Star
"""A column of a SELECT, or the columns behind a star."""


class Shapes:
    """The columns of every part of one query, each found once."""

    def __init__(self) -> None:
        self._outputs: dict[int, list[Output]] = {}
        self._stars: dict[int, list[int]] = {}

    def outputs(self, scope: Scope) -> list[Output]:
        """The columns of a SELECT; a star over a part whose columns are known is spelled out.

        Raises:
            UnresolvedError: the part is no SELECT.
        """
        if (found := self._outputs.get(id(scope))) is None:
            found = self._outputs[id(scope)] = list(self._spelled_out(scope))
        return found

    def stars(self, scope: Scope) -> list[int]:
        """The places of stars among a SELECT's columns, which each of thousands of columns asks for.

        Raises:
            UnresolvedError: the part is no SELECT.
        """
        if (found := self._stars.get(id(scope))) is None:
            outputs = self.outputs(scope)
            found = self._stars[id(scope)] = [index for index, each in enumerate(outputs) if isinstance(each, Star)]
        return found

    def names(self, scope: Scope) -> list[str] | None:
        """The names of a part's columns, or None where a star hides some."""
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
        """The names of a source's columns, or None where only the database knows them."""
        if isinstance(source, exp.Table):
            return source.alias_column_names or None
        return self.names(source)

    def _spelled_out(self, scope: Scope) -> Iterator[Output]:
        """Stars side by side are one, because where one ends and the next begins can't be seen."""
        hidden: list[Source] = []
        star: exp.Expr | None = None
        for each in self._in_order(scope):
            if isinstance(each, Star):
                star, hidden = each.expression, [*hidden, *each.sources]
                continue
            if star:
                yield Star(star, tuple(hidden))
                star, hidden = None, []
            yield each
        if star:
            yield Star(star, tuple(hidden))

    def _in_order(self, scope: Scope) -> Iterator[Output]:
        if not isinstance(scope.expression, exp.Select):
            raise UnresolvedError("it comes from what is no SELECT")
        for projection in scope.expression.expressions:
            if not projection.is_star:
                yield projection
                continue
            named = [projection.table] if isinstance(projection, exp.Column) else list(scope.selected_sources)
            for name in named:
                yield from self._behind(Star(projection, (_source(scope, name),)), name, scope)

    def _behind(self, star: Star, source_name: str, scope: Scope) -> Iterator[Output]:
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
    """The joins of a SELECT."""
    return scope.expression.args.get("joins") or ()


def _given_names(scope: Scope) -> list[str]:
    """The names that stand behind a part's own, as in `AS t (id, email)`."""
    around = scope.expression.parent
    return around.alias_column_names if isinstance(around, exp.CTE | exp.Subquery) else []


def _source(scope: Scope, name: str) -> Source:
    source = scope.sources.get(name)
    if source is None:
        raise UnresolvedError("a * names what the query doesn't read")
    return source
