"""A worker process that prints READY, waits for a line, makes a call as an OAuth app, and prints DONE."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.credentials import OAuthApp
from leadway_provider.api.oauth import OAuthToken, StoredTokens, TokenStore
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.clock import Clock, utc_now
from leadway_provider.store.state import StateStore


@dataclass(frozen=True)
class DyingStore:
    """A token store that kills its process before it keeps new tokens."""

    store: TokenStore

    def read(self, family: str) -> StoredTokens:
        return self.store.read(family)

    def begin(self, family: str, version: int, *, lease: str, instead_of: str | None, now: datetime) -> bool:
        return self.store.begin(family, version, lease=lease, instead_of=instead_of, now=now)

    def keep(self, family: str, version: int, secret: str, now: datetime) -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def release(self, family: str, version: int, lease: str, begun_at: datetime | None) -> None:
        self.store.release(family, version, lease, begun_at)


def main(sandbox: str, database: str, *, ahead: float, dies: bool) -> None:
    """Run the worker.

    Args:
        sandbox: the address of the API.
        database: the address of the database with the token store.
        ahead: the seconds that the worker's clock is ahead.
        dies: whether the worker is killed after it received new tokens and before it stored them.
    """
    settings = ConnectionSettings.from_connection(
        "crm",
        schema=None,
        host=sandbox,
        port=None,
        login="sandbox-client",
        password="sandbox-secret",
        extra={"auth": "oauth", "refresh_token": "sandbox-refresh-token", "location_id": "sandbox-location"},
    )
    app = settings.credentials
    assert isinstance(app, OAuthApp)
    with closing(StateStore.open(sa.create_engine(database), "state")) as state:
        store: TokenStore = state.tokens(lambda text: text[::-1], lambda text: text[::-1])
        tokens = OAuthToken(
            app,
            DyingStore(store) if dies else store,
            conn_id="crm",
            host=settings.base_url,
            clock=Clock(now=lambda: utc_now() + timedelta(seconds=ahead)),
        )

        async def act() -> None:
            async with LeadwayClient(settings, tokens=tokens) as client:
                await client.get_location()

        print("READY", flush=True)  # noqa: T201 - the test waits for it
        sys.stdin.readline()
        asyncio.run(act())
        print("DONE", flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:3], **json.loads(sys.argv[3]))
