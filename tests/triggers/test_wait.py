"""The trigger that a deferred task waits with, on a clock that the test sets."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from leadway_provider.clock import Clock
from leadway_provider.triggers.wait import WaitTrigger

START = datetime(2026, 11, 22, 6, tzinfo=UTC)


class SetClock:
    """A clock that a sleep moves on; after the sleeps of `jumps` it is set to another time.

    Args:
        jumps: seconds by which the clock is set forward, by the number of the sleep.
    """

    def __init__(self, jumps: dict[int, float] | None = None) -> None:
        self.time = START
        self.sleeps: list[float] = []
        self._jumps = jumps or {}

    def now(self) -> datetime:
        """Return the time."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Let that time pass at once."""
        self.sleeps.append(seconds)
        self.time += timedelta(seconds=seconds + self._jumps.get(len(self.sleeps), 0.0))


def fire(until: datetime, clock: SetClock) -> list[object]:
    """Run a trigger to its end, and return what it fired."""

    async def fired() -> list[object]:
        trigger = WaitTrigger(until.isoformat(), "no quota is left", Clock(now=clock.now, sleep=clock.sleep))
        return [event.payload async for event in trigger.run()]

    return asyncio.run(fired())


def test_it_fires_once_at_the_given_time() -> None:
    """The event names the time, and not a second more or less has passed."""
    clock, until = SetClock(), START + timedelta(seconds=150)
    assert fire(until, clock) == [{"until": until.isoformat()}]
    assert clock.time == until


def test_it_reads_the_clock_again_each_minute() -> None:
    """A clock that is set forward meanwhile ends the wait within a minute."""
    clock = SetClock(jumps={2: 86_400.0})
    fire(START + timedelta(hours=5), clock)
    assert clock.sleeps == [60.0, 60.0]


def test_a_time_that_is_over_fires_at_once() -> None:
    """The triggerer may have been down until after the given time."""
    clock = SetClock()
    assert len(fire(START - timedelta(days=1), clock)) == 1
    assert clock.sleeps == []


def test_the_triggerer_makes_the_same_trigger() -> None:
    """What is serialized are the class and the arguments that make an equal trigger."""
    path, arguments = WaitTrigger(START.isoformat(), "no quota is left").serialize()
    assert path == f"{WaitTrigger.__module__}.{WaitTrigger.__name__}"
    assert WaitTrigger(**arguments).serialize() == (path, arguments)
