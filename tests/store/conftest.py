"""Every database that the store runs on."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadway_provider.store.state import StateStore, SyncIdentity
from tests.services import mariadb_database, postgres_database

KINDS = ("sqlite", "postgresql", "mariadb")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[sa.URL]:
    """A PostgreSQL database that all tests of the session share."""
    with postgres_database() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[sa.URL]:
    """A MariaDB database that all tests of the session share."""
    with mariadb_database() as url:
        yield url


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine on each kind of database, as a hook would hand it over; the servers' databases are shared by tests."""
    if request.param == "sqlite":
        url = sa.URL.create("sqlite", database=str(tmp_path / "shared.db"))
    else:
        url = request.getfixturevalue({"postgresql": "postgres_url", "mariadb": "mariadb_url"}[request.param])
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.URL]:
    """A database without any table, for this test alone."""
    match request.param:
        case "sqlite":
            yield sa.URL.create("sqlite", database=str(tmp_path / "empty.db"))
        case "postgresql":
            with postgres_database() as url:
                yield url
        case _:
            with mariadb_database() as url:
                yield url


@pytest.fixture
def state(engine: sa.Engine) -> Iterator[StateStore]:
    """A state store on each kind of database."""
    with closing(StateStore.open(engine, "state")) as opened:
        yield opened


@pytest.fixture
def sync() -> SyncIdentity:
    """A sync of this test's own."""
    return SyncIdentity(f"customers {uuid.uuid4().hex}", "https://api.example.com", "loc1")
