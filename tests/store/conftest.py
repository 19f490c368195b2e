"""Every database that the store runs on."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadway_provider.store.state import StateStore
from leadway_provider.sync.request import SyncIdentity
from tests.services import KINDS, mariadb_database, postgres_database
from tests.store.sample import StoreClock


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
def clock() -> StoreClock:
    """The clock of the state store."""
    return StoreClock()


@pytest.fixture
def state(engine: sa.Engine, clock: StoreClock) -> Iterator[StateStore]:
    """A state store on each kind of database, whose time the test sets."""
    with closing(StateStore.open(engine, "state", now=clock)) as opened:
        yield opened


@pytest.fixture
def state_by_twos(engine: sa.Engine) -> Iterator[StateStore]:
    """A state store that treats two rows in a transaction, where others treat a thousand."""
    with closing(StateStore.open(engine, "state", chunk=2)) as opened:
        yield opened


@pytest.fixture
def sync() -> SyncIdentity:
    """A sync of this test's own."""
    return SyncIdentity(f"customers {uuid.uuid4().hex}", "https://api.example.com", "loc1")
