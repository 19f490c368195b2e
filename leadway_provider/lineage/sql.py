"""Reading SQL with sqlglot: through expressions, common table expressions, joins, sub-queries and unions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify_tables import qualify_tables
from sqlglot.optimizer.scope import Scope, build_scope, traverse_scope

from leadway_provider.lineage.query import Effect, Input, Origin, QueryLineage, ResultColumn, Table, UnreadableError
from leadway_provider.lineage.shape import Shapes, Source, Star, UnresolvedError, joins

_REUSES_ALIASES: Final = frozenset({"snowflake", "redshift", "databricks", "duckdb", "clickhouse", "teradata"})
"""Dialects in which an expression of the SELECT list may use the alias of another one."""

# Functions whose value is fixed by their arguments, so that over constants they are constant too.
_FIXED: Final = (exp.Cast, exp.Concat, exp.ConcatWs, exp.Array, exp.Coalesce, exp.Lower, exp.Upper, exp.Case, exp.If)


def read(sql: str, dialect: str, columns: Sequence[str] | None) -> QueryLineage:
    """Find a query's tables and where its columns come from.

    Raises:
        UnreadableError: it is not one SELECT, or not in a dialect that the parser knows.
    """
    query = _parsed(sql, dialect)
    written = query.named_selects
    root = build_scope(qualify_tables(normalize_identifiers(query, dialect=dialect), dialect=dialect))
    if root is None:
        raise UnreadableError("the SQL is not one SELECT")
    shapes = Shapes()
    tables = {_table(source) for scope in traverse_scope(root.expression) for source in _tables(scope)}
    names = columns or (shapes.names(root) if "*" in written else written)
    if names is None:
        return QueryLineage(tuple(sorted(tables)), ())
    return QueryLineage(tuple(sorted(tables)), tuple(_Resolver(dialect, shapes).result(root, names)))


def _parsed(sql: str, dialect: str) -> exp.Query:
    try:
        statements = [each for each in sqlglot.parse(sql, read=dialect) if each]
    except ParseError as error:
        line = error.errors[0].get("line") if error.errors else None
        raise UnreadableError(f"the SQL can't be parsed near line {line}") from None
    except TokenError:
        raise UnreadableError("the SQL can't be split into words") from None
    except ValueError:
        raise UnreadableError(f"the parser knows no dialect {dialect!r}") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise UnreadableError("the SQL is not one SELECT")
    return statements[0]


def _table(table: exp.Table) -> Table:
    return Table(table.name, table.db, table.catalog)


def _tables(scope: Scope) -> Iterator[exp.Table]:
    for source in scope.sources.values():
        if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
            yield source


@dataclass(slots=True)
class _Found:
    """What an expression is made from."""

    inputs: set[Input] = field(default_factory=set)
    computed: bool = False

    def add(self, other: _Found, effect: Effect = Effect.IDENTITY) -> None:
        """Take over what `other` is made from, as seen through `effect`."""
        self.inputs |= {Input(each.table, each.column, effect.after(each.effect)) for each in other.inputs}
        self.computed |= other.computed


def _sum(found: Iterable[_Found], effect: Effect = Effect.IDENTITY) -> _Found:
    total = _Found()
    for each in found:
        total.add(each, effect)
    return total


class _Resolver:
    """Follows columns to their tables; what it finds it remembers, because queries reuse their parts."""

    def __init__(self, dialect: str, shapes: Shapes) -> None:
        self._dialect = dialect
        self._shapes = shapes
        self._known: dict[tuple[int, str], _Found] = {}

    def result(self, scope: Scope, names: Sequence[str]) -> Iterator[ResultColumn]:
        """The columns of the query itself, each by its place."""
        for position, name in enumerate(names):
            try:
                found = self._at(scope, position, len(names), name)
            except UnresolvedError as error:
                yield ResultColumn(name, Origin.UNRESOLVED, problem=str(error))
                continue
            if found.inputs:
                yield ResultColumn(name, Origin.COLUMNS, tuple(sorted(found.inputs)))
            else:
                yield ResultColumn(name, Origin.COMPUTED if found.computed else Origin.CONSTANT)

    def _at(self, scope: Scope, position: int, width: int, name: str) -> _Found:
        """The column at a place of a query that has so many."""
        if branches := scope.set_operation_scopes:
            return _sum(self._at(branch, position, width, name) for branch in branches)
        outputs = self._shapes.outputs(scope)
        stars = self._shapes.stars(scope)
        hidden = width - len(outputs)
        if len(stars) > 1 or hidden < 0 or (hidden and not stars):
            raise UnresolvedError("which columns its * stands for can't be told")
        if stars and position > stars[0]:
            position = max(stars[0], position - hidden)
        output = outputs[position]
        if isinstance(output, Star):
            return self._through(output, scope, self._normal(name))
        return self._visit(scope, output)

    def _named(self, scope: Scope, name: str) -> _Found:
        """The column of that name of a sub-query, a common table expression or a table function."""
        if isinstance(scope.expression, exp.UDTF):
            if scope.subquery_scopes:
                return self._of_source(scope, scope.subquery_scopes[0], name)
            return _sum([self._visit(scope, scope.expression)], Effect.TRANSFORMATION)
        if names := self._shapes.names(scope):
            if name not in names:
                raise UnresolvedError("a sub-query has no column of that name")
            return self._at(scope, names.index(name), len(names), name)
        if branches := scope.set_operation_scopes:
            return _sum(self._named(branch, name) for branch in branches)
        outputs = self._shapes.outputs(scope)
        stars = [each for each in outputs if isinstance(each, Star)]
        for each in outputs:
            if not isinstance(each, Star) and each.alias_or_name == name:
                return self._visit(scope, each)
        if len(stars) != 1:
            raise UnresolvedError("which columns a * stands for can't be told")
        return self._through(stars[0], scope, name)

    def _normal(self, name: str) -> str:
        """A name from the live result in the case that the database gives its identifiers."""
        identifier = exp.to_identifier(name, quoted=not name.islower())
        return normalize_identifiers(identifier, dialect=self._dialect).name

    def _through(self, star: Star, scope: Scope, name: str) -> _Found:
        left_out, replaced, renamed = star.modifiers()
        if name in replaced:
            return self._visit(scope, replaced[name])
        if name in left_out:
            raise UnresolvedError("a * leaves out the column of that name")
        return self._in_one_of(scope, star.sources, renamed.get(name, name))

    def _in_one_of(self, scope: Scope, sources: Sequence[Source], name: str) -> _Found:
        """A column that names no source: whose it is, if that can be told.

        A source that shows such a column has it; had another one too, the database would have refused the query.
        """
        shown = [(each, self._shapes.names_of(each)) for each in sources]
        having = [source for source, names in shown if names and name in names]
        having = having or [source for source, names in shown if names is None]
        if len(having) != 1:
            raise UnresolvedError(
                "it can be of several tables: write the table's name before it" if having else "no table has it"
            )
        return self._of_source(scope, having[0], name)

    def _of_source(self, scope: Scope, source: Source, name: str) -> _Found:
        if isinstance(source, exp.Table):
            return self._of_table(scope, source, name)
        if source.expression.parent and source.expression.parent.args.get("pivots"):
            raise UnresolvedError("it comes from a pivot")
        if _is_recursion(source):
            return _Found()
        if (known := self._known.get((id(source), name))) is None:
            known = self._known[id(source), name] = self._named(source, name)
        return known

    def _of_table(self, scope: Scope, source: exp.Table, name: str) -> _Found:
        if not isinstance(source.this, exp.Identifier):
            return _sum([self._visit(scope, source.this)], Effect.TRANSFORMATION)
        if source.alias_column_names or source.args.get("pivots"):
            raise UnresolvedError("its table's columns are pivoted or given other names")
        return _Found({Input(_table(source), name)})

    def _visit(self, scope: Scope, node: exp.Expr) -> _Found:
        """What an expression is made from."""
        if isinstance(node, exp.Column):
            return self._column(scope, node)
        if isinstance(node, exp.Alias | exp.Paren):
            return self._visit(scope, node.this)
        if isinstance(node, exp.Exists):
            inner = _sub_query(scope, node.this)
            return _sum((self._column(inner, each) for each in inner.columns), Effect.CONDITIONAL)
        if isinstance(node, exp.Query):
            return self._at(_sub_query(scope, node), 0, 1, "")
        found = _Found(computed=isinstance(node, exp.Func) and not isinstance(node, _FIXED))
        for effect, child in _children(node):
            found.add(self._visit(scope, child), effect)
        return found

    def _column(self, scope: Scope, column: exp.Column) -> _Found:
        """A column, of this part of the query or of one around it; `a.b.c` may also mean fields of a column."""
        if column.is_star:
            raise UnresolvedError("it takes a whole row")
        first, *rest = [part.name for part in column.parts]
        inside: Scope | None = scope
        while rest and inside is not None:
            if first in inside.sources:
                found = self._of_source(inside, inside.sources[first], rest[0])
                return _sum([found], Effect.TRANSFORMATION if rest[1:] else Effect.IDENTITY)
            inside = inside.parent
        found = self._bare(scope, column, first)
        return _sum([found], Effect.TRANSFORMATION if rest else Effect.IDENTITY)

    def _bare(self, scope: Scope, column: exp.Column, name: str) -> _Found:
        """A column without the name of its source."""
        inside: Scope | None = scope
        while inside is not None and not inside.selected_sources:
            inside = inside.parent
        if inside is None:
            raise UnresolvedError("no table has it")
        if _is_row(inside.sources.get(name)):
            raise UnresolvedError("it takes a whole row")
        if self._dialect in _REUSES_ALIASES and (alias := _alias(inside, column, name)):
            return self._visit(inside, alias)
        named = [
            join.alias_or_name for join in joins(inside) if name in [each.name for each in join.args.get("using") or ()]
        ]
        if named:
            return _sum(self._of_source(inside, inside.sources[each], name) for each in [_first(inside), *named])
        return self._in_one_of(inside, [inside.sources[each] for each in inside.selected_sources], name)


def _alias(scope: Scope, column: exp.Column, name: str) -> exp.Expr | None:
    """The expression that a name in the same SELECT list stands for; not where it is made from such a column."""
    for each in scope.expression.expressions:
        if each.alias == name and not any(inner is column or inner.name == name for inner in each.find_all(exp.Column)):
            return each  # type: ignore[no-any-return]  # sqlglot's containers are untyped
    return None


def _first(scope: Scope) -> str:
    return next(iter(scope.selected_sources))


def _sub_query(scope: Scope, node: exp.Expr) -> Scope:
    inner = node.unnest() if isinstance(node, exp.Subquery) else node
    for child in scope.subquery_scopes:
        if child.expression is inner:
            return child
    raise UnresolvedError("it comes from a sub-query that can't be followed")


def _is_recursion(scope: Scope) -> bool:
    """Whether a recursive query reads itself here, which adds nothing to what its first part has."""
    return bool(scope.expression.args.get("from_")) and not scope.selected_sources


def _is_row(source: Source | None) -> bool:
    """Whether a name that stands where a column could is the alias of a table, and so its whole row."""
    return isinstance(source, exp.Table) and bool(source.alias) and source.alias != source.name


def _children(node: exp.Expr) -> Iterator[tuple[Effect, exp.Expr]]:
    """The parts of an expression, each with what it does to the whole."""
    indirect: Mapping[str, Effect] = {}
    direct = Effect.TRANSFORMATION
    if isinstance(node, exp.Case | exp.If):
        indirect = {"this": Effect.CONDITIONAL}
    elif isinstance(node, exp.Window):
        indirect = {"partition_by": Effect.WINDOW, "order": Effect.WINDOW}
    elif isinstance(node, exp.AggFunc | exp.AnonymousAggFunc):
        direct = Effect.AGGREGATION
    elif isinstance(node, exp.Ordered):
        direct = Effect.WINDOW
    elif isinstance(node, exp.Where):
        direct = Effect.CONDITIONAL
    for name, value in node.args.items():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, exp.Expr):
                yield indirect.get(name, direct), child
