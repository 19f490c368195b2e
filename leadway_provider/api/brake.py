"""How a run ends before its time: no new call leaves, and those on their way get a while to come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from leadway_provider.exceptions import LeadwayError

GRACE: Final = 8.0
"""Seconds that calls on their way get once the brake is pulled; with what is left of 10 s they are acknowledged."""


class Brake:
    """Pulled once, it stays so: from then on every call that has not left raises."""

    def __init__(self) -> None:
        self._trouble: Callable[[], LeadwayError | None] = lambda: None
        self._reason: LeadwayError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pulled = asyncio.Event()
        self._limits: set[asyncio.Timeout] = set()

    def watch(self, trouble: Callable[[], LeadwayError | None]) -> None:
        """Ask this before each call: whether the brake should be pulled by itself, and why."""
        self._trouble = trouble

    def pull(self, reason: LeadwayError) -> None:
        """Stop; the first reason counts. It may be called from any thread and from a signal handler."""
        self._reason = self._reason or reason
        if (loop := self._loop) is not None:
            with suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(self._brake)

    def check(self) -> None:
        """Raise the reason where the brake is pulled, or should be."""
        if self._reason is None and (trouble := self._trouble()) is not None:
            self.pull(trouble)
        if self._reason is not None:
            raise self._reason

    def interrupting(self, sleep: Callable[[float], Awaitable[None]]) -> Callable[[float], Awaitable[None]]:
        """The same sleep, which raises the reason as soon as the brake is pulled."""

        async def sleep_until_pulled(seconds: float) -> None:
            self._join()
            self.check()
            nap = asyncio.ensure_future(sleep(seconds))
            pulled = asyncio.ensure_future(self._pulled.wait())
            try:
                await asyncio.wait((nap, pulled), return_when=asyncio.FIRST_COMPLETED)
            finally:
                nap.cancel()
                pulled.cancel()
            self.check()

        return sleep_until_pulled

    @asynccontextmanager
    async def bounded(self) -> AsyncIterator[None]:
        """Around a call on its way.

        Raises:
            TimeoutError: the brake was pulled, and the call had `GRACE` seconds since.
        """
        self._join()
        async with asyncio.timeout(None) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.discard(limit)

    def _join(self) -> None:
        """Belong to the loop that runs; a run has one after the other."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._pulled, self._limits = loop, asyncio.Event(), set()
            if self._reason is not None:
                self._pulled.set()

    def _brake(self) -> None:
        self._pulled.set()
        ends_at = asyncio.get_running_loop().time() + GRACE
        for limit in self._limits:
            if limit.when() is None:
                limit.reschedule(ends_at)
