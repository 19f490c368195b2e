"""State in a server that is full, read-only or used by others, with each driver."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import StateUnavailableError
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.source.cause import codes
from leadway_provider.store.state import StateStore
from tests.faults.instant import at
from tests.faults.promise import ROWS, acknowledged, assert_kept, attempt, failed
from tests.services import airflow_connection, mariadb_database, postgres_database
from tests.source.drivers import MARIADB_DRIVERS, POSTGRES_DRIVERS

GOES_ON = "The task's retry goes on from the last acknowledged contact"
POSTGRES_FULL = (
    """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$
    """,
    "CREATE TRIGGER full_disk BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION full_disk()",
)
MARIADB_FULL = (
    """
    CREATE TRIGGER full_disk BEFORE INSERT ON {table} FOR EACH ROW
    SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = 'Disk full or the table is full'
    """,
)
POSTGRES_ROOM = ("DROP FUNCTION full_disk CASCADE",)
MARIADB_ROOM = ("DROP TRIGGER full_disk",)
READ_ONLY = {
    "postgresql": {"options": "-c default_transaction_read_only=on"},
    "mysql": {"init_command": "SET SESSION TRANSACTION READ ONLY"},
}
"""The extra of a connection whose sessions can't write, as with a server that others copy."""


@pytest.fixture(params=[*POSTGRES_DRIVERS, *MARIADB_DRIVERS])
def state(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.URL]:
    """A state store that the connection `state` leads to with a driver."""
    with postgres_database() if request.param in POSTGRES_DRIVERS else mariadb_database() as server:
        url = server.set(drivername=f"{server.get_backend_name()}+{request.param}")
        monkeypatch.setenv("AIRFLOW_CONN_STATE", airflow_connection(url))
        StateStore.open(sa.create_engine(url, poolclass=sa.NullPool), "state").close()
        yield url


def run(url: sa.URL, *statements: str) -> None:
    """Run statements."""
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@contextmanager
def full(url: sa.URL, table: str, number: int) -> Iterator[None]:
    """Let the server say that its disk is full where rows are added to a table; the driver's error is its own."""
    is_postgres = url.get_backend_name() == "postgresql"
    run(url, *(each.format(table=table, number=number) for each in (POSTGRES_FULL if is_postgres else MARIADB_FULL)))
    yield
    run(url, *(POSTGRES_ROOM if is_postgres else MARIADB_ROOM))


def test_the_disk_is_full(sandbox: SandboxServer, state: sa.URL) -> None:
    """The plan ends, and so does an acknowledgement; each time the error asks for room, and the retry goes on."""
    said: Any = (r"State store 'state': .*(full|No space)", "Make room on its disk", GOES_ON)
    with full(state, "leadway_outbox", 1114):
        failed(StateUnavailableError, *said, batch_size=5)
    assert (acknowledged(state), len(sandbox.journal.upserts)) == (0, 0)
    with full(state, "leadway_delivery", 1021):
        failed(StateUnavailableError, *said, batch_size=5)
    assert acknowledged(state) == 0
    assert 0 < len(sandbox.journal.upserts) < ROWS
    assert_kept(sandbox, attempt())


def test_the_server_is_read_only(sandbox: SandboxServer, state: sa.URL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found out before anything is sent, and the error asks for a server that can be written."""
    with monkeypatch.context() as changed:
        extra = READ_ONLY[state.get_backend_name()]
        changed.setenv("AIRFLOW_CONN_STATE", airflow_connection(state, **extra))
        failed(
            StateUnavailableError,
            "State store 'state': .*(?i:read.only)",
            "Use a server that can be written to",
            GOES_ON,
        )
    assert not sandbox.journal.upserts
    assert_kept(sandbox, attempt())


@contextmanager
def other_session(url: sa.URL) -> Iterator[sa.Connection]:
    """Another session, whose transaction the server does not choose where one of two must be given up."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        if url.get_backend_name() == "postgresql":  # who looks for a deadlock first, gives up
            connection.exec_driver_sql("SET deadlock_timeout = '60s'")
        else:  # who has changed less, gives up
            connection.exec_driver_sql("CREATE TABLE scratch (n INT)")
            connection.exec_driver_sql("INSERT INTO scratch SELECT seq FROM seq_1_to_5000")
        yield connection


def test_a_deadlock_is_repeated(sandbox: SandboxServer, state: sa.URL) -> None:
    """Another session holds what an acknowledgement needs, and wants what it has: the task does not notice."""
    holds, errors = Event(), []

    def remember(context: sa.engine.ExceptionContext) -> None:
        errors.append(codes(context.sqlalchemy_exception or context.original_exception))

    with other_session(state) as other, ThreadPoolExecutor(1) as thread:

        def lock_both() -> None:
            other.exec_driver_sql("SELECT id FROM leadway_run FOR UPDATE").all()
            holds.set()
            other.exec_driver_sql("SELECT id FROM leadway_row FOR UPDATE").all()
            other.rollback()

        def begin(_: sa.Connection) -> None:
            locking.append(thread.submit(lock_both))
            assert holds.wait(timeout=30)

        locking: list[Future[None]] = []
        sa.event.listen(sa.Engine, "handle_error", remember)
        try:
            with at("UPDATE leadway_run SET created", begin) as done:
                report = attempt(batch_size=5)
        finally:
            sa.event.remove(sa.Engine, "handle_error", remember)
        locking[0].result(timeout=30)
    assert done
    assert errors
    assert all(found & {"40P01", 1213} for found in errors)
    assert_kept(sandbox, report)
