"""A database as the store uses it: short transactions, and errors that say what to do."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry

from leadway_provider.clock import utc_now
from leadway_provider.exceptions import ConnectionSettingsError, StateUnavailableError
from leadway_provider.source.cause import cause, codes, remedy

CHUNK: Final = 1000
"""Rows in one statement or short transaction; SQLite takes 32,766 parameters at most."""

STATE_DIALECTS: Final = frozenset({"sqlite", "postgresql", "mysql", "mariadb"})
"""SQLAlchemy's names of the databases that can keep the state."""

_BUSY_SECONDS: Final = 30
"""How long a SQLite connection waits for another program's lock, unless it was opened with a timeout of its own."""

_DRIVER_BUSY_SECONDS: Final = 5
"""The timeout of Python's sqlite3 where none was given."""

_FEW_PAGES: Final = 1000
"""Pages of a SQLite file, 4 KB each, that are moved in one transaction, or not worth one."""

_SPARE: Final = 32
"""One page of so many in a SQLite file may stay unused. To move the others costs about what the outbox cost in them."""

_ATTEMPTS: Final = 10
_DEADLOCKS: Final = frozenset({1213, "40P01", "40001"})
"""The codes of MariaDB and MySQL, and of PostgreSQL, for a transaction that was rolled back in favour of another."""

P = ParamSpec("P")
T = TypeVar("T")


class _DeadlockError(StateUnavailableError):
    """The database rolled the whole transaction back in favour of another one."""


def repeated_after_deadlock(transaction: Callable[P, T]) -> Callable[P, T]:
    """Repeat a function that is one transaction if the database rolled it back in favour of another one."""

    @wraps(transaction)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(_ATTEMPTS - 1):
            with suppress(_DeadlockError):
                return transaction(*args, **kwargs)
        return transaction(*args, **kwargs)

    return repeated


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Return the values in parts that one statement can take as parameters."""
    return (values[start : start + size] for start in range(0, len(values), size))


class Database:
    """An engine, the name by which errors call it, and the clock that stored times come from.

    Every transaction takes a connection from the pool and gives it back, so any thread may use the store and no idle
    transaction is left open between two batches.

    Args:
        engine: a SQLite file, PostgreSQL, MariaDB or MySQL.
        name: how errors name the store: a connection id or a file's path.
        now: the present, in aware time.
        chunk: rows in one statement or short transaction.
        read_only: whether nothing will be written: a SQLite file is then left as it is.
    """

    def __init__(
        self,
        engine: sa.Engine,
        name: str,
        now: Callable[[], datetime] = utc_now,
        *,
        chunk: int = CHUNK,
        read_only: bool = False,
    ) -> None:
        self.name = name
        self.now = now
        self.chunk = chunk
        self._engine = engine
        self.is_postgresql = engine.dialect.name == "postgresql"
        self._is_sqlite = engine.dialect.name == "sqlite"
        self.is_on_server = not self._is_sqlite
        # SQLite's own wait for another writer is a sleep that grows, and the threads of one process can do better.
        self._writer = threading.Lock() if self._is_sqlite else nullcontext()
        self._advice = "" if read_only else " The task's retry goes on from the last acknowledged contact."
        prepare = _prepare_sqlite_to_read if read_only else _prepare_sqlite
        if engine.dialect.name == "postgresql":
            # Before SQLAlchemy asks for the server's version, which psycopg returns as bytes then.
            sa.event.listen(engine, "connect", self._require_encoding, insert=True)
        if self._is_sqlite and not sa.event.contains(engine, "connect", prepare):
            sa.event.listen(engine, "connect", prepare)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection to read with.

        Raises:
            StateUnavailableError: the database can't be reached or read.
        """
        with self._errors(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give one transaction: it is committed at the end, and rolled back as a whole if anything fails.

        Raises:
            StateUnavailableError: the database can't be reached, is locked or can't be written.
        """
        with self._errors(), self._writer, self._engine.begin() as connection:
            if self._is_sqlite:
                # A transaction that first reads and then wants to write fails at once when another process wrote in
                # between; one that takes the write lock at its start waits for it.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def shrink(self) -> None:
        """Return the unused pages of a SQLite file to the file system, a part at a time, where they are many.

        A plan's outbox takes more room than what its delivery leaves. Servers do this by themselves.
        """
        before: int | None = None
        while self._is_sqlite:
            with self.reading() as connection:
                driver_connection: Any = connection.connection.driver_connection
                (pages,) = driver_connection.execute("PRAGMA page_count").fetchone()
                (free,) = driver_connection.execute("PRAGMA freelist_count").fetchone()
                if free < max(_FEW_PAGES, pages // _SPARE) or free == before:
                    return
                before = free
                # As a script, which is run to its end; `execute` would stop after the first page.
                driver_connection.executescript(f"PRAGMA incremental_vacuum({_FEW_PAGES})")

    def close(self) -> None:
        """Close the pool's connections."""
        self._engine.dispose()

    def _require_encoding(self, connection: Any, _entry: ConnectionPoolEntry) -> None:
        if getattr(connection, "info", None) and connection.info.parameter_status("client_encoding") == "SQL_ASCII":
            raise ConnectionSettingsError(
                f"State store {self.name!r} is a database with the encoding SQL_ASCII, which does not say what its "
                'characters are. Name it in the extra of the connection: {"client_encoding": "utf8"}.'
            )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise the store's own error in place of SQLAlchemy's."""
        try:
            yield
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            # SQLAlchemy's text shows statements and parameters, and a chained error would be logged with it.
            kind = _DeadlockError if _is_deadlock(error) else StateUnavailableError
            raise kind(
                f"State store {self.name!r}: {cause(error).removesuffix('.')}. {remedy(error)}{self._advice}"
            ) from None


def _is_deadlock(error: sa.exc.SQLAlchemyError) -> bool:
    return not codes(error).isdisjoint(_DEADLOCKS)


def _prepare_sqlite(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    _wait_for_locks(connection, entry)
    # Unused pages can be returned, see `Database.shrink`. Only a new file is told so; for another one it needs a lock.
    if not connection.execute("PRAGMA page_count").fetchone()[0]:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    # In KB: with the 2 MB that are usual, a plan of a million rows reads and writes each page of an index many times.
    connection.execute("PRAGMA cache_size = -16000")
    # Readers and the writer don't block each other in WAL mode. Where two processes switch a new file at one time, one
    # of them fails without waiting; the other one's switch is enough, since the mode is a property of the file.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")
    # In pages of 4 KB: with the 4 MB that are usual, a plan of many rows moves each page of an index that it wrote from
    # the journal to the file after almost every batch.
    connection.execute("PRAGMA wal_autocheckpoint = 8000")
    # A commit is on the disk when it returns, as with the servers: after a power cut, a refresh token that was used
    # must not be stored as unused.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _prepare_sqlite_to_read(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    _wait_for_locks(connection, entry)
    connection.execute("PRAGMA query_only = ON")


def _wait_for_locks(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    (milliseconds,) = connection.execute("PRAGMA busy_timeout").fetchone()
    if milliseconds == _DRIVER_BUSY_SECONDS * 1000:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
