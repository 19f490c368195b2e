"""The trigger that a task defers to until quota returns, or until another run of its sync may have ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

from airflow.triggers.base import BaseTrigger, TriggerEvent

_LOOK_EVERY: Final = 60.0
"""Seconds after which the wall clock is asked again: it may have been set meanwhile."""


class WaitTrigger(BaseTrigger):
    """Fires at a moment.

    Args:
        until: the moment, in ISO format with its offset.
        reason: what is waited for, for whoever looks at the trigger in Airflow's UI.
    """

    def __init__(self, until: str, reason: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.until = until
        self.reason = reason

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What Airflow keeps to make the same trigger in the triggerer."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {"until": self.until, "reason": self.reason}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Fire once."""
        until = datetime.fromisoformat(self.until)
        while (left := (until - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110 - only time is waited for
            await asyncio.sleep(min(left, _LOOK_EVERY))
        yield TriggerEvent({"until": self.until})  # type: ignore[no-untyped-call]
