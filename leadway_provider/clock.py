"""Time as an argument: the one place where the project reads the machine's clocks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final


def utc_now() -> datetime:
    """Return the present, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """What a run needs of time; a test gives it other functions, and nothing waits.

    Attributes:
        now: the present, aware and in UTC.
        monotonic: seconds of a clock that never goes back.
        sleep: waits that many seconds, in an event loop.
    """

    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


SYSTEM_CLOCK: Final = Clock()
"""The machine's own clocks."""
