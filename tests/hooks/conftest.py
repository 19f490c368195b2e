"""A local Leadway and connections to it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Service, Settings
from tests.hooks.account import LOCATION, TOKEN, Connect


@pytest.fixture(scope="session")
def running_server() -> Iterator[SandboxServer]:
    """Serve a local Leadway for all tests, because its start takes a moment."""
    with SandboxServer(Settings(token=TOKEN, location_id=LOCATION)) as server:
        yield server


@pytest.fixture
def server(running_server: SandboxServer) -> SandboxServer:
    """Return the local Leadway, reset."""
    running_server.service.reset()
    return running_server


@pytest.fixture
def sandbox(server: SandboxServer) -> Service:
    """Return what the local Leadway serves."""
    return server.service


@pytest.fixture
def connect(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Return a function that defines the connection `crm` in the environment, with changes, and returns its id."""

    def define(*, password: str = TOKEN, host: str = server.url, **extra: object) -> str:
        connection = {
            "conn_type": "leadway",
            "host": host,
            "password": password,
            "extra": {"location_id": LOCATION, **extra},
        }
        monkeypatch.setenv("AIRFLOW_CONN_CRM", json.dumps(connection))
        return "crm"

    return define


@pytest.fixture
def hook(connect: Connect) -> Iterator[LeadwayHook]:
    """Return a hook with a correct connection."""
    with LeadwayHook(connect()) as hook:
        yield hook
