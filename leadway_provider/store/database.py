"""A database as the store uses it: short transactions, and errors that say who must act."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Final, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry

from leadway_provider.exceptions import StateUnavailableError
from leadway_provider.store.cause import cause, remedy

_BUSY_SECONDS: Final = 30
_ATTEMPTS: Final = 10
_DEADLOCKS: Final = frozenset({1213, "40P01", "40001"})
"""What MariaDB and MySQL, and PostgreSQL, call a transaction that they took back in favour of another one."""

P = ParamSpec("P")
T = TypeVar("T")


class _DeadlockError(StateUnavailableError):
    """The database took the transaction back, as a whole, in favour of another one."""


def repeated_after_deadlock(transaction: Callable[P, T]) -> Callable[P, T]:
    """Repeat a function that is one transaction, where the database sacrificed it to another one."""

    @wraps(transaction)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(_ATTEMPTS - 1):
            with suppress(_DeadlockError):
                return transaction(*args, **kwargs)
        return transaction(*args, **kwargs)

    return repeated


def chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The values in parts that one statement can take as parameters."""
    return (values[start : start + size] for start in range(0, len(values), size))


class Database:
    """An engine and the name by which errors call it.

    Every transaction takes a connection from the pool and gives it back, so any thread may use the store and no idle
    transaction is left open between two batches.
    """

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self.name = name
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        if self._is_sqlite and not sa.event.contains(engine, "connect", _prepare_sqlite):
            sa.event.listen(engine, "connect", _prepare_sqlite)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection to read with.

        Raises:
            StateUnavailableError: the database can't be reached or read.
        """
        with self._failing(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction: committed at the end, and taken back as a whole if anything fails.

        Raises:
            StateUnavailableError: the database can't be reached, is locked or can't be written.
        """
        with self._failing(), self._engine.begin() as connection:
            if self._is_sqlite:
                # A transaction that first reads and then wants to write fails at once when another process wrote in
                # between; one that takes the write lock at its start waits for it.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def close(self) -> None:
        """Close the pool's connections."""
        self._engine.dispose()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            # SQLAlchemy's text shows statements and parameters, and a chained error would be logged with it.
            kind = _DeadlockError if _is_deadlock(error) else StateUnavailableError
            raise kind(
                f"State store {self.name!r}: {cause(error).removesuffix('.')}. {remedy(error)} "
                "The task's retry goes on from the last acknowledged contact."
            ) from None


def _is_deadlock(error: sa.exc.SQLAlchemyError) -> bool:
    driver = getattr(error, "orig", None)
    return getattr(driver, "pgcode", None) in _DEADLOCKS or next(iter(getattr(driver, "args", ())), None) in _DEADLOCKS


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    # Readers and the writer don't block each other in WAL mode. Two processes that switch a new file at one time make
    # one of them fail without waiting; the other's switch is enough, for the mode is a property of the file.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")
    # A commit is on the disk when it returns, as with the servers: a refresh token must not be used that a power cut
    # would bring back as unused.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
