"""Thousands of rows in one statement, in each database's fastest way.

SQLAlchemy's own insert of many rows takes longer than the database does: here it converts values, a column at a time,
and the driver gets them as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from leadway_provider.store.database import Database

_BLOCKS: Final = (100, 20, 5, 1)
"""Rows that one statement writes to SQLite, which takes 32,766 parameters at most."""
_UPDATE_FROM: Final = (3, 33)
"""The version since which SQLite updates many rows with one statement."""


def insert(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    common: Mapping[str, Any],
    *,
    changes: Sequence[str] = (),
) -> None:
    """Insert rows, as part of a transaction; where the primary key is there already, change what `changes` names.

    Args:
        connection: the transaction's.
        table: where to.
        columns: the names of the columns that differ from row to row.
        rows: their values.
        common: the values of the columns that are the same in every row.
        changes: the columns that change of rows that are there already; without any, no row may be there.
    """
    if not rows:
        return
    match connection.dialect.name:
        case "sqlite":
            fixed = tuple(_bound(connection.dialect, table.c[name], [value])[0] for name, value in common.items())
            given = list(_as_bound(connection.dialect, table, columns, rows))
            for size, part in _in_blocks(given):
                statement = _sqlite_insert(table, tuple(columns), tuple(common), tuple(changes), size)
                connection.exec_driver_sql(statement, [fixed + tuple(chain.from_iterable(block)) for block in part])
        case "postgresql":
            arrays = dict(zip((f"all_{name}" for name in columns), map(list, zip(*rows, strict=True)), strict=True))
            connection.execute(
                _postgresql_insert(table, tuple(columns), tuple(common), tuple(changes)), {**arrays, **common}
            )
        case _:
            named = [{**common, **dict(zip(columns, row, strict=True))} for row in rows]
            new = mysql.insert(table)
            connection.execute(
                new.on_duplicate_key_update({name: new.inserted[name] for name in changes}) if changes else new, named
            )


def update(connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Set columns of rows to values of their own, as part of a transaction.

    Args:
        connection: the transaction's.
        table: a table whose primary key is `id`.
        columns: the names of the columns.
        rows: the id of a row, and the columns' values.
    """
    if not rows:
        return
    match connection.dialect.name:
        case "sqlite":
            given = list(_as_bound(connection.dialect, table, ("id", *columns), rows))
            is_old = (connection.dialect.server_version_info or ()) < _UPDATE_FROM
            for size, part in [(1, [[row] for row in given])] if is_old else _in_blocks(given):
                statement = _sqlite_update(table, tuple(columns), size)
                connection.exec_driver_sql(statement, [tuple(chain.from_iterable(block)) for block in part])
        case "postgresql":
            arrays = dict(
                zip((f"all_{name}" for name in ("id", *columns)), map(list, zip(*rows, strict=True)), strict=True)
            )
            connection.execute(_postgresql_update(table, tuple(columns)), arrays)
        case _:
            statement_of_one = (
                sa.update(table)
                .where(table.c.id == sa.bindparam("of_id"))
                .values({name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in columns})
            )
            names = ("of_id", *(f"new_{name}" for name in columns))
            connection.execute(statement_of_one, [dict(zip(names, row, strict=True)) for row in rows])


