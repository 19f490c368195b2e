"""The sandbox over HTTP: in the foreground for people, in a thread for tests."""

from __future__ import annotations

import asyncio
import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from leadway_provider.sandbox.account import Account
from leadway_provider.sandbox.app import SandboxApp
from leadway_provider.sandbox.controls import controls
from leadway_provider.sandbox.faults import FaultProgramme
from leadway_provider.sandbox.journal import Journal
from leadway_provider.sandbox.service import Service, Settings
from leadway_provider.sandbox.tokens import TokenRegistry

_KEEP_ALIVE = 120
_BACKLOG = 2048


class _Connection(HttpToolsProtocol):
    """Hands its transport to the application, which is the only way to drop a connection on request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the parent has it
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def listen(host: str, port: int) -> socket.socket:
    """Open the sandbox's door: callers can connect from now on, and wait until it serves.

    Raises:
        OSError: the address is taken, or isn't this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
        door.listen(_BACKLOG)
    except OSError:
        door.close()
        raise
    return door


def run(settings: Settings, door: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    _server(Service(settings)).run(sockets=[door])


def _server(service: Service) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            SandboxApp(service, controls(service)),
            http=_Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=5,
        )
    )


class SandboxServer:
    """A sandbox that serves on a free port of 127.0.0.1 from a thread of this process, while a `with` block lasts.

    Its state may be read while it serves, and faults be added; contacts are best looked at between calls. Entered once
    more it is the same account at the same port, as after a restart.

    Args:
        settings: how it behaves.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.service = Service(self.settings)
        self.port = 0

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def account(self) -> Account:
        """The first location: its contacts."""
        return self.service.account

    @property
    def faults(self) -> FaultProgramme:
        """What is to go wrong."""
        return self.service.faults

    @property
    def journal(self) -> Journal:
        """What it was asked."""
        return self.service.journal

    @property
    def tokens(self) -> TokenRegistry:
        """Who may call. It is another one after a reset."""
        return self.service.tokens

    def __enter__(self) -> Self:
        """Begin to serve."""
        door = listen("127.0.0.1", self.port)
        self.port = door.getsockname()[1]
        self._server = _server(self.service)
        self._runner = asyncio.Runner(loop_factory=self._server.config.get_loop_factory())
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._serve, args=(door,), name="leadway-sandbox", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop whoever is still connected, and end the thread."""
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join()

    def _serve(self, door: socket.socket) -> None:
        with self._runner:
            self._runner.run(self._server.serve(sockets=[door]))

    def _stop(self) -> None:
        self._server.should_exit = True
        for connection in self._server.server_state.connections:
            connection.transport.abort()
