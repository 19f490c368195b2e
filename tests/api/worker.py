"""One worker in a process of its own: prints READY, waits for a line, makes a call as the app, prints DONE."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.credentials import OAuthApp
from leadway_provider.api.oauth import OAuthToken
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.store.state import StateStore


def main(sandbox: str, database: str, *, ahead: float, dies: bool) -> None:
    """Be a worker whose clock is so many seconds ahead, and which may die with an unkept pair in its hands."""
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
        vault: Any = state.tokens(lambda text: text[::-1], lambda text: text[::-1])
        if dies:
            vault.keep = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        tokens = OAuthToken(
            app,
            vault,
            conn_id="crm",
            host=settings.base_url,
            now=lambda: datetime.now(UTC) + timedelta(seconds=ahead),
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
