"""How the server starts and ends."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer, listen
from leadway_provider.sandbox.service import Settings


def test_the_server_serves_at_once_and_leaves_no_thread() -> None:
    """The first call is served without waiting, and afterwards the port is free and the thread gone."""
    before = set(threading.enumerate())
    with SandboxServer() as server:
        assert httpx.get(server.url).status_code == 200
    assert set(threading.enumerate()) == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_the_server_ends_while_calls_hang() -> None:
    """The connection of a hanging call is dropped."""
    with ThreadPoolExecutor(1) as pool:
        with SandboxServer() as server:
            server.faults.add(Fault(FaultKind.HANG))
            waiting = pool.submit(httpx.get, f"{server.url}/users/", timeout=10)
            while not server.journal.faults:
                time.sleep(0.001)
        assert isinstance(waiting.exception(), httpx.TransportError)


def test_the_server_can_serve_twice() -> None:
    """A second start uses the same port and still has the contacts."""
    server = SandboxServer(Settings(location_id="here"))
    urls = set()
    for expected in (0, 1):
        with server:
            urls.add(server.url)
            assert httpx.get(f"{server.url}/_sandbox/contacts").json()["total"] == expected
            server.account.upsert({"email": "ann@example.com"})
    assert len(urls) == 1


def test_two_sandboxes_are_independent() -> None:
    """Each sandbox has its own port and its own contacts."""
    with SandboxServer() as one, SandboxServer() as two:
        one.account.upsert({"email": "ann@example.com"})
        assert one.url != two.url
        assert httpx.get(f"{two.url}/_sandbox/contacts").json()["total"] == 0


def test_a_port_in_use_is_an_error() -> None:
    """A port that is in use can't be listened on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", taken.getsockname()[1])
