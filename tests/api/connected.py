"""An app connected to a sandbox's accounts, its clients, and the vault they share, in time that a test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from leadway_provider.api.auth import AgencyToken, TokenSource
from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.credentials import OAuthApp
from leadway_provider.api.oauth import OAuthToken, TokenVault
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Service, Settings
from tests.sandbox.clock import Clock

T = TypeVar("T")

LOCATION = "sandbox-location"
TOKEN_CALL = ("POST", "/oauth/token")
EXCHANGE_CALL = ("POST", "/oauth/locationToken")


class Connected:
    """What a connection says, and clients that are made of it.

    Attributes:
        clock: the time, of the sandbox and of the clients.
        told: the secrets that a log would mask.
        extra: the connection's extra.
        password: the connection's password.
    """

    def __init__(self, sandbox: SandboxServer, clock: Clock, vault: TokenVault) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.vault = vault
        self.told: list[str] = []
        self.password = "sandbox-secret"
        self.extra: dict[str, object] = {
            "auth": "oauth",
            "refresh_token": "sandbox-refresh-token",
            "location_id": LOCATION,
            "quota_requests": 1000,
        }

    def settings(self) -> ConnectionSettings:
        """The connection."""
        return ConnectionSettings.from_connection(
            "crm",
            schema=None,
            host=self.sandbox.url,
            port=None,
            login="sandbox-client",
            password=self.password,
            extra=self.extra,
        )

    def tokens(self, vault: TokenVault | None = None, location_id: str = LOCATION) -> TokenSource:
        """A source of tokens as one worker has it."""
        settings = self.settings()
        app = settings.credentials
        assert isinstance(app, OAuthApp)
        tell: dict[str, Any] = {"tell_secret": self.told.append, "now": self.now}
        own = OAuthToken(app, vault or self.vault, conn_id="crm", host=settings.base_url, sleep=self.sleep, **tell)
        if app.company_id is None:
            return own
        return AgencyToken(own, company_id=app.company_id, location_id=location_id, conn_id="crm", **tell)

    def client(self, vault: TokenVault | None = None, location_id: str = LOCATION) -> LeadwayClient:
        """A client as one worker has it."""
        return LeadwayClient(
            self.settings(),
            tokens=self.tokens(vault, location_id),
            location_id=location_id,
            clock=self.clock,
            sleep=self.sleep,
            random=lambda: 0.5,
        )

    def use(self, act: Callable[[LeadwayClient], Awaitable[T]], client: LeadwayClient | None = None) -> T:
        """Do something with an open client, of a worker that has just started if no other is given."""

        async def run() -> T:
            async with client or self.client() as opened:
                return await act(opened)

        return asyncio.run(run())

    def now(self) -> datetime:
        """The time as the clients see it."""
        return datetime.fromtimestamp(self.clock(), UTC)

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    @property
    def calls(self) -> list[tuple[str, str]]:
        """Method and path of every call that arrived."""
        return [(call.method, call.path) for call in self.sandbox.journal.calls]

    @property
    def renewals(self) -> int:
        """How often a refresh token arrived."""
        return self.calls.count(TOKEN_CALL)


async def read_location(client: LeadwayClient) -> str:
    """Any call."""
    return (await client.get_location()).id


def sandbox_with(clock: Clock, **settings: Any) -> SandboxServer:
    """A sandbox without quotas, whose time is that clock's."""
    server = SandboxServer(Settings(burst=None, daily=None, more_locations=("second-location",), **settings))
    server.service = Service(server.settings, clock=clock, wall=clock)
    return server
