"""Database servers that tests use: each test session gets a database of its own, and drops it."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Final, NoReturn

import pytest
import sqlalchemy as sa

REQUIRED: Final = "LEADWAY_REQUIRE_SERVICES"
"""With this environment variable set to 1 an absent server is a failure, not a reason to skip."""

POSTGRES_DRIVER: Final = os.environ.get("LEADWAY_POSTGRES_DRIVER", "psycopg")
"""The driver of the tests; the default is the one that Airflow's hook brings. The other one is psycopg2."""

_MYSQL_DEFAULT: Final = "mysqldb" if find_spec("MySQLdb") or os.environ.get(REQUIRED) == "1" else "pymysql"

MYSQL_DRIVER: Final = os.environ.get("LEADWAY_MYSQL_DRIVER", _MYSQL_DEFAULT)
"""The same for MariaDB: mysqlclient (mysqldb), if it could be built. The other ones are pymysql and mysqlconnector."""

POSTGRES: Final = sa.make_url(f"postgresql+{POSTGRES_DRIVER}://postgres@127.0.0.1:5432/test")
MARIADB: Final = sa.make_url(f"mysql+{MYSQL_DRIVER}://root@127.0.0.1:3306/test?charset=utf8mb4")


KINDS: Final = ("sqlite", "postgresql", "mariadb")
"""The databases that a state store and a source are tested on."""


def airflow_connection(url: sa.URL, **extra: object) -> str:
    """The Airflow connection, as an environment variable holds it, that reaches a database with its URL's driver."""
    if url.get_backend_name() == "sqlite":
        return json.dumps({"conn_type": "sqlite", "host": url.database, "extra": extra})
    chosen = {
        "postgresql+psycopg2": {"sqlalchemy_scheme": "postgresql+psycopg2"},
        "mysql+pymysql": {"client": "pymysql"},
        "mysql+mysqlconnector": {"client": "mysql-connector-python"},
    }
    return json.dumps(
        {
            "conn_type": {"postgresql": "postgres"}.get(url.get_backend_name(), "mysql"),
            "host": url.host,
            "port": url.port,
            "login": url.username,
            "password": url.password,
            "schema": url.database,
            "extra": chosen.get(url.drivername, {}) | extra,
        }
    )


@contextmanager
def postgres_database(*, encoding: str = "UTF8") -> Iterator[sa.URL]:
    """A new, empty PostgreSQL database; its owner may connect and nobody else knows its name.

    A commit does not wait for the disk, because no test cuts this server's power.
    """
    options = f"ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'" if encoding != "UTF8" else ""
    made = (f"CREATE DATABASE {{}} {options}", "ALTER DATABASE {} SET synchronous_commit TO off")
    with _database(POSTGRES, "PostgreSQL", made, "DROP DATABASE {} WITH (FORCE)") as url:
        yield url


@contextmanager
def mariadb_database() -> Iterator[sa.URL]:
    """A new, empty MariaDB database."""
    with _database(MARIADB, "MariaDB", ("CREATE DATABASE {}",), "DROP DATABASE {}") as url:
        yield url


@contextmanager
def _database(server: sa.URL, kind: str, made: Iterable[str], drop: str) -> Iterator[sa.URL]:
    name = f"leadway_test_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            for statement in made:
                connection.exec_driver_sql(statement.format(name))
    except sa.exc.OperationalError as error:
        _absent(kind, server, error)
    try:
        yield server.set(database=name)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(drop.format(name))


def _absent(kind: str, server: sa.URL, error: sa.exc.OperationalError) -> NoReturn:
    message = f"no {kind} at {server.host}:{server.port}: {error.orig}"
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{message} ({REQUIRED}=1)")
    pytest.skip(message)
