"""How a run ends before its time: no new call is sent, and calls in flight get a grace period to be answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from leadway_provider.exceptions import LeadwayError

GRACE: Final = 8.0
"""Seconds that calls in flight get after a cancellation; what is left of 10 s is for acknowledging them."""


class CancelToken:
    """A switch that is set once, from any thread: from then on every call that was not sent yet raises the reason.

    Args:
        grace: seconds that calls in flight get after a cancellation.
    """

    def __init__(self, grace: float = GRACE) -> None:
        self.grace: Final = grace
        self._condition: Callable[[], LeadwayError | None] = lambda: None
        self._reason: LeadwayError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._cancelled = asyncio.Event()
        self._limits: set[asyncio.Timeout] = set()
        self._parts: list[CancelToken] = []

    def part(self) -> CancelToken:
        """Return a token for a part of the run: cancelling it leaves the rest alone, and this one cancels it too."""
        part = CancelToken(self.grace)
        self._parts.append(part)
        if self._reason is not None:
            part.cancel(self._reason)
        return part

    def cancel_when(self, condition: Callable[[], LeadwayError | None]) -> None:
        """Check this condition before each call, too; where it returns an error, that is the reason to cancel."""
        self._condition = condition

    def cancel(self, reason: LeadwayError) -> None:
        """Cancel; the first reason counts. It may be called from any thread and from a signal handler."""
        self._reason = self._reason or reason
        for part in self._parts:
            part.cancel(self._reason)
        if (loop := self._loop) is not None:
            with suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(self._cancel_in_loop)

    def raise_if_cancelled(self) -> None:
        """Raise the reason after a cancellation, or when the condition of `cancel_when` holds."""
        if self._reason is None and (reason := self._condition()) is not None:
            self.cancel(reason)
        if self._reason is not None:
            raise self._reason

    def cancellable(self, sleep: Callable[[float], Awaitable[None]]) -> Callable[[float], Awaitable[None]]:
        """Return the same sleep, which ends and raises the reason as soon as the token is cancelled."""

        async def sleep_until_cancelled(seconds: float) -> None:
            self._bind_to_loop()
            self.raise_if_cancelled()
            nap = asyncio.ensure_future(sleep(seconds))
            cancelled = asyncio.ensure_future(self._cancelled.wait())
            try:
                await asyncio.wait((nap, cancelled), return_when=asyncio.FIRST_COMPLETED)
            finally:
                nap.cancel()
                cancelled.cancel()
            self.raise_if_cancelled()

        return sleep_until_cancelled

    @asynccontextmanager
    async def within_grace(self) -> AsyncIterator[None]:
        """Surround a call in flight.

        Raises:
            LeadwayError: the reason, where the token is cancelled already; nothing is sent.
            TimeoutError: the token was cancelled, and `grace` seconds have passed since.
        """
        self._bind_to_loop()
        # Only a cancellation that comes after this finds the loop, and limits the call.
        self.raise_if_cancelled()
        async with asyncio.timeout(None) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.discard(limit)

    def _bind_to_loop(self) -> None:
        """Use the running event loop; a run uses one loop after the other."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._cancelled, self._limits = loop, asyncio.Event(), set()
            if self._reason is not None:
                self._cancelled.set()

    def _cancel_in_loop(self) -> None:
        self._cancelled.set()
        ends_at = asyncio.get_running_loop().time() + self.grace
        for limit in self._limits:
            if limit.when() is None:
                limit.reschedule(ends_at)
