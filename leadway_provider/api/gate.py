"""The queue in front of a pacer: first come, first served, and one of all who wait keeps the watch."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping

from leadway_provider.api.pacing import Pacer, Ticket
from leadway_provider.exceptions import QuotaExhaustedError


class Gate:
    """Lets calls pass as their pacer allows.

    Only the first in the queue sleeps; the others wait for their turn. An answer wakes it where that lets it pass
    earlier.

    Args:
        pacer: grants the calls.
        max_wait: the longest a call waits for a known time to come, in seconds.
        clock: the pacer's clock.
        sleep: waits that many seconds.
        check: raises where no call may leave any more.
    """

    def __init__(
        self,
        pacer: Pacer,
        *,
        max_wait: float,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._pacer = pacer
        self._max_wait = max_wait
        self._clock = clock
        self._sleep = sleep
        self._check = check
        self._turn = asyncio.Lock()
        self._news: asyncio.Future[None] | None = None
        self._asks_at = 0.0

    async def ticket(self, call: str) -> Ticket:
        """Wait for the right to send a call, which must then be sent at once.

        Raises:
            QuotaExhaustedError: the day's quota is used up, or the wait is longer than `max_wait`.
            LeadwayError: no call may leave any more.
        """
        async with self._turn:
            while True:
                self._check()
                now = self._clock()
                self._refuse_when_exhausted(call, now)
                granted = self._pacer.reserve(now)
                if isinstance(granted, Ticket):
                    return granted
                if self._max_wait < granted < math.inf:
                    raise QuotaExhaustedError(
                        f"{call}: no quota for {granted:.0f} s, which is longer than a call may wait "
                        f"({self._max_wait:.0f} s).",
                        call=call,
                        returns_in=granted,
                    )
                # Another client on the same pacer doesn't ring here, so even an answer is not waited for without end.
                await self._pause(now, granted if granted < math.inf else self._pacer.interval)

    def answered(self, ticket: Ticket, headers: Mapping[str, str]) -> None:
        """Tell the pacer of an answer."""
        self._pacer.answered(ticket, self._clock(), headers)
        self._ring()

    def lost(self) -> None:
        """Tell the pacer that no answer will come."""
        self._pacer.lost(self._clock())
        self._ring()

    def _refuse_when_exhausted(self, call: str, now: float) -> None:
        if not self._pacer.exhausted(now):
            return
        daily = self._pacer.daily
        returns_in = None if daily is None or daily.returns_at is None else daily.returns_at - now
        when = "at a time that the API didn't tell" if returns_in is None else f"in {returns_in:.0f} s"
        left = f" but the {self._pacer.daily_reserve} in reserve" if self._pacer.daily_reserve else ""
        raise QuotaExhaustedError(
            f"{call}: no daily quota is left{left}; it returns {when}.", call=call, returns_in=returns_in
        )

    async def _pause(self, now: float, seconds: float) -> None:
        self._asks_at = now + seconds
        self._news = asyncio.get_running_loop().create_future()
        nap = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait((nap, self._news), return_when=asyncio.FIRST_COMPLETED)
            if nap.done():
                nap.result()
        finally:
            nap.cancel()
            self._news = None

    def _ring(self) -> None:
        if self._news is None or self._news.done():
            return
        now = self._clock()
        if now + self._pacer.wait(now) < self._asks_at:
            self._news.set_result(None)
