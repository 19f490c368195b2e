"""The sandbox over HTTP: in the foreground for people, in a thread for tests."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from leadway_provider.sandbox.account import SandboxAccount
from leadway_provider.sandbox.app import SandboxApp
from leadway_provider.sandbox.controls import controls
from leadway_provider.sandbox.faults import FaultQueue
from leadway_provider.sandbox.file import load, save
from leadway_provider.sandbox.journal import Journal
from leadway_provider.sandbox.local import LocalApp, is_loopback
from leadway_provider.sandbox.service import Service, Settings
from leadway_provider.sandbox.tokens import TokenRegistry

_LOOPBACK = "127.0.0.1"
_KEEP_ALIVE = 120
_BACKLOG = 2048
_PATIENCE = 5


class _Connection(HttpToolsProtocol):
    """A connection that gives the application its transport, which is needed to drop the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the parent has it
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _PromptServer(uvicorn.Server):
    """A server that ends at once, where uvicorn looks ten times a second, and then gives clients as long to go."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Let it end; called by the event loop."""
        self._stopped.set()

    async def main_loop(self) -> None:
        """Serve until `stop` is called. What uvicorn does ten times a second includes the time in an answer's head."""
        looking = asyncio.create_task(super().main_loop())
        await self._stopped.wait()
        looking.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - as the parent has it
        """Drop every connection, and return when no call is answered any more."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        if tasks := set(self.server_state.tasks):
            await asyncio.wait(tasks, timeout=_PATIENCE)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Clients can connect from now on, and wait for an answer until `run` serves them.

    Raises:
        OSError: the port is in use, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def run(settings: Settings, listener: socket.socket, file: Path | None = None) -> None:
    """Serve a sandbox on a listening socket until SIGINT or SIGTERM.

    Args:
        settings: how it behaves.
        listener: the socket.
        file: keeps its contacts and refresh tokens; None for a sandbox that begins empty and forgets.

    Raises:
        ValueError: the file is not that of a sandbox.
    """
    service = Service(settings)
    server = uvicorn.Server(_config(application(service, listener.getsockname()[0])))
    if file is None:
        server.run(sockets=[listener])
        return
    load(service, file)
    # The server repeats a signal when it has ended, and SIGTERM would end the process before the file is written.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        server.run(sockets=[listener])
    finally:
        save(service, file)


def application(service: Service, host: str) -> ASGIApp:
    """Return the application that serves the API and the controls of a service on an address of this machine."""
    app = SandboxApp(service, partial(controls, service))
    return LocalApp(app) if is_loopback(host) else app


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_PATIENCE,
    )


class SandboxServer:
    """A sandbox that serves on a free port of 127.0.0.1, from a thread of this process, inside a `with` block.

    While it serves, its state may be read and faults may be added; read contacts only when no call is in flight. A
    second `with` block serves the same account at the same port, as after a restart.

    Args:
        settings: how the sandbox behaves.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.service = Service(self.settings)
        self.port = 0

    @property
    def url(self) -> str:
        """The address under which it serves, without a path."""
        return f"http://{_LOOPBACK}:{self.port}"

    @property
    def account(self) -> SandboxAccount:
        """The account of the first location."""
        return self.service.account

    @property
    def faults(self) -> FaultQueue:
        """The faults that are applied to calls."""
        return self.service.faults

    @property
    def journal(self) -> Journal:
        """The calls that it received."""
        return self.service.journal

    @property
    def tokens(self) -> TokenRegistry:
        """The tokens that it accepts. A reset replaces this object."""
        return self.service.tokens

    def application(self) -> ASGIApp:
        """Return what is served; a subclass may put something before it."""
        return application(self.service, _LOOPBACK)

    def __enter__(self) -> Self:
        """Start to serve."""
        listener = listen(_LOOPBACK, self.port)
        self.port = listener.getsockname()[1]
        self._server = _PromptServer(_config(self.application()))
        self._runner = asyncio.Runner(loop_factory=self._server.config.get_loop_factory())
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._serve, args=(listener,), name="leadway-sandbox", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop every connection and end the thread."""
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join()

    def _serve(self, listener: socket.socket) -> None:
        with self._runner:
            self._runner.run(self._server.serve(sockets=[listener]))
