"""Database servers that tests use: each test session gets a database of its own, and drops it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

import pytest
import sqlalchemy as sa

REQUIRED: Final = "LEADWAY_REQUIRE_SERVICES"
"""With this environment variable set to 1 an absent server is a failure, not a reason to skip."""

POSTGRES: Final = sa.make_url("postgresql+psycopg2://postgres@127.0.0.1:5432/test")
MARIADB: Final = sa.make_url("mysql+pymysql://root@127.0.0.1:3306/test?charset=utf8mb4")


@contextmanager
def postgres_database() -> Iterator[sa.URL]:
    """A new, empty PostgreSQL database; its owner may connect and nobody else knows its name."""
    with _database(POSTGRES, "PostgreSQL", "DROP DATABASE {} WITH (FORCE)") as url:
        yield url


@contextmanager
def mariadb_database() -> Iterator[sa.URL]:
    """A new, empty MariaDB database."""
    with _database(MARIADB, "MariaDB", "DROP DATABASE {}") as url:
        yield url


@contextmanager
def _database(server: sa.URL, kind: str, drop: str) -> Iterator[sa.URL]:
    name = f"leadway_test_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
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
