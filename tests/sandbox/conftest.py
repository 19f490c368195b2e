"""A sandbox without a server for most tests, and one that serves for those about the wire."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Service, Settings
from tests.sandbox.clock import Clock
from tests.sandbox.office import Office


@pytest.fixture
def clock() -> Clock:
    """The time, which only a test moves."""
    return Clock()


@pytest.fixture
def office(clock: Clock) -> Office:
    """The API of a sandbox with default settings, called without HTTP."""
    return Office(Service(Settings(), clock=clock, wall=clock))


@pytest.fixture(scope="module")
def serving() -> Iterator[SandboxServer]:
    """One server for all tests of a module."""
    with SandboxServer(Settings(more_locations=("second-location",))) as server:
        yield server


@pytest.fixture
def server(serving: SandboxServer) -> SandboxServer:
    """The server as if it had just started."""
    serving.service.reset()
    return serving


@pytest.fixture
def client(server: SandboxServer) -> Iterator[httpx.Client]:
    """Somebody with a good token."""
    headers = {"Authorization": "Bearer sandbox-token", "Version": "2021-07-28"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=10) as client:
        yield client
