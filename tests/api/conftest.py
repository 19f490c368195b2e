"""Fixtures of the client's tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.store.state import StateStore
from tests.api.clients import IdleTime
from tests.api.connected import Connected, sandbox_with
from tests.sandbox.clock import Clock


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """Serve a sandbox without quotas."""
    with SandboxServer(Settings(burst=None, daily=None)) as server:
        yield server


@pytest.fixture
def time() -> IdleTime:
    """Return a time that passes only when a client sleeps."""
    return IdleTime()


@pytest.fixture
def connected(tmp_path: Path, empty_state: Path) -> Iterator[Connected]:
    """Make an OAuth connection to the account of a sandbox, with a token store in SQLite."""
    clock = Clock()
    file = tmp_path / "state.db"
    shutil.copy(empty_state, file)
    with sandbox_with(clock) as server, closing(StateStore.open_file(file)) as state:
        yield Connected(server, clock, state.tokens(lambda text: text[::-1], lambda text: text[::-1]))
