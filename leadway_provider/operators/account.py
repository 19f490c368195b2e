"""The account during one run: calls are made a phase at a time, and what they tell of the daily quota is kept."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from leadway_provider.api.brake import Brake
from leadway_provider.api.pacing import DailyQuota
from leadway_provider.exceptions import (
    AccessDeniedError,
    AuthenticationError,
    QuotaExhaustedError,
    StateUnavailableError,
)
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.operators.loop import LoopThread
from leadway_provider.policy import QuotaPolicy
from leadway_provider.store.quota import KeptQuota, QuotaBook

if TYPE_CHECKING:
    from leadway_provider.api.client import LeadwayClient

log = logging.getLogger(__name__)

T = TypeVar("T")

UNTOLD_RETURN: Final = 3600.0
"""Seconds until a quota is asked for again whose return the API didn't tell."""


class Account:
    """The account, and how many calls the run has made to it.

    Args:
        hook: the connection.
        loop: where all calls are made.
        quota: how the quota is used.
        kept: where the daily quota is kept from one process to the next.
        brake: ends calls, and waiting, before their time.
        in_place: whether a quota that is used up is waited for here; otherwise QuotaExhaustedError is let through.
    """

    def __init__(
        self,
        hook: LeadwayHook,
        loop: LoopThread,
        *,
        quota: QuotaPolicy,
        kept: QuotaBook,
        brake: Brake,
        in_place: bool,
    ) -> None:
        self._hook = hook
        self._loop = loop
        self._quota = quota
        self._kept = kept
        self._brake = brake
        self._in_place = in_place
        self._clients: list[LeadwayClient] = []
        self._pause = brake.interrupting(asyncio.sleep)

    @property
    def calls(self) -> int:
        """Calls that were made."""
        return sum(client.calls for client in self._clients)

    @property
    def daily_quota(self) -> DailyQuota | None:
        """The day's quota as last told."""
        return self._clients[-1].pacer.daily if self._clients else None

    def ask(self, call: Callable[[LeadwayClient], Awaitable[T]], max_in_flight: int = 1) -> T:
        """Connect, make calls, and disconnect: planning may take longer than a connection stays open.

        Calls that were cut short by an exhausted quota are made once more when it is back, if that is waited for.
        """
        while True:
            try:
                return self._loop.run(_connected(self._client(max_in_flight), call))
            except QuotaExhaustedError as error:
                if not self._in_place:
                    raise
                wait = returns_in(error)
                log.warning("%s Waiting for it in place, for %.0f s.", error, wait)
                self.pause(wait)

    def pause(self, seconds: float) -> None:
        """Wait that long, or until the brake is pulled."""
        self._loop.run(_waited(self._pause, seconds))

    def users(self) -> dict[str, str]:
        """The ids of the account's users by e-mail; none where the token may not read them."""
        try:
            found = self.ask(lambda client: client.get_users())
        except (AccessDeniedError, AuthenticationError) as error:
            log.warning("The account's users can't be read, so e-mails in assigned_to will be withheld: %s", error)
            return {}
        return {user.email: user.id for user in found if user.email}

    def keep_quota(self) -> None:
        """Let the next process know what was told of the day's quota; where that can't be kept, it asks the account."""
        if (daily := self.daily_quota) is None:
            return
        now = datetime.now(UTC)
        returns_at = None
        if daily.returns_at is not None:
            returns_at = now + timedelta(seconds=daily.returns_at - time.monotonic())
        with suppress(StateUnavailableError):  # if this matters, the run has failed of it already
            self._kept.keep(KeptQuota(daily.limit, daily.remaining, returns_at), now)

    def _client(self, max_in_flight: int) -> LeadwayClient:
        """The client of one phase; Airflow may be asked for a connection here, which blocks."""
        client = self._hook.client(max_in_flight, quota=self._quota, brake=self._brake)
        if not self._clients:
            client.pacer.daily = self._remembered()
        self._clients.append(client)
        return client

    def _remembered(self) -> DailyQuota | None:
        """What another process was told, where that still holds: then not even a first call is made in vain."""
        kept = self._kept.read()
        if kept is None or kept.returns_at is None:
            return None
        left = (kept.returns_at - datetime.now(UTC)).total_seconds()
        if left <= 0:
            return None
        returns_at = time.monotonic() + left
        return DailyQuota(kept.limit, kept.remaining, returns_at, returns_at)


def returns_in(error: QuotaExhaustedError) -> float:
    """Seconds until it is worth asking for quota again."""
    return max(1.0, error.returns_in if error.returns_in is not None else UNTOLD_RETURN)


async def _connected(client: LeadwayClient, call: Callable[[LeadwayClient], Awaitable[T]]) -> T:
    async with client:
        return await call(client)


async def _waited(pause: Callable[[float], Awaitable[None]], seconds: float) -> None:
    await pause(seconds)
