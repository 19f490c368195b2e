"""How far a delivery is: exact, because the plan says how many rows there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from leadway_provider.sync.outcome import Outcome
from leadway_provider.sync.ports import Delivery


class Progress:
    """Tells now and then, in one line, how many rows of how many are done and when the rest will be.

    Args:
        total: rows to deliver.
        clock: monotonic seconds.
        tell: takes a line.
        every: seconds between two lines, at least.
    """

    def __init__(self, total: int, *, clock: Callable[[], float], tell: Callable[[str], None], every: float) -> None:
        self._total = total
        self._clock = clock
        self._tell = tell
        self._every = every
        self._began_at = self._told_at = clock()
        self._done = dict.fromkeys((Outcome.CREATED, Outcome.UPDATED, Outcome.REFUSED, Outcome.UNKNOWN), 0)

    def acknowledged(self, deliveries: Sequence[Delivery]) -> None:
        """Count rows, and tell when it is time or when these were the last."""
        for delivery in deliveries:
            self._done[delivery.outcome] += 1
        now = self._clock()
        if now - self._told_at >= self._every or sum(self._done.values()) == self._total:
            self._told_at = now
            self._tell(self._line(now - self._began_at))

    def _line(self, seconds: float) -> str:
        done = sum(self._done.values())
        speed = done / seconds if seconds else 0.0
        outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in self._done.items() if count)
        left = f"{(self._total - done) / speed:,.0f} s left" if speed else "time left unknown"
        share = 100 * done // self._total
        return f"{done:,} of {self._total:,} rows ({share}%): {outcomes}; {speed:,.1f} rows/s, {left}"
