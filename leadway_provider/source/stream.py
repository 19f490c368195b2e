"""How each driver returns a result in constant memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine.cursor import CursorFetchStrategy

from leadway_provider.contacts.unreadable import UnreadableValue
from leadway_provider.exceptions import SourceError
from leadway_provider.source.cells import NOT_UNICODE

_DBMS_NAME: Final = 17
"""What ODBC's `getinfo` calls SQL_DBMS_NAME."""
_BUFFERED_BY_ODBC: Final = {"MariaDB": "mysqlclient", "MySQL": "mysqlclient", "PostgreSQL": "psycopg"}
"""Databases whose ODBC drivers hold a whole result in memory, and a driver that does not."""


def streaming(connection: sa.Connection, *, batch_size: int, name: str) -> sa.Connection:
    """Let a connection stream the results of its statements.

    Args:
        connection: a connection that was just opened.
        batch_size: rows that the driver may hold.
        name: how errors call the source, a connection id.

    Raises:
        SourceError: the driver holds a whole result in memory.
    """
    dialect = connection.dialect
    driver_connection = connection.connection.driver_connection
    if dialect.driver == "pyodbc":
        refuse_buffering(driver_connection, name)
    if dialect.driver == "mysqlconnector":
        # SQLAlchemy has its unbuffered cursor, and does not use it of its own accord.
        dialect.supports_server_side_cursors = True
    if isinstance(driver_connection, sqlite3.Connection):
        sa.event.listen(connection, "after_cursor_execute", _fetch_any_text)
    return connection.execution_options(stream_results=True, max_row_buffer=batch_size)


def refuse_buffering(connection: Any, name: str) -> None:
    """Raise SourceError if an ODBC connection is to a database whose driver holds a whole result in memory."""
    database = connection.getinfo(_DBMS_NAME)
    if driver := _BUFFERED_BY_ODBC.get(database):
        raise SourceError(
            f"Source {name!r} reaches {database} by ODBC, which holds a whole result in memory: use a connection of "
            f"the database's own type, with the driver {driver}."
        )


def _fetch_any_text(_: object, __: object, ___: object, ____: object, context: Any, _____: object) -> None:
    context.cursor_fetch_strategy = _AnyText()


def _any_text(text: bytes) -> str | UnreadableValue:
    """Return the text of some bytes, or what stands for it where they are not UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return NOT_UNICODE


class _AnyText(CursorFetchStrategy):
    """Returns SQLite's rows also where a text is not UTF-8.

    The driver fails at such a text and stays at its row. From there on, texts are decoded here, which takes longer.
    """

    __slots__ = ()

    def fetchmany(self, result: Any, dbapi_cursor: Any, size: int | None = None) -> Sequence[Any]:
        rows: list[Any] = []  # extend keeps what it got before an error
        try:
            rows.extend(islice(dbapi_cursor, size))
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorname", None):  # an error of the database, not of the driver
                self.handle_exception(result, dbapi_cursor, error)
            dbapi_cursor.connection.text_factory = _any_text
            return rows + list(super().fetchmany(result, dbapi_cursor, size and size - len(rows)))
        except sqlite3.Error as error:
            self.handle_exception(result, dbapi_cursor, error)
        return rows or super().fetchmany(result, dbapi_cursor, size)