def matching(
    connection: sa.Connection,
    columns: Sequence[sa.Column[Any]],
    column: sa.Column[Any],
    values: Sequence[Any],
    *,
    for_update: bool = False,
    **of: Any,
) -> Sequence[Sequence[Any]]:
    """Return rows in which a column has one of these values, at most some thousands.

    Args:
        connection: to read with.
        columns: what is wanted of them.
        column: the column: of texts, whole numbers or bytes, which need no conversion.
        values: its values.
        for_update: whether the rows are locked until the transaction ends.
        of: the values of other columns, the same in all rows.
    """
    if not values:
        return ()
    table = column.table
    if connection.dialect.name == "sqlite":
        fixed = [_bound(connection.dialect, table.c[name], [value])[0] for name, value in of.items()]
        given = _padded(values)
        statement = _sqlite_select(tuple(columns), column, tuple(of), len(given))
        found = connection.exec_driver_sql(statement, (*fixed, *given)).all()
        return _as_returned(connection.dialect, columns, found)
    wanted = sa.select(*columns).where(*(table.c[name] == value for name, value in of.items()))
    if for_update:  # SQLite's transactions lock all rows
        wanted = wanted.with_for_update()
    if connection.dialect.name == "postgresql":
        wanted = wanted.where(column == sa.any_(sa.bindparam("wanted", type_=postgresql.ARRAY(column.type))))
        return connection.execute(wanted, {"wanted": list(values)}).all()
    return connection.execute(wanted.where(column.in_(values))).all()


def delete(connection: sa.Connection, column: sa.Column[Any], values: Sequence[Any]) -> None:
    """Delete the rows in which a column has one of these values, as part of a transaction; arguments as `matching`."""
    if not values:
        return
    if connection.dialect.name == "sqlite":
        given = _padded(values)
        marks = ", ".join("?" for _ in given)
        statement = f"DELETE FROM {column.table.name} WHERE {column.name} IN ({marks})"  # noqa: S608 - names of the schema
        connection.exec_driver_sql(statement, tuple(given))
    else:
        connection.execute(sa.delete(column.table).where(column.in_(values)))


def delete_all(
    database: Database, table: sa.Table, column: sa.ColumnElement[Any], condition: sa.ColumnElement[bool]
) -> None:
    """Delete the rows of a condition, in short transactions.

    Args:
        database: where they are.
        table: their table.
        column: a column that has different values for most of them.
        condition: the condition.
    """
    while True:
        with database.writing() as connection:
            found = connection.scalars(sa.select(column).where(condition).limit(database.chunk)).all()
            connection.execute(sa.delete(table).where(condition, column.in_(found)))
        if len(found) < database.chunk:
            return


def _as_bound(
    dialect: sa.Dialect, table: sa.Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> Iterable[tuple[Any, ...]]:
    """Return the rows with each value as the driver takes it."""
    by_column = zip(columns, zip(*rows, strict=True), strict=True)
    return zip(*(_bound(dialect, table.c[name], values) for name, values in by_column), strict=True)


def _bound(dialect: sa.Dialect, column: sa.Column[Any], values: Sequence[Any]) -> Sequence[Any]:
    """Return the values of a column as the driver takes them; each different value is converted once."""
    kind = column.type.dialect_impl(dialect)
    # SQLite's driver takes bytes, and what SQLAlchemy would make of them, as they are.
    process = None if isinstance(kind, sa.LargeBinary) else kind.bind_processor(dialect)
    if process is None:
        return values
    converted = {value: process(value) for value in set(values)}
    return [converted[value] for value in values]


def _as_returned(
    dialect: sa.Dialect, columns: Sequence[sa.Column[Any]], rows: Sequence[Sequence[Any]]
) -> Sequence[Sequence[Any]]:
    """Return the rows with each value as SQLAlchemy returns it, instead of the driver's."""
    kinds = [column.type.dialect_impl(dialect) for column in columns]
    readers = [None if isinstance(kind, sa.LargeBinary) else kind.result_processor(dialect, None) for kind in kinds]
    if not any(readers):
        return rows
    return [[value if read is None else read(value) for read, value in zip(readers, row, strict=True)] for row in rows]


def _padded(values: Sequence[Any]) -> Sequence[Any]:
    """Return the values and, as often as is needed for a power of two, the last one again: few statements serve all."""
    missing = (1 << (len(values) - 1).bit_length()) - len(values)
    return [*values, *([values[-1]] * missing)]


def _in_blocks(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Sequence[Sequence[tuple[Any, ...]]]]]:
    """Return blocks of rows that one statement writes, by their size, and as few small ones as possible.

    A thread asks for Python's lock again after each statement, and waits up to 5 ms for it while another thread
    computes. A plan stores a batch while the next one is converted, and a delivery stores answers while calls are
    sent, so few statements let both run.
    """
    start = 0
    for size in _BLOCKS:
        end = start + (len(rows) - start) // size * size
        if end > start:
            yield size, [rows[first : first + size] for first in range(start, end, size)]
        start = end


