"""A sandbox without a server for most tests, and a server for the tests of HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Service, Settings
from tests.sandbox.clock import Clock
from tests.sandbox.direct_client import DirectClient


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still until a test moves it."""
    return Clock()


@pytest.fixture
def api(clock: Clock) -> DirectClient:
    """Return a client of a sandbox with default settings, without HTTP."""
    return DirectClient(Service(Settings(), clock=clock, wall=clock))


@pytest.fixture(scope="module")
def serving() -> Iterator[SandboxServer]:
    """Serve one sandbox for all tests of a module."""
    with SandboxServer(Settings(more_locations=("second-location",))) as server:
        yield server


@pytest.fixture
def server(serving: SandboxServer) -> SandboxServer:
    """Return the server in the state of its start."""
    serving.service.reset()
    return serving


@pytest.fixture
def client(server: SandboxServer) -> Iterator[httpx.Client]:
    """Return an HTTP client with a valid token."""
    headers = {"Authorization": "Bearer sandbox-token", "Version": "2021-07-28"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=10) as client:
        yield client
