"""A PostgreSQL server that crashes while it keeps the state, or is read, and is started again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import SourceUnavailableError, StateUnavailableError
from leadway_provider.sandbox.server import SandboxServer
from tests.faults.instant import ACKNOWLEDGING, PLANNING, SENDING, at
from tests.faults.postgres import PostgresServer, postgres_server
from tests.faults.promise import ROWS, VERSIONS, acknowledged, assert_kept, attempt, failed, state_of
from tests.operators.task import Warehouse

GOES_ON = "The task's retry goes on from the last acknowledged contact"


@pytest.fixture(scope="module")
def running() -> Iterator[PostgresServer]:
    """One server for all tests of this module."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def server(running: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> PostgresServer:
    """The server with an empty database, and a connection to it."""
    engine = sa.create_engine(running.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    address = {"conn_type": "postgres", "host": "127.0.0.1", "port": running.port, "login": "leadway"}
    monkeypatch.setenv("AIRFLOW_CONN_POSTGRES", json.dumps({**address, "schema": "postgres"}))
    return running


@pytest.mark.parametrize(
    ("moment", "after"),
    [(PLANNING, 0), (PLANNING, 2), (SENDING, 0), (ACKNOWLEDGING, 0), (ACKNOWLEDGING, 2)],
    ids=["first batch", "a later batch", "reading the outbox", "first acknowledgement", "a later acknowledgement"],
)
def test_the_state_goes_down(server: PostgresServer, sandbox: SandboxServer, moment: str, after: int) -> None:
    """The attempt ends with what the database said; started again, the retry goes on from what was acknowledged."""
    with at(moment, lambda _: server.crash(), after=after) as done:
        failed(
            StateUnavailableError,
            "State store 'postgres': .*(server closed|terminat|connection)",
            "See that it is up, and that the worker can reach it",
            GOES_ON,
            state_conn_id="postgres",
            batch_size=5,
        )
    assert done
    arrived = len(sandbox.journal.upserts)
    failed(StateUnavailableError, "'postgres': .*refused", GOES_ON, state_conn_id="postgres", batch_size=5)
    assert len(sandbox.journal.upserts) == arrived  # nothing is sent that could not be acknowledged
    server.start()
    before = acknowledged(server.url)
    assert 0 <= arrived - before <= 4  # those in flight
    report = attempt(state_conn_id="postgres", batch_size=5)
    assert len(sandbox.journal.upserts) - arrived == ROWS - before
    assert_kept(sandbox, report, state_conn_id="postgres")


def test_the_state_goes_down_between_an_acknowledgement_and_its_commit(
    server: PostgresServer, sandbox: SandboxServer
) -> None:
    """What the database did not commit counts as not acknowledged: those contacts are sent once more, as they were."""
    crashed = Event()

    def crash(connection: sa.Connection) -> None:
        if connection.engine.url.port == server.port and len(sandbox.journal.upserts) > 8 and not crashed.is_set():
            crashed.set()
            server.crash()

    sa.event.listen(sa.Engine, "commit", crash)
    try:
        failed(StateUnavailableError, "State store 'postgres': ", GOES_ON, state_conn_id="postgres", max_in_flight=2)
    finally:
        sa.event.remove(sa.Engine, "commit", crash)
    assert crashed.is_set()
    server.start()
    assert len(sandbox.journal.upserts) - acknowledged(server.url) in (1, 2)
    assert_kept(sandbox, attempt(state_conn_id="postgres"), state_conn_id="postgres")


@pytest.mark.parametrize("after", [0, 2])
def test_the_source_goes_down(server: PostgresServer, sandbox: SandboxServer, people: Warehouse, after: int) -> None:
    """The plan ends and counts for nothing; started again, the retry reads the query anew and sends every row."""
    engine = sa.create_engine(server.url, poolclass=sa.NullPool)
    customers = sa.Table(
        "customers",
        sa.MetaData(),
        sa.Column("id", sa.Integer),
        *(sa.Column(name, sa.Text) for name in ("email", "first_name", "phone", "country")),
    )
    with engine.begin() as connection:
        customers.create(connection)
        connection.execute(sa.insert(customers).values(VERSIONS))
    with at(PLANNING, lambda _: server.crash(), after=after) as done:
        failed(
            SourceUnavailableError,
            "Source 'postgres' broke off: ",
            "Nothing of this plan was sent; the task's retry reads the query again",
            sql_conn_id="postgres",
            batch_size=5,
        )
    assert done
    assert acknowledged(state_of(people)) == 0
    failed(
        SourceUnavailableError,
        "Source 'postgres' can't be reached: .*refused",
        "See that it is up",
        sql_conn_id="postgres",
    )
    assert not sandbox.journal.upserts
    server.start()
    assert_kept(sandbox, attempt(sql_conn_id="postgres"), sql_conn_id="postgres")
