"""The account during one run: calls are made a phase at a time, and the daily quota of the answers is stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from leadway_provider.api.granted import granted_quota
from leadway_provider.api.pacing import DailyQuota
from leadway_provider.exceptions import (
    AccessDeniedError,
    AuthenticationError,
    QuotaExhaustedError,
    RefusedError,
    StateUnavailableError,
)
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.operators.loop import Loop
from leadway_provider.operators.timing import TIMING, Timing
from leadway_provider.policies import QuotaPolicy
from leadway_provider.printable import printable_log
from leadway_provider.store.quota import KeptQuota, QuotaStore
from leadway_provider.sync.cancel import CancelToken
from leadway_provider.sync.cost import GrantedQuota
from leadway_provider.sync.slots import SlotStore
from leadway_provider.words import duration_text

if TYPE_CHECKING:
    from leadway_provider.api.client import LeadwayClient
    from leadway_provider.api.sharing import QuotaSharing
    from leadway_provider.contacts.custom_field import CustomField

log = printable_log(__name__)

T = TypeVar("T")

UNKNOWN_RETURN: Final = 3600.0
"""Seconds until the next attempt where the API did not say when the quota returns."""


class Account:
    """The account as one run uses it, and how many calls the run has made.

    Args:
        hook: the connection.
        loop: runs all calls.
        quota: how the quota is used.
        kept: stores the daily quota from one process to the next.
        slots: where the tasks that use the account share its quota.
        cancel_token: ends calls and waiting.
        in_place: whether a used-up quota is waited for here; otherwise QuotaExhaustedError is raised.
        timing: the clocks.
    """

    def __init__(
        self,
        hook: LeadwayHook,
        loop: Loop,
        *,
        quota: QuotaPolicy,
        kept: QuotaStore,
        slots: SlotStore,
        cancel_token: CancelToken,
        in_place: bool,
        timing: Timing = TIMING,
    ) -> None:
        self._hook = hook
        self._loop = loop
        self._quota = quota
        self._kept = kept
        self._cancel_token = cancel_token
        self._in_place = in_place
        self._clock = timing.clock
        self._slots = slots
        self._alive = timing.alive
        self._clients: list[LeadwayClient] = []
        self._custom_fields: Sequence[CustomField] | None = None
        self._pause = cancel_token.cancellable(timing.clock.sleep)

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return sum(client.calls for client in self._clients)

    @property
    def daily_quota(self) -> DailyQuota | None:
        """The day's quota as of the last answer."""
        return self._clients[-1].pacer.daily if self._clients else None

    @property
    def granted_quota(self) -> GrantedQuota:
        """The quota as of the last answer, without what the task leaves to others; after the first call."""
        return granted_quota(self._clients[-1].pacer).without(self._quota.daily_reserve)

    def call(self, call: Callable[[LeadwayClient], Awaitable[T]], max_in_flight: int = 1) -> T:
        """Connect, make calls, and disconnect: planning may take longer than a connection stays open.

        Calls that ended because the quota is used up are made once more when it returns, if that is waited for here.
        """
        while True:
            try:
                return self._loop.run(_connected(self._client(max_in_flight), call))
            except QuotaExhaustedError as error:
                if not self._in_place:
                    raise
                wait = returns_in(error)
                log.warning("%s Waiting in the worker slot for %s.", error, duration_text(wait))
                self.pause(wait)

    def prove(self) -> Sequence[CustomField]:
        """Return the account's custom fields; the first time they are asked for, which proves token and location.

        This is a run's first call: before it nothing of a sync is touched, and nothing is read or planned.

        Raises:
            LeadwayError: as the account raises.
        """
        if self._custom_fields is None:
            self._custom_fields = self.call(lambda client: client.get_custom_fields())
        return self._custom_fields

    def pause(self, seconds: float) -> None:
        """Wait that many seconds, or until the run is cancelled."""
        self._loop.run(_waited(self._pause, seconds))

    def users(self) -> dict[str, str]:
        """Return the ids of the account's users by e-mail; none where the API refuses to list them, also a second time.

        One refusal of a token that has just worked may be a mistake, and without the users the contacts would differ.
        """
        try:
            try:
                found = self.call(lambda client: client.get_users())
            except (AccessDeniedError, AuthenticationError):
                found = self.call(lambda client: client.get_users())
        except (AccessDeniedError, AuthenticationError, RefusedError) as error:
            log.warning("The account's users can't be read, so e-mails in assigned_to will be withheld: %s", error)
            return {}
        return {user.email: user.id for user in found if user.email}

    def keep_quota(self) -> None:
        """Store the day's quota for the next process; where that fails, the next process learns it from an answer."""
        if (daily := self.daily_quota) is None:
            return
        now = self._clock.now()
        returns_at = None
        if daily.returns_at is not None:
            returns_at = now + timedelta(seconds=daily.returns_at - self._clock.monotonic())
        with suppress(StateUnavailableError):  # where this matters, the run has failed already
            self._kept.keep(KeptQuota(daily.limit, daily.remaining, returns_at), now)

    def _client(self, max_in_flight: int) -> LeadwayClient:
        """Return the client of one phase; Airflow may be asked for a connection here, which blocks."""
        client = self._hook.client(
            max_in_flight, quota=self._quota, sharing=self._sharing, cancel_token=self._cancel_token
        )
        if not self._clients:
            client.pacer.daily = self._stored_quota()
        self._clients.append(client)
        return client

    @cached_property
    def _sharing(self) -> QuotaSharing:
        from leadway_provider.api.sharing import QuotaSharing  # noqa: PLC0415 - a DAG file needs none of it

        return QuotaSharing(self._slots, self._clock.monotonic, self._alive)

    def _stored_quota(self) -> DailyQuota | None:
        """Return the quota that another process stored, where that is still valid: then no call is made in vain."""
        kept = self._kept.read()
        if kept is None or kept.returns_at is None:
            return None
        left = (kept.returns_at - self._clock.now()).total_seconds()
        if left <= 0:
            return None
        returns_at = self._clock.monotonic() + left
        return DailyQuota(kept.limit, kept.remaining, returns_at, returns_at)


def returns_in(error: QuotaExhaustedError) -> float:
    """Return the seconds until the quota returns, as far as is known."""
    return max(1.0, error.returns_in if error.returns_in is not None else UNKNOWN_RETURN)


async def _connected(client: LeadwayClient, call: Callable[[LeadwayClient], Awaitable[T]]) -> T:
    async with client:
        return await call(client)


async def _waited(pause: Callable[[float], Awaitable[None]], seconds: float) -> None:
    await pause(seconds)
