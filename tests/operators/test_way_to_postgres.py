"""PostgreSQL as source and as state: what the connection says holds, as with the connections of Airflow's own hook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.providers.postgres.hooks.postgres import PostgresHook

from leadway_provider.exceptions import SourceUnavailableError, StateUnavailableError
from tests.operators.task import NEVER_AGAIN, sync
from tests.services import POSTGRES, airflow_connection, postgres_database

DRIVERS = ("postgresql+psycopg", "postgresql+psycopg2")
pytestmark = pytest.mark.usefixtures("warehouse")


@pytest.fixture(scope="module")
def database() -> Iterator[sa.URL]:
    """One customer in the schema `public`, and two others in `crm`."""
    with postgres_database() as url:
        run(
            url,
            "CREATE TABLE customers (id INTEGER, email TEXT, first_name TEXT, phone TEXT, country TEXT)",
            "INSERT INTO customers VALUES (1, 'public@example.com')",
            "CREATE SCHEMA crm",
            "CREATE TABLE crm.customers (id INTEGER, email TEXT, first_name TEXT, phone TEXT, country TEXT)",
            "INSERT INTO crm.customers VALUES (1, 'ann@example.com'), (2, 'bob@example.com')",
        )
        yield url


@pytest.fixture(params=DRIVERS)
def url(request: pytest.FixtureRequest, database: sa.URL) -> sa.URL:
    """The database, by each driver that a connection can name."""
    return database.set(drivername=request.param)


def run(url: sa.URL, *statements: str) -> list[Any]:
    """Run statements, and return the rows of the last one."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        *_, last = [connection.exec_driver_sql(statement) for statement in statements]
        return list(last.all()) if last.returns_rows else []


def connect(monkeypatch: pytest.MonkeyPatch, url: sa.URL, conn_id: str = "WAREHOUSE", **extra: Any) -> None:
    """Let a connection lead to a database."""
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id}", airflow_connection(url, **extra))


@pytest.mark.parametrize(
    "extra",
    [
        {"options": "-c search_path=crm"},
        {"sqlalchemy_query": {"options": "-c search_path=crm"}},
        {"options": "-c search_path=crm", "sqlalchemy_query": {"application_name": "leadway"}},
        {"options": "-c search_path=crm", "cursor": "dictcursor"},
        {"options": "-c search_path=crm", "cursor": "namedtuplecursor"},
    ],
    ids=str,
)
def test_the_search_path_holds(monkeypatch: pytest.MonkeyPatch, url: sa.URL, extra: dict[str, Any]) -> None:
    """A table that the query names without a schema is the one that the connection finds first."""
    connect(monkeypatch, url, **extra)

    assert sync()["created"] == 2


def test_hook_params_choose_options_and_database(monkeypatch: pytest.MonkeyPatch, database: sa.URL) -> None:
    """A task may say more than its connection, as in Airflow's SQL operators."""
    connect(monkeypatch, database.set(drivername=POSTGRES.drivername, database="postgres"))
    hook_params = {"database": database.database, "options": "-c search_path=crm"}

    assert sync(hook_params=hook_params)["created"] == 2


@pytest.mark.parametrize("where", ["options", "sqlalchemy_query"])
def test_tls_is_never_less_than_asked_for(monkeypatch: pytest.MonkeyPatch, url: sa.URL, where: str) -> None:
    """The server has no TLS and the file of certificates does not exist: no row is read."""
    tls = {"sslmode": "verify-full", "sslrootcert": "/nonexistent/ca.pem"}
    connect(monkeypatch, url, **(tls if where == "options" else {where: tls}))

    with pytest.raises(SourceUnavailableError, match=r"'warehouse' can't be reached: .*(SSL|certificate)"):
        sync()


def test_tls_holds_for_the_state_store(monkeypatch: pytest.MonkeyPatch, url: sa.URL) -> None:
    """State holds contacts' values, so it takes the same way."""
    connect(monkeypatch, url, "STATE", sslmode="require")

    with pytest.raises(StateUnavailableError, match=r"'state'.*SSL"):
        sync()


def test_the_state_is_kept_where_the_connection_says(monkeypatch: pytest.MonkeyPatch, url: sa.URL) -> None:
    """The tables are made in the connection's schema, and a second run finds them there."""
    schema = f"state_of_{url.get_driver_name()}"
    run(url, f"CREATE SCHEMA {schema}")
    connect(monkeypatch, url, "STATE", options=f"-c search_path={schema}", cursor="dictcursor")
    connect(monkeypatch, url)

    assert (sync()["created"], sync("second")["unchanged"]) == (1, 1)
    assert run(url, f"SELECT count(*) FROM {schema}.leadway_run") == [(2,)]  # noqa: S608 - the test's own schema


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"nonsense": "x"}, "'warehouse': .*(nonsense|invalid dsn)"),
        ({"sslmode": "require", "sqlalchemy_query": {"sslmode": "disable"}}, "'warehouse': its extras `sslmode` and"),
        ({"sqlalchemy_query": "sslmode=require"}, "'warehouse': its extra `sqlalchemy_query` must be an object"),
    ],
)
def test_an_extra_that_can_not_hold_is_named(
    monkeypatch: pytest.MonkeyPatch, url: sa.URL, extra: dict[str, Any], said: str
) -> None:
    """A person must correct the connection, so that nothing is tried again."""
    connect(monkeypatch, url, **extra)

    with pytest.raises(AirflowFailException, match=said) as raised:
        sync(timing=NEVER_AGAIN)

    assert "\n" not in str(raised.value)


@pytest.mark.skipif(not hasattr(PostgresHook, "sqlalchemy_scheme"), reason="earlier hooks choose the driver themselves")
@pytest.mark.parametrize("scheme", ["postgresql+asyncpg", "postgresql+pg8000", "mysql"])
def test_another_driver_is_refused(monkeypatch: pytest.MonkeyPatch, database: sa.URL, scheme: str) -> None:
    """Drivers that don't know libpq's options would leave them out."""
    connect(monkeypatch, database.set(drivername="postgresql+psycopg"), sqlalchemy_scheme=scheme)

    with pytest.raises(AirflowFailException, match=r"'warehouse'.*sqlalchemy_scheme"):
        sync()


@pytest.fixture(scope="module")
def without_encoding(database: sa.URL) -> Iterator[sa.URL]:
    """A database that does not know what its characters are."""
    name = f"{database.database}_ascii"
    server = sa.create_engine(database, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    yield database.set(database=name)
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("driver", DRIVERS)
def test_state_needs_an_encoding(
    monkeypatch: pytest.MonkeyPatch, database: sa.URL, without_encoding: sa.URL, driver: str
) -> None:
    """State in an SQL_ASCII database is refused, until the connection says which encoding its text has."""
    connect(monkeypatch, database)
    state = without_encoding.set(drivername=driver)
    connect(monkeypatch, state, "STATE")
    with pytest.raises(AirflowFailException, match=r"State store 'state' .*SQL_ASCII.*client_encoding"):
        sync()

    connect(monkeypatch, state, "STATE", client_encoding="utf8")
    assert sync(sync_name=driver)["created"] == 1


def test_parts_of_the_connection_may_be_absent(monkeypatch: pytest.MonkeyPatch, database: sa.URL) -> None:
    """Without a port, the driver takes PostgreSQL's own."""
    connection = json.loads(airflow_connection(database))
    del connection["port"]
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))

    assert sync()["created"] == 1
