"""Reading a source: any query, in batches, in constant memory."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol

import sqlalchemy as sa

from leadway_provider.exceptions import SourceError, SourceUnavailableError
from leadway_provider.printable import printable_log
from leadway_provider.source.cause import cause, first_line
from leadway_provider.source.cells import CellType, Row, column_types, converted
from leadway_provider.source.drivers import result_types, return_text
from leadway_provider.source.encoding import carry_statements, column_name, is_carried, speak_unicode
from leadway_provider.source.mysql_bits import computed_bits
from leadway_provider.source.statement import bound, named, one_statement, without_values
from leadway_provider.source.stream import streaming

log = printable_log(__name__)

_MYSQL_UNAVAILABLE: Final = frozenset({1021, 1037, 1041, 1053, 1205, 1213, 1317, 1927, 1969, 3024})
"""Errors of MySQL's server: shutdown, disk full, out of memory, lock waits, deadlock, killed and timed out."""
_MYSQL_CLIENT_ERRORS: Final = range(2000, 3000)
"""Errors of MySQL's client, which has lost the server."""
_CUTTING: Final = frozenset({"postgresql", "redshift"})
"""Databases that cut a longer name without an error."""


class OpenRows(Protocol):
    """Rows to plan: of an open query, or the part of them that is one account's."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order; a name may come twice."""
        ...

    @property
    def name_limit(self) -> int | None:
        """Where the database cuts longer names without an error, the bytes that a column's name may have."""
        ...

    def batches(self) -> Iterator[Sequence[Row]]:
        """Return the rows once, in the query's order, some at a time."""
        ...


@dataclass(frozen=True, slots=True)
class SourceRows:
    """The rows of an open query.

    Attributes:
        columns: the names of the result's columns, in order; a name may come twice.
        name_limit: where the database cuts longer names without an error, the bytes that a column's name may have.
    """

    columns: tuple[str, ...]
    name_limit: int | None
    _result: sa.CursorResult[Any]
    _types: Mapping[int, CellType]
    _batch_size: int
    _name: str

    def batches(self) -> Iterator[Sequence[Row]]:
        """Return the rows once, in the query's order, at most `batch_size` at a time.

        A cell that Python can't hold is an `UnreadableValue`.

        Raises:
            SourceUnavailableError: the connection was lost.
            SourceError: the database could not compute or decode a row.
        """
        with _querying(self._name):
            while rows := self._fetch():
                yield converted(rows, self._types) if self._types else rows

    def _fetch(self) -> Sequence[Row]:
        """Return the next rows as the driver returns them: SQLAlchemy's objects for rows take time and help nobody."""
        result: Any = self._result
        rows: Sequence[Row] = result.cursor_strategy.fetchmany(result, result.cursor, self._batch_size)
        return rows


@contextmanager
def read_source(
    engine: sa.Engine,
    sql: str,
    parameters: Mapping[str, object] | None,
    *,
    optional: Mapping[str, object] = MappingProxyType({}),
    batch_size: int,
    name: str,
) -> Iterator[SourceRows]:
    """Run a query and keep its result open while the block runs; all that the SQL changed is rolled back at the end.

    Args:
        engine: the source database.
        sql: one query. Without parameters it is sent to the database as it is, `%` and `:` included.
        parameters: values for each `:name` in the query, bound and never formatted into it.
        optional: values for names that the query may have or not.
        batch_size: rows in a batch, and how many the driver may hold.
        name: how errors call the source, a connection id.

    Raises:
        SourceUnavailableError: the database can't be reached, or the connection was lost.
        SourceError: the database refuses the query, a parameter is missing, or the query does not return rows.
    """
    sql = one_statement(sql, name)
    if optional:
        names = named(sql)
        parameters = {**{each: value for each, value in optional.items() if each in names}, **(parameters or {})}
    with _connected(engine, name) as connection:
        with _querying(name):
            types = return_text(connection)
        if is_carried(connection):
            carry_statements(connection)
        connection = streaming(connection, batch_size=batch_size, name=name)  # noqa: PLW2901 - it is the same one
        with _querying(name, sql if parameters else None):
            result = _execute(connection, sql, parameters, name)
        if not result.returns_rows:
            raise SourceError(f"The SQL for source {name!r} does not return rows; it must be one SELECT.")
        description = getattr(result.cursor, "description", None) or ()
        with _querying(name):
            found = {
                **column_types(description, result_types(connection, description, types)),
                **computed_bits(connection.dialect.driver, result.cursor),
            }
        columns = tuple(map(column_name, result.keys()) if is_carried(connection) else result.keys())
        try:
            yield SourceRows(columns, _name_limit(engine.dialect), result, found, batch_size, name)
        finally:
            _finish(connection, result, name)


