"""Following the columns of a query: through expressions, common table expressions, joins, sub-queries and unions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.scope import Scope

from leadway_provider.lineage.derivation import Derivation, combined
from leadway_provider.lineage.functions import FIXED, hides_its_source, may_read_anything, operands
from leadway_provider.lineage.origin import Effect, Input, Origin, ResultColumn, Table
from leadway_provider.lineage.scope import ScopeColumns, Source, Star, UnresolvedError, joins
from leadway_provider.lineage.tables import outside

_REUSES_ALIASES: Final = frozenset({"snowflake", "redshift", "databricks", "duckdb", "clickhouse", "teradata"})
"""Dialects in which an expression of the SELECT list may use the alias of another one."""
_HAS_FIELDS: Final = frozenset(
    {
        "athena",
        "bigquery",
        "clickhouse",
        "databricks",
        "duckdb",
        "hive",
        "presto",
        "redshift",
        "spark",
        "spark2",
        "trino",
    }
)
"""Dialects in which `a.b` may be the field `b` of the column `a`."""


class Resolver:
    """Follows columns to their tables. Each result is kept, because the parts of a query are used several times.

    Args:
        dialect: the parser's name for the database.
        columns: the columns of the query's parts.
    """

    def __init__(self, dialect: str, columns: ScopeColumns) -> None:
        self._dialect = dialect
        self._columns = columns
        self._derived: dict[tuple[int, str], Derivation] = {}
        self._open: set[tuple[int, str]] = set()

    def result_columns(self, scope: Scope, names: Sequence[str]) -> Iterator[ResultColumn]:
        """Yield the columns of the query itself, each found by its position."""
        for position, name in enumerate(names):
            try:
                derivation = self._by_position(scope, position, len(names), name)
            except UnresolvedError as error:
                yield ResultColumn(name, Origin.UNRESOLVED, problem=str(error))
                continue
            except RecursionError:
                yield ResultColumn(name, Origin.UNRESOLVED, problem="it is nested too deeply")
                continue
            if derivation.inputs:
                yield ResultColumn(name, Origin.COLUMNS, tuple(sorted(derivation.inputs)))
            elif derivation.unseen:
                yield ResultColumn(name, Origin.UNRESOLVED, problem="it comes from a function that may read anything")
            else:
                yield ResultColumn(name, Origin.COMPUTED if derivation.computed else Origin.CONSTANT)

    def _by_position(self, scope: Scope, position: int, width: int, name: str) -> Derivation:
        """Resolve the column at a position of a part that has `width` columns."""
        if branches := scope.set_operation_scopes:
            return combined(self._by_position(branch, position, width, name) for branch in branches)
        outputs = self._columns.outputs(scope)
        stars = self._columns.stars(scope)
        hidden = width - len(outputs)
        if len(stars) > 1 or hidden < 0 or (hidden and not stars):
            raise UnresolvedError("it can't be determined which columns the query's * stands for")
        if stars and position > stars[0]:
            position = max(stars[0], position - hidden)
        output = outputs[position]
        if isinstance(output, Star):
            return self._from_star(output, scope, self._in_database_case(name))
        return self._from_expression(scope, output)

    def _by_name(self, scope: Scope, name: str) -> Derivation:
        """Resolve a column of a sub-query, a common table expression or a table function."""
        if isinstance(scope.expression, exp.UDTF):
            return self._from_rows(scope, scope.expression, name)
        if names := self._columns.names(scope):
            if name not in names:
                raise UnresolvedError("a sub-query does not have a column of that name")
            return self._by_position(scope, names.index(name), len(names), name)
        if branches := scope.set_operation_scopes:
            return combined(self._by_name(branch, name) for branch in branches)
        outputs = self._columns.outputs(scope)
        stars = [each for each in outputs if isinstance(each, Star)]
        for each in outputs:
            if not isinstance(each, Star) and each.alias_or_name == name:
                return self._from_expression(scope, each)
        if len(stars) != 1:
            raise UnresolvedError("it can't be determined which columns a * stands for")
        return self._from_star(stars[0], scope, name)

    def _from_rows(self, scope: Scope, rows: exp.UDTF, name: str) -> Derivation:
        """Resolve a column of a table function, of a lateral sub-query or of rows that the query writes."""
        if scope.subquery_scopes:
            return self._from_source(scope, scope.subquery_scopes[0], name)
        inner = rows.this.unnest() if isinstance(rows, exp.Lateral | exp.TableFromRows) else rows
        if isinstance(inner, exp.Values):
            names = rows.alias_column_names
            position = names.index(name) if name in names else None
            values = [row.expressions if position is None else [row.expressions[position]] for row in inner.expressions]
            return combined(self._from_expression(scope, each) for row in values for each in row)
        if problem := outside(exp.Table(this=inner.copy()), self._dialect):
            raise UnresolvedError(problem)
        return combined([self._from_expression(scope, inner)], Effect.TRANSFORMATION)

    def _in_database_case(self, name: str) -> str:
        """Return a name from the live result in the case that the database gives its identifiers."""
        if self._dialect == "tsql":
            return name
        identifier = exp.to_identifier(name, quoted=not name.islower())
        return normalize_identifiers(identifier, dialect=self._dialect).name

    def _from_star(self, star: Star, scope: Scope, name: str) -> Derivation:
        if not star.sources:
            raise UnresolvedError("a pattern of names decides whether it is in the result")
        left_out, replaced, renamed = star.modifiers()
        if name in replaced:
            return self._from_expression(scope, replaced[name])
        if name in left_out:
            raise UnresolvedError("a * leaves out the column of that name")
        return self._from_one_of(scope, star.sources, renamed.get(name, name))

    def _from_one_of(self, scope: Scope, sources: Sequence[Source], name: str) -> Derivation:
        """Resolve a column that does not name its source, where it can belong to only one of them.

        If a source's columns are known and include the name, the column is taken from there: if another source had
        it too, the database would have refused the query.
        """
        if scope.expression.args.get("match"):
            raise UnresolvedError("it comes from MATCH_RECOGNIZE")
        known = [(each, self._columns.names_of(each)) for each in sources]
        candidates = [source for source, names in known if names and name in names]
        candidates = candidates or [source for source, names in known if names is None]
        if len(candidates) != 1:
            raise UnresolvedError(
                "it may belong to several tables: write the table's name before it" if candidates else "no table has it"
            )
        return self._from_source(scope, candidates[0], name)

    def _from_source(self, scope: Scope, source: Source, name: str) -> Derivation:
        if isinstance(source, exp.Table):
            return self._from_table(scope, source, name)
        if source.expression.parent and source.expression.parent.args.get("pivots"):
            raise UnresolvedError("it comes from a pivot")
        if _is_recursion(source):
            return Derivation()
        if (derivation := self._derived.get((id(source), name))) is None:
            with self._once(source, name):
                derivation = self._derived[id(source), name] = self._by_name(source, name)
        return derivation

    @contextmanager
    def _once(self, node: object, name: str = "") -> Iterator[None]:
        """Follow a part of the query that must not lead back to itself."""
        if (id(node), name) in self._open:
            raise UnresolvedError("the query defines it by itself")
        self._open.add((id(node), name))
        try:
            yield
        finally:
            self._open.remove((id(node), name))

    def _from_table(self, scope: Scope, source: exp.Table, name: str) -> Derivation:
        if problem := outside(source, self._dialect):
            raise UnresolvedError(problem)
        if source.args.get("pivots"):
            raise UnresolvedError("it comes from a pivot")
        if not isinstance(source.this, exp.Identifier):
            with self._once(source):
                return combined([self._from_expression(scope, source.this)], Effect.TRANSFORMATION)
        if source.alias_column_names:
            raise UnresolvedError("its table's columns are given other names")
        return Derivation({Input(Table(source.name, source.db, source.catalog), name)})

    def _from_expression(self, scope: Scope, node: exp.Expr) -> Derivation:
        if isinstance(node, exp.Column):
            return self._from_column(scope, node)
        if isinstance(node, exp.Alias | exp.Paren):
            return self._from_expression(scope, node.this)
        if isinstance(node, exp.Exists):
            inner = _sub_query(scope, node.this)
            return combined((self._from_column(inner, each) for each in inner.columns), Effect.CONDITIONAL)
        if isinstance(node, exp.Query):
            return self._by_position(_sub_query(scope, node), 0, 1, "")
        if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
            return Derivation(computed=True)
        if isinstance(node, exp.Star):
            raise UnresolvedError("it takes a whole row")
        if isinstance(node, exp.Parameter) and (problem := self._problem_of_parameter(node)):
            raise UnresolvedError(problem)
        if hides_its_source(node):
            raise UnresolvedError(
                "only the database can find the column, the dictionary or the sequence that it comes from"
            )
        computed = isinstance(node, exp.Func) and not isinstance(node, FIXED)
        derivation = Derivation(computed=computed, unseen=may_read_anything(node))
        for effect, child in operands(node):
            derivation.add(self._from_expression(scope, child), effect)
        return derivation

    def _problem_of_parameter(self, parameter: exp.Parameter) -> str | None:
        """Return why a parameter is not one value for the whole query, or None where it is."""
        if self._dialect == "snowflake" and isinstance(parameter.this, exp.Literal):
            return "it is a column that is named by its position"
        if self._dialect == "mysql":
            return "it is a variable, which may change from row to row"
        if isinstance(parameter.this, exp.Parameter) or self._dialect in ("snowflake", "tsql"):
            return "it is a variable of the session, whose value is not written in the query"
        return None

    def _from_column(self, scope: Scope, column: exp.Column) -> Derivation:
        """Resolve a column of this part of the query or of one around it. `a.b.c` may also mean fields of a column."""
        if column.is_star:
            raise UnresolvedError("it takes a whole row")
        if not isinstance(column.this, exp.Identifier):
            raise UnresolvedError("it is a column that is named by its position")
        names = [part.name for part in column.parts]
        around: Scope | None = scope
        while len(names) > 1 and around is not None:
            for end in range(len(names) - 1, 0, -1):
                if source := _qualified(around, names[:end]):
                    field_of = Effect.TRANSFORMATION if names[end + 1 :] else Effect.IDENTITY
                    return combined([self._from_source(around, source, names[end])], field_of)
            around = around.parent
        if len(names) > 1 and self._dialect not in _HAS_FIELDS:
            raise UnresolvedError("the query does not read a table of the name before it")
        derivation = self._from_unqualified(scope, column, names[0])
        return combined([derivation], Effect.TRANSFORMATION if len(names) > 1 else Effect.IDENTITY)

    def _from_unqualified(self, scope: Scope, column: exp.Column, name: str) -> Derivation:
        """Resolve a column that is written without the name of its source."""
        around: Scope | None = scope
        while around is not None and not around.selected_sources:
            around = around.parent
        if around is None:
            raise UnresolvedError("no table has it")
        if _is_row(around.sources.get(name)):
            raise UnresolvedError("it takes a whole row")
        if named := self._named_expression(around, column, name):
            in_array = named.parent is not None and isinstance(named.parent.parent, exp.Join)
            with self._once(named):
                derivation = self._from_expression(around, named)
            return combined([derivation], Effect.TRANSFORMATION if in_array else Effect.IDENTITY)
        joined = [
            join.alias_or_name for join in joins(around) if name in [each.name for each in join.args.get("using") or ()]
        ]
        if joined:
            sources = [next(iter(around.selected_sources)), *joined]
            return combined(self._from_source(around, around.sources[each], name) for each in sources)
        return self._from_one_of(around, list(_before(around, column)), name)

    def _named_expression(self, scope: Scope, column: exp.Column, name: str) -> exp.Expr | None:
        """Return the expression that a name stands for, in dialects where an expression can be used by its alias.

        ClickHouse takes any alias of the SELECT list; the others only one that is written before the column.
        """
        if self._dialect not in _REUSES_ALIASES:
            return None
        around = _around(scope, column)
        for each in scope.expression.expressions:
            if id(each) in around:
                if self._dialect != "clickhouse":
                    break
            elif each.alias == name and not any(inner.name == name for inner in each.find_all(exp.Column)):
                return each.this  # type: ignore[no-any-return]  # sqlglot's containers are untyped
        for array in (join.this for join in joins(scope) if join.kind == "ARRAY"):
            if array.alias == name and id(array) not in around:
                return array.this  # type: ignore[no-any-return]  # the same
        return next(
            (
                each.this
                for each in scope.expression.find_all(exp.CTE)
                if each.args.get("scalar") and each.alias == name
            ),
            None,
        )


def _qualified(scope: Scope, names: Sequence[str]) -> Source | None:
    """Return the source that the names before a column's own name stand for: an alias, or a table's full name."""
    if names[-1] not in scope.selected_sources:
        return None
    source = scope.sources[names[-1]]
    if len(names) == 1:
        return source
    full = [part.name for part in source.parts] if isinstance(source, exp.Table) else []
    return source if full[-len(names) :] == list(names) else None


def _before(scope: Scope, column: exp.Column) -> Iterator[Source]:
    """Yield the sources that an unqualified column may belong to: in a source's own text, those written before it."""
    around = _around(scope, column)
    for selected, source in scope.selected_sources.values():
        if id(selected) in around:
            return
        yield source


def _around(scope: Scope, column: exp.Column) -> set[int]:
    """Return the identities of a column and of the expressions around it, in one part of the query."""
    around: set[int] = set()
    node: exp.Expr | None = column
    while node is not None and node is not scope.expression:
        around.add(id(node))
        node = node.parent
    return around


def _sub_query(scope: Scope, node: exp.Expr) -> Scope:
    inner = node.unnest() if isinstance(node, exp.Subquery) else node
    for child in scope.subquery_scopes:
        if child.expression is inner:
            return child
    raise UnresolvedError("it comes from a sub-query that can't be followed")


def _is_recursion(scope: Scope) -> bool:
    """Return True if a recursive query reads itself here, which adds nothing to what its first part has."""
    return bool(scope.expression.args.get("from_")) and not scope.selected_sources


def _is_row(source: Source | None) -> bool:
    """Return True if the name of a column is the alias of a table, and so stands for its whole row."""
    return isinstance(source, exp.Table) and bool(source.alias) and source.alias != source.name
