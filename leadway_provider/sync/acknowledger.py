"""What came back from the account is committed to the state store in groups."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from leadway_provider.exceptions import LeadwayError
from leadway_provider.sync.records import Delivery

_PARTS: Final = 8
_GATHER: Final = 0.02
"""A commit waits for this part of the rows that may be in flight, and at most so many seconds."""


class Acknowledger:
    """Commits deliveries together that have come back since the last commit.

    Args:
        commit: stores deliveries for good.
        max_in_flight: the most rows that are sent and not yet acknowledged.
        in_flight: returns how many rows are in flight now.
        on_acknowledged: is called with the rows of each commit.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Delivery]], Awaitable[None]],
        *,
        max_in_flight: int,
        in_flight: Callable[[], int],
        on_acknowledged: Callable[[Sequence[Delivery]], None],
    ) -> None:
        self._commit = commit
        self._most = max_in_flight // _PARTS
        self._in_flight = in_flight
        self._on_acknowledged = on_acknowledged
        self._answered: list[tuple[Delivery, asyncio.Future[None]]] = []
        self._any = asyncio.Event()
        self._enough = asyncio.Event()

    async def committed(self, delivery: Delivery) -> None:
        """Return when the state store has the outcome for good.

        Raises:
            LeadwayError: the commit failed; nothing of the group is stored.
        """
        done = asyncio.get_running_loop().create_future()
        self._answered.append((delivery, done))
        self._any.set()
        if self._are_enough():
            self._enough.set()
        await done

    async def run(self) -> None:
        """Commit until the task is cancelled."""
        while True:
            await self._any.wait()
            await self._gather()
            group, self._answered = self._answered, []
            deliveries = [delivery for delivery, _ in group]
            try:
                await self._commit(deliveries)
            except LeadwayError as error:
                for _, done in group:
                    if not done.cancelled():
                        done.set_exception(error)
            else:
                for _, done in group:
                    if not done.cancelled():
                        done.set_result(None)
                self._on_acknowledged(deliveries)

    def _are_enough(self) -> bool:
        return len(self._answered) >= min(self._most, self._in_flight())

    async def _gather(self) -> None:
        """Wait for a few more answers, since a commit of one row costs nearly as much as one of many."""
        self._enough.clear()
        if not self._are_enough():
            with suppress(TimeoutError):
                async with asyncio.timeout(_GATHER):
                    await self._enough.wait()
        self._any.clear()