def _finish(connection: sa.Connection, result: sa.CursorResult[Any], name: str) -> None:
    """Close a result, which MySQL's drivers need before anything else on the connection."""
    cursor: Any = result.cursor
    if connection.invalidated:
        _give_up(cursor)
    elif getattr(connection.connection.driver_connection, "unread_result", False):
        connection.invalidate()  # mysql-connector can't close a result before its end
    elif cursor is not None:
        try:
            cursor.close()  # before SQLAlchemy does it, which logs an error with its traceback
        except connection.dialect.loaded_dbapi.Error as error:
            _log_lost(name, first_line(error))
            _give_up(cursor)
            connection.invalidate()
        else:
            result.close()


def _close_cursor(context: sa.engine.ExceptionContext) -> None:
    """Close the cursor of a failed statement before SQLAlchemy does, which would log what the driver says to it."""
    if context.execution_context and context.execution_context.cursor is not None:
        with suppress(Exception):  # the statement's own error is the one to raise
            context.execution_context.cursor.close()


def _give_up(cursor: Any) -> None:
    """Let the cursor of a lost connection go; pymysql's would read its result to the end, and write a traceback."""
    unread: Any = getattr(cursor, "_result", None)
    if getattr(unread, "unbuffered_active", False):
        unread.unbuffered_active = False


def _log_lost(name: str, why: str) -> None:
    log.info("The connection to source %r was lost before it was closed: %s", name, why)


def _name_limit(dialect: sa.Dialect) -> int | None:
    return dialect.max_identifier_length if dialect.name in _CUTTING else None


def _execute(
    connection: sa.Connection, sql: str, parameters: Mapping[str, object] | None, name: str
) -> sa.CursorResult[Any]:
    if not parameters:
        return connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
    return connection.execute(*bound(sql, parameters, name))


@contextmanager
def _connected(engine: sa.Engine, name: str) -> Iterator[sa.Connection]:
    """Open a connection, and close it without an error of its own: what was read is read, and nothing was written."""
    speak_unicode(engine)
    sa.event.listen(engine, "handle_error", _close_cursor)
    with _connecting(name):
        connection = engine.connect()
    try:
        yield connection
    finally:
        try:
            connection.close()
        except sa.exc.SQLAlchemyError as error:
            _log_lost(name, cause(error))
            if not connection.closed:
                connection.invalidate()
                connection.close()


@contextmanager
def _connecting(name: str) -> Iterator[None]:
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        raise SourceUnavailableError(
            f"Source {name!r} can't be reached: {cause(error).removesuffix('.')}. See that it is up, and that the "
            "connection's host, port and login are right; then let the task try again."
        ) from None


@contextmanager
def _querying(name: str, sql: str | None = None) -> Iterator[None]:
    """Turn the database's errors into ours; `sql` is given where the statement has parameters."""
    # Without the chained error, whose text shows statements and parameters and would be logged too.
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        if is_unavailable(error):
            raise SourceUnavailableError(
                f"Source {name!r} broke off: {cause(error).removesuffix('.')}. Nothing of this plan was sent; "
                "the task's retry reads the query again."
            ) from None
        reason = cause(error)
        if sql is not None:
            # Where a driver formats parameters itself, a syntax error quotes the values near it.
            reason = re.sub(r"\bnear .*", lambda match: without_values(match[0], sql), reason)
        raise SourceError(f"Source {name!r} refuses the SQL: {reason}") from None
    except (TypeError, ValueError) as error:
        # The driver's own conversions: a parameter of a type that it does not support, text in another encoding.
        raise SourceError(f"Source {name!r}: a value can't be converted ({type(error).__name__})") from None


def is_unavailable(error: sa.exc.SQLAlchemyError) -> bool:
    """Return whether the database failed; otherwise it refuses the query, and would refuse it again.

    Drivers raise an OperationalError for both: sqlite3 and pymysql also where a table or a column is missing.
    """
    if isinstance(error, sa.exc.InterfaceError) or getattr(error, "connection_invalidated", False):
        return True
    if not isinstance(error, sa.exc.OperationalError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        # The error for text that is not UTF-8 has no name.
        return getattr(error.orig, "sqlite_errorname", "SQLITE_ERROR") != "SQLITE_ERROR"
    number = error.orig.args[0] if error.orig and error.orig.args else None
    if isinstance(number, int):
        return number in _MYSQL_UNAVAILABLE or number in _MYSQL_CLIENT_ERRORS
    return True