@lru_cache(maxsize=64)
def _sqlite_insert(
    table: sa.Table, columns: tuple[str, ...], common: tuple[str, ...], changes: tuple[str, ...], size: int
) -> str:
    """Return a statement that takes the common values, and then those of so many rows."""
    fixed = [f"?{number}" for number in range(1, len(common) + 1)]
    width = len(columns)
    marks = (
        [*fixed, *(f"?{first + number}" for number in range(width))]
        for first in range(len(fixed) + 1, len(fixed) + 1 + size * width, width)
    )
    values = ", ".join(f"({', '.join(each)})" for each in marks)
    names = ", ".join((*common, *columns))
    statement = f"INSERT INTO {table.name} ({names}) VALUES {values}"  # noqa: S608 - names of the schema
    if not changes:
        return statement
    key = ", ".join(column.name for column in table.primary_key)
    return f"{statement} ON CONFLICT ({key}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in changes)}"


@lru_cache(maxsize=64)
def _sqlite_update(table: sa.Table, columns: tuple[str, ...], size: int) -> str:
    """Return a statement that takes id and values of so many rows, one after the other."""
    if size == 1:
        assigned = ", ".join(f"{name} = ?{number}" for number, name in enumerate(columns, start=2))
        return f"UPDATE {table.name} SET {assigned} WHERE id = ?1"  # noqa: S608 - names of the schema
    given = ", ".join([f"({', '.join('?' for _ in range(len(columns) + 1))})"] * size)
    assigned = ", ".join(f"{name} = given.column{number}" for number, name in enumerate(columns, start=2))
    values = f"FROM (VALUES {given}) AS given WHERE {table.name}.id = given.column1"
    return f"UPDATE {table.name} SET {assigned} {values}"  # noqa: S608 - names of the schema


@lru_cache(maxsize=64)
def _sqlite_select(
    columns: tuple[sa.Column[Any], ...], column: sa.Column[Any], of: tuple[str, ...], number: int
) -> str:
    names = ", ".join(each.name for each in columns)
    where = "".join(f"{name} = ? AND " for name in of)
    marks = ", ".join("?" for _ in range(number))
    return f"SELECT {names} FROM {column.table.name} WHERE {where}{column.name} IN ({marks})"  # noqa: S608 - names of the schema


@lru_cache(maxsize=64)
def _postgresql_insert(
    table: sa.Table, columns: tuple[str, ...], common: tuple[str, ...], changes: tuple[str, ...]
) -> sa.Insert:
    given = _unnested(table, columns)
    fixed = [sa.bindparam(name, type_=table.c[name].type) for name in common]
    new = postgresql.insert(table).from_select([*columns, *common], sa.select(*given.c, *fixed), include_defaults=False)
    if not changes:
        return new
    key = [column.name for column in table.primary_key]
    return new.on_conflict_do_update(index_elements=key, set_={name: new.excluded[name] for name in changes})


@lru_cache(maxsize=64)
def _postgresql_update(table: sa.Table, columns: tuple[str, ...]) -> sa.Update:
    given = _unnested(table, ("id", *columns))
    return sa.update(table).where(table.c.id == given.c.id).values({name: given.c[name] for name in columns})


def _unnested(table: sa.Table, columns: Sequence[str]) -> Any:
    arrays = (sa.bindparam(f"all_{name}", type_=postgresql.ARRAY(table.c[name].type)) for name in columns)
    named = (sa.column(name, table.c[name].type) for name in columns)
    return sa.func.unnest(*arrays).table_valued(*named, joins_implicitly=True).render_derived("given")
