"""How far a run is, from time to time: rows, rows a second, and when the rest will be done.

The speed is that of the last minutes, so that an early wait for quota does not count for ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import Delivery
from leadway_provider.words import counted, duration_text

_WINDOW: Final = 180.0
"""Seconds over which the speed is measured."""


class _Pace:
    """Says when it is time for a line, and how fast rows are done.

    Args:
        clock: monotonic seconds.
        every: seconds between two lines, at least.
    """

    def __init__(self, clock: Callable[[], float], every: float) -> None:
        self._clock = clock
        self._every = every
        self._marks: deque[tuple[float, int]] = deque([(clock(), 0)])

    def is_due(self) -> bool:
        """Return True if the last line is long enough ago."""
        return self._clock() - self._marks[-1][0] >= self._every

    def speed(self, done: int) -> float:
        """Return rows a second, where so many are done now; a line is written with it."""
        now = self._clock()
        while len(self._marks) > 1 and now - self._marks[1][0] >= _WINDOW:
            self._marks.popleft()
        since, before = self._marks[0]
        self._marks.append((now, done))
        return (done - before) / (now - since) if now > since else 0.0


class PlanProgress:
    """Logs how many rows of the source were compared; how many there are is not known.

    Args:
        clock: monotonic seconds.
        log: is called with a line.
        every: seconds between two lines, at least.
    """

    def __init__(self, *, clock: Callable[[], float], log: Callable[[str], None], every: float) -> None:
        self._pace = _Pace(clock, every)
        self._log = log

    def compared(self, counts: Counts) -> None:
        """Log, when it is time, how many rows were read and would be sent so far."""
        if self._pace.is_due():
            read, pending = counts["read"], counts[RowState.PENDING]
            speed = self._pace.speed(read)
            self._log(f"Compared {counted(read, 'row')} so far, {pending:,} of them to send; {speed:,.0f} rows/s")


class Progress:
    """Logs from time to time how many rows of how many are delivered, and when the rest will be.

    Args:
        total: rows to deliver.
        clock: monotonic seconds.
        log: is called with a line.
        every: seconds between two lines, at least.
    """

    def __init__(self, total: int, *, clock: Callable[[], float], log: Callable[[str], None], every: float) -> None:
        self._total = total
        self._log = log
        self._pace = _Pace(clock, every)
        self._done = dict.fromkeys((state for state in RowState if state.phase == "deliver"), 0)

    def acknowledged(self, deliveries: Sequence[Delivery]) -> None:
        """Count rows, and log when it is time."""
        for delivery in deliveries:
            self._done[delivery.outcome] += 1
        if self._pace.is_due():
            self._log(self._line())

    def _line(self) -> str:
        done = sum(self._done.values())
        speed = self._pace.speed(done)
        outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in self._done.items() if count)
        left = f"{duration_text((self._total - done) / speed)} left" if speed else "time left unknown"
        share = 100 * done // self._total
        return f"{done:,} of {counted(self._total, 'row')} ({share}%): {outcomes}; {speed:,.1f} rows/s, {left}"
