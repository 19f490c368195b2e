"""One run of a sync at a time: when another's right to it has ended.

The holder of a lease shows a sign of life now and then. Who wants the lease watches for it with a clock of its own, so
clocks that disagree, or jump, take no lease from anybody. The holder stops by itself, well before others may take over,
when it could not show a sign of life.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

BEAT_EVERY: Final = 10.0
"""Seconds between two signs of life."""
TRUSTED_FOR: Final = 30.0
"""Seconds after a sign of life was begun in which the holder may still send."""
DEAD_AFTER: Final = 60.0
"""Seconds without a sign of life after which another may take over: calls on their way have ended by then."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Who has a sync's lease.

    Attributes:
        token: another one for each time that it is taken.
        beat: grows with every sign of life.
        holder: the task run that has it.
        process: where it runs, as `alive` understands it.
        parked_until: until when the holder waits for quota, without a process; None while it runs.
    """

    token: str
    beat: int
    holder: str
    process: str
    parked_until: datetime | None = None


class Watch:
    """Looks at a lease again and again, and tells when it may be taken.

    Args:
        holder: the task run that wants it.
        clock: seconds, monotonic.
        now: aware time.
        alive: whether a process of this machine is there; None where that can't be told from here.
    """

    def __init__(
        self,
        holder: str,
        *,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        alive: Callable[[str], bool | None],
    ) -> None:
        self._holder = holder
        self._clock = clock
        self._now = now
        self._alive = alive
        self._seen: tuple[str, int] | None = None
        self._since = 0.0

    def may_take(self, hold: Hold | None) -> bool:
        """Whether the lease, as it was found just now, is free or its holder gone."""
        if hold is None:
            return True
        if hold.parked_until is not None:
            return hold.holder == self._holder or self._now() >= hold.parked_until
        if self._alive(hold.process) is False:
            return True
        if self._seen != (hold.token, hold.beat):
            self._seen, self._since = (hold.token, hold.beat), self._clock()
        return self._clock() - self._since >= DEAD_AFTER
