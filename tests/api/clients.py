"""Clients of a sandbox, and a time that passes only when a client sleeps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.clock import SYSTEM_CLOCK, Clock
from leadway_provider.sandbox.server import SandboxServer

TOKEN = "sandbox-token"


class IdleTime:
    """A time that passes only when a client sleeps.

    Attributes:
        seconds: the present.
        slept: how long each sleep was.
    """

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    @property
    def clock(self) -> Clock:
        """The clock of a client."""
        return Clock(now=self.now, monotonic=lambda: self.seconds, sleep=self.sleep)

    def now(self) -> datetime:
        """Return the present."""
        return datetime.fromtimestamp(self.seconds, UTC)

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


def settings_for(url: str, *, token: str = TOKEN, **extra: object) -> ConnectionSettings:
    """Return a connection to an address."""
    return ConnectionSettings.from_connection(
        "crm", schema=None, host=url, port=None, password=token, extra={"location_id": "sandbox-location", **extra}
    )


def client_of(
    sandbox: SandboxServer | str,
    time: IdleTime | None = None,
    *,
    sleep: Callable[[float], Awaitable[None]] | None = None,
    settings: ConnectionSettings | None = None,
    timeout: float = 5,
    **choices: Any,
) -> LeadwayClient:
    """Return a client of a sandbox or of an address.

    Args:
        sandbox: the sandbox or the address.
        time: the client's time; without it, the client waits for real.
        sleep: instead of the sleep of `time`.
        settings: the connection, if it is not the usual one.
        timeout: the time-out of the usual connection.
        choices: arguments of the client.
    """
    url = sandbox if isinstance(sandbox, str) else sandbox.url
    clock = SYSTEM_CLOCK if time is None else time.clock
    return LeadwayClient(
        settings or settings_for(url, quota_requests=1000, timeout=timeout),
        clock=clock if sleep is None else replace(clock, sleep=sleep),
        **{"random": lambda: 0.5} | choices,
    )
