"""An OAuth app that is connected to a sandbox's accounts, its clients, and the token store that they share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from leadway_provider.api.auth import AgencyToken, TokenSource
from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.credentials import OAuthApp
from leadway_provider.api.oauth import OAuthToken, TokenStore
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.clock import Clock as ProviderClock
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Service, Settings
from tests.sandbox.clock import Clock

T = TypeVar("T")

LOCATION = "sandbox-location"
TOKEN_CALL = ("POST", "/oauth/token")
EXCHANGE_CALL = ("POST", "/oauth/locationToken")


class Connected:
    """What a connection says, and clients that are made of it.

    Args:
        sandbox: the API.
        clock: the time of the sandbox and of the clients.
        store: the token store of the clients.

    Attributes:
        sandbox: as given.
        clock: as given.
        store: as given.
        masked: the secrets that a log would mask.
        extra: the connection's extra.
        password: the connection's password.
    """

    def __init__(self, sandbox: SandboxServer, clock: Clock, store: TokenStore) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.store = store
        self.masked: list[str] = []
        self.password = "sandbox-secret"
        self.extra: dict[str, object] = {
            "auth": "oauth",
            "refresh_token": "sandbox-refresh-token",
            "location_id": LOCATION,
            "quota_requests": 1000,
        }

    def settings(self) -> ConnectionSettings:
        """Return the settings of the connection."""
        return ConnectionSettings.from_connection(
            "crm",
            schema=None,
            host=self.sandbox.url,
            port=None,
            login="sandbox-client",
            password=self.password,
            extra=self.extra,
        )

    def tokens(self, store: TokenStore | None = None, location_id: str = LOCATION) -> TokenSource:
        """Return the source of tokens of one worker."""
        settings = self.settings()
        app = settings.credentials
        assert isinstance(app, OAuthApp)
        more: dict[str, Any] = {"conn_id": "crm", "mask": self.masked.append, "clock": self.provider_clock}
        own = OAuthToken(app, store or self.store, host=settings.base_url, **more)
        if app.company_id is None:
            return own
        return AgencyToken(own, company_id=app.company_id, location_id=location_id, **more)

    def client(self, store: TokenStore | None = None, location_id: str = LOCATION, **choices: Any) -> LeadwayClient:
        """Return the client of one worker."""
        return LeadwayClient(
            self.settings(),
            tokens=self.tokens(store, location_id),
            location_id=location_id,
            clock=self.provider_clock,
            random=lambda: 0.5,
            **choices,
        )

    def use(self, act: Callable[[LeadwayClient], Awaitable[T]], client: LeadwayClient | None = None) -> T:
        """Do something with an open client; without one, with a client of a worker that has just started."""

        async def run() -> T:
            async with client or self.client() as opened:
                return await act(opened)

        return asyncio.run(run())

    @property
    def provider_clock(self) -> ProviderClock:
        """The time of the sandbox, as the clients' clock."""
        return ProviderClock(now=self.now, monotonic=self.clock, sleep=self.sleep)

    def now(self) -> datetime:
        """Return the present."""
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
        """How many calls with a refresh token arrived."""
        return self.calls.count(TOKEN_CALL)


async def read_location(client: LeadwayClient) -> str:
    """Make a call, and return its result."""
    return (await client.get_location()).id


def sandbox_with(clock: Clock, **settings: Any) -> SandboxServer:
    """Return a sandbox without quotas, with the time of that clock."""
    server = SandboxServer(Settings(burst=None, daily=None, more_locations=("second-location",), **settings))
    server.service = Service(server.settings, clock=clock, wall=clock)
    return server
