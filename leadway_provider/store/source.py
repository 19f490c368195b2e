"""Reading a source: any query, in batches, in constant memory."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.exceptions import SourceError, SourceUnavailableError
from leadway_provider.store.cause import cause

# Shutdown, disk full, out of memory, lock waits, deadlock, killed and timed out.
_MYSQL_UNAVAILABLE: Final = frozenset({1021, 1037, 1041, 1053, 1205, 1213, 1317, 1927, 1969, 3024})
# From here to 2999 it is the client that lost the server.
_MYSQL_CLIENT_ERRORS: Final = range(2000, 3000)


@dataclass(frozen=True, slots=True)
class SourceRows:
    """The rows of an open query.

    Attributes:
        columns: the names of the result's columns, in order; a name may come twice.
    """

    columns: tuple[str, ...]
    _result: sa.CursorResult[Any]
    _batch_size: int
    _name: str

    def batches(self) -> Iterator[Sequence[sa.Row[Any]]]:
        """The rows once, in the query's order, at most `batch_size` at a time.

        Raises:
            SourceUnavailableError: the connection broke off.
            SourceError: the database could not compute or decode a row.
        """
        with _querying(self._name):
            yield from self._result.partitions(self._batch_size)


@contextmanager
def read_source(
    engine: sa.Engine, sql: str, parameters: Mapping[str, object] | None, *, batch_size: int, name: str
) -> Iterator[SourceRows]:
    """Run a query and hold its result open while the block runs; whatever the SQL did is rolled back at its end.

    Args:
        engine: the source database.
        sql: one query. Without parameters it reaches the database as it is, `%` and `:` included.
        parameters: values for each `:name` in the query, bound and never formatted into it.
        batch_size: rows in a batch, and how many the driver may hold.
        name: how errors call the source, a connection id.

    Raises:
        SourceUnavailableError: the database can't be reached, or the connection broke off.
        SourceError: the database refuses the query, a parameter is missing, or the query answers with no rows set.
    """
    with _connecting(name):
        connection = engine.connect().execution_options(stream_results=True, max_row_buffer=batch_size)
    with connection:
        with _querying(name, parameters):
            result = _execute(connection, sql, parameters, name)
        if not result.returns_rows:
            raise SourceError(f"The SQL for source {name!r} answers with no rows set; it must be one SELECT.")
        try:
            yield SourceRows(tuple(result.keys()), result, batch_size, name)
        finally:
            # MySQL's drivers want an unfinished result closed before anything else, but not once the connection broke.
            if not connection.invalidated:
                result.close()


def _execute(
    connection: sa.Connection, sql: str, parameters: Mapping[str, object] | None, name: str
) -> sa.CursorResult[Any]:
    if not parameters:
        return connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
    query = sa.text(sql)
    if missing := sorted(query.compile().params.keys() - parameters.keys()):
        raise SourceError(
            f"The SQL for source {name!r} names {', '.join(f':{parameter}' for parameter in missing)}, "
            "which parameters does not hold; a colon that starts no parameter is written \\:."
        )
    return connection.execute(query, parameters)


@contextmanager
def _connecting(name: str) -> Iterator[None]:
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        raise SourceUnavailableError(
            f"Source {name!r} can't be reached: {cause(error).removesuffix('.')}. See that it is up, and that the "
            "connection names it right; then let the task try again."
        ) from None


@contextmanager
def _querying(name: str, parameters: Mapping[str, object] | None = None) -> Iterator[None]:
    # SQLAlchemy's text shows statements and parameters, and a chained error would be logged with it: hence `from None`.
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        if _is_unavailable(error):
            raise SourceUnavailableError(
                f"Source {name!r} broke off: {cause(error).removesuffix('.')}. Nothing of this plan was sent; "
                "the task's retry reads the query anew."
            ) from None
        said = cause(error)
        if parameters:
            # A driver that formats parameters itself is told of a syntax error near their values.
            said = re.sub(r"\bnear .*", "near …", said)
        raise SourceError(f"Source {name!r} refuses the SQL: {said}") from None
    except (TypeError, ValueError) as error:
        # The driver's own conversions: a parameter of a type it doesn't know, text in another encoding.
        raise SourceError(f"Source {name!r}: a value can't be converted ({type(error).__name__})") from None


def _is_unavailable(error: sa.exc.SQLAlchemyError) -> bool:
    """Whether the database failed; otherwise it refuses the query, and would again.

    Drivers call both an OperationalError: sqlite3 and pymysql also where a table or a column is missing.
    """
    if isinstance(error, sa.exc.InterfaceError) or getattr(error, "connection_invalidated", False):
        return True
    if not isinstance(error, sa.exc.OperationalError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        # Text that is no UTF-8 comes without a name.
        return getattr(error.orig, "sqlite_errorname", "SQLITE_ERROR") != "SQLITE_ERROR"
    number = error.orig.args[0] if error.orig and error.orig.args else None
    if isinstance(number, int):
        return number in _MYSQL_UNAVAILABLE or number in _MYSQL_CLIENT_ERRORS
    return True
