"""The trigger of a deferred task: it fires when the quota returns, or when another run of the sync may have ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

from airflow.triggers.base import BaseTrigger, TriggerEvent

from leadway_provider.clock import SYSTEM_CLOCK, Clock

_LONGEST_SLEEP: Final = 60.0
"""Seconds after which the clock is read again, because it may have been set meanwhile."""


class WaitTrigger(BaseTrigger):
    """Fires once, at a given time.

    Args:
        until: the time, in ISO format with its offset.
        reason: why the task waits; Airflow's UI shows it.
        clock: for reading the time and for waiting.
    """

    def __init__(self, until: str, reason: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's base class has no annotations
        self.until = until
        self.reason = reason
        self._clock = clock

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments from which the triggerer makes the same trigger."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {"until": self.until, "reason": self.reason}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Fire at the given time, or at once if it is over."""
        until = datetime.fromisoformat(self.until)
        while (seconds := (until - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(min(seconds, _LONGEST_SLEEP))
        yield TriggerEvent({"until": self.until})  # type: ignore[no-untyped-call]  # the same
