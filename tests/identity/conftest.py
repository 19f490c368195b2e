"""A world whose state is in memory, and one whose state is in a database."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import cast

import pytest
import sqlalchemy as sa

from leadway_provider.store.state import StateStore
from leadway_provider.sync.request import SyncIdentity
from leadway_provider.testing import MemoryState
from tests.identity.model import World
from tests.identity.sql_state import SqlState


@pytest.fixture(params=["memory", "database"])
def empty_world(request: pytest.FixtureRequest, engine: sa.Engine) -> Iterator[World]:
    """A world without people, whose sync has not run yet."""
    world = World()
    if request.param == "memory":
        yield world
        return
    with closing(StateStore.open(engine, "state", world.time.now)) as store:
        sync = SyncIdentity(f"customers {uuid.uuid4().hex}", "https://api.example.com", "loc1")
        world.state = cast("MemoryState", SqlState(engine, store, sync))
        yield world
