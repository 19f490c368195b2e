"""What the client's tests share: time that only passes when somebody sleeps, and clients of a sandbox."""

from __future__ import annotations

import asyncio
from typing import Any

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.sandbox.server import SandboxServer

TOKEN = "sandbox-token"


class IdleTime:
    """A clock that is moved by sleeping, and how long each sleep was."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        """Seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def settings_for(url: str, *, token: str = TOKEN, **extra: object) -> ConnectionSettings:
    """A connection to that address."""
    return ConnectionSettings.from_connection(
        "crm", schema=None, host=url, port=None, password=token, extra={"location_id": "sandbox-location", **extra}
    )


def client_of(sandbox: SandboxServer | str, time: IdleTime | None = None, **choices: Any) -> LeadwayClient:
    """A client of a sandbox, or of an address, that doesn't wait when it is given time."""
    url = sandbox if isinstance(sandbox, str) else sandbox.url
    settings = choices.pop("settings", None) or settings_for(
        url, quota_requests=1000, timeout=choices.pop("timeout", 5)
    )
    if time is not None:
        choices |= {"clock": time.clock, "sleep": time.sleep}
    return LeadwayClient(settings, **{"random": lambda: 0.5} | choices)
