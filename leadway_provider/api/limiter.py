"""The queue of calls that wait for a permit of the pacer: first come, first served."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping

from leadway_provider.api.pacing import Pacer, Permit
from leadway_provider.api.sharing import QuotaSharing
from leadway_provider.exceptions import QuotaExhaustedError
from leadway_provider.words import duration_text


class RateLimiter:
    """Grants permits to calls, as the pacer allows.

    Only the first call in the queue sleeps; the others wait until it is their turn. An answer ends the sleep early if
    the first call may be sent earlier because of it.

    Args:
        pacer: grants the permits.
        max_wait: the longest wait in seconds for quota that returns at a known time.
        monotonic: the pacer's clock, in seconds.
        sleep: waits that many seconds.
        raise_if_cancelled: raises an error if no call may be sent any more.
        sharing: leases the pacer's slots; None if the quota is not shared through a state store.
    """

    def __init__(
        self,
        pacer: Pacer,
        *,
        max_wait: float,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        raise_if_cancelled: Callable[[], None] = lambda: None,
        sharing: QuotaSharing | None = None,
    ) -> None:
        self._pacer = pacer
        self._max_wait = max_wait
        self._monotonic = monotonic
        self._sleep = sleep
        self._raise_if_cancelled = raise_if_cancelled
        self._sharing = sharing
        self._turn = asyncio.Lock()
        self._wake_up: asyncio.Future[None] | None = None
        self._sleeps_until = 0.0

    async def acquire(self, call: str) -> Permit:
        """Wait for a permit to send a call, which must then be sent at once.

        Args:
            call: the call's name, for messages.

        Raises:
            QuotaExhaustedError: the daily quota is used up, or the wait is longer than `max_wait`.
            LeadwayError: the run was cancelled.
        """
        async with self._turn:
            while True:
                self._raise_if_cancelled()
                if self._sharing is not None:
                    await self._sharing.refresh()
                now = self._monotonic()
                self._raise_if_exhausted(call, now)
                granted = self._pacer.reserve(now)
                if isinstance(granted, Permit):
                    return granted
                if self._sharing is not None and await self._sharing.looked(within=granted):
                    continue
                if self._max_wait < granted < math.inf:
                    raise QuotaExhaustedError(
                        f"{call}: no quota for {duration_text(granted)}, which is longer than a call may wait "
                        f"({duration_text(self._max_wait)}).",
                        call=call,
                        returns_in=granted,
                    )
                # An answer to another client of the same pacer does not end the sleep here, so even the wait for an
                # answer has an end.
                wait = granted if granted < math.inf else self._pacer.interval
                await self._wait(now, wait if self._sharing is None else min(wait, self._sharing.due_in() or wait))

    def answered(self, permit: Permit, headers: Mapping[str, str]) -> None:
        """Record an answer, with its headers' names in lower case."""
        self._pacer.answered(permit, self._monotonic(), headers)
        self._end_sleep_if_earlier()

    def lost(self) -> None:
        """Record that a call gets no answer."""
        self._pacer.lost(self._monotonic())
        self._end_sleep_if_earlier()

    def _raise_if_exhausted(self, call: str, now: float) -> None:
        if not self._pacer.exhausted(now):
            return
        daily = self._pacer.daily
        returns_in = None if daily is None or daily.returns_at is None else daily.returns_at - now
        when = "at a time that the API did not say" if returns_in is None else f"in {duration_text(returns_in)}"
        left = f" except for the reserve of {self._pacer.daily_reserve}" if self._pacer.daily_reserve else ""
        raise QuotaExhaustedError(
            f"{call}: no daily quota is left{left}; it returns {when}.", call=call, returns_in=returns_in
        )

    async def _wait(self, now: float, seconds: float) -> None:
        self._sleeps_until = now + seconds
        self._wake_up = asyncio.get_running_loop().create_future()
        sleep = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait((sleep, self._wake_up), return_when=asyncio.FIRST_COMPLETED)
            if sleep.done():
                sleep.result()
        finally:
            sleep.cancel()
            self._wake_up = None

    def _end_sleep_if_earlier(self) -> None:
        if self._wake_up is None or self._wake_up.done():
            return
        now = self._monotonic()
        if now + self._pacer.wait(now) < self._sleeps_until:
            self._wake_up.set_result(None)
