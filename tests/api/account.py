"""An account's quota and the clients that use it, in simulated time, without network and waiting."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

from leadway_provider.api.pacing import Pacer, Permit

Latency = Callable[[], tuple[float, float]]
"""Returns the seconds until a call is counted, and from then until its answer arrives."""


class Quota(Protocol):
    """A quota that counts the calls that arrive."""

    maximum: int
    interval: float

    def take(self, now: float) -> int | None:
        """Return the number of calls left after this one, or None if it is refused."""


class SlidingQuota:
    """A quota that holds for every interval, whenever it begins."""

    def __init__(self, maximum: int, interval: float) -> None:
        self.maximum, self.interval = maximum, interval
        self._counted: deque[float] = deque()

    def take(self, now: float) -> int | None:
        """Return the number of calls left after this one, or None if it is refused."""
        while self._counted and self._counted[0] <= now - self.interval:
            self._counted.popleft()
        if len(self._counted) >= self.maximum:
            return None
        self._counted.append(now)
        return self.maximum - len(self._counted)


class FixedQuota:
    """A quota whose count restarts at every multiple of the interval, `offset` seconds before."""

    def __init__(self, maximum: int, interval: float, offset: float = 0.37) -> None:
        self.maximum, self.interval, self._offset = maximum, interval, offset
        self._window = -1
        self._used = 0

    def take(self, now: float) -> int | None:
        """Return the number of calls left after this one, or None if it is refused."""
        window = math.floor((now + self._offset) / self.interval)
        if window != self._window:
            self._window, self._used = window, 0
        if self._used >= self.maximum:
            return None
        self._used += 1
        return self.maximum - self._used


class Caller:
    """A client with calls to make, and a limit on the calls in flight."""

    def __init__(self, pacer: Pacer, *, calls: int, in_flight: int = 16, starts_at: float = 0.0) -> None:
        self.pacer, self.left, self.in_flight, self.starts_at = pacer, calls, in_flight, starts_at
        self.flying = 0
        self.refused = 0
        self.answered_at: list[float] = []
        self.tries_at = math.inf


class Account:
    """An account whose quota several callers use. With `daily` it grants so many calls altogether."""

    def __init__(self, quota: Quota, latency: Latency, *, has_headers: bool = True, daily: int | None = None) -> None:
        self._quota, self._latency, self._has_headers = quota, latency, has_headers
        self._daily = None if daily is None else SlidingQuota(daily, math.inf)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._now = 0.0

    def serve(self, *callers: Caller, until: float = math.inf) -> float:
        """Run until all calls are made or the time is over, and return the time of the end."""
        for caller in callers:
            self._at(caller.starts_at, partial(self._send, caller))
        while self._events and self._events[0][0] <= until:
            self._now, _, act = heapq.heappop(self._events)
            act()
        return self._now

    def _at(self, when: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), act))

    def _send(self, caller: Caller) -> None:
        if self._now >= caller.tries_at:
            caller.tries_at = math.inf
        while caller.left and caller.flying < caller.in_flight:
            if caller.pacer.exhausted(self._now):
                return
            granted = caller.pacer.reserve(self._now)
            if not isinstance(granted, Permit):
                if self._now + granted < caller.tries_at:
                    caller.tries_at = self._now + granted
                    self._at(caller.tries_at, lambda: self._send(caller))
                return
            caller.left -= 1
            caller.flying += 1
            there, back = self._latency()
            self._at(self._now + there, partial(self._arrive, caller, granted, back))

    def _arrive(self, caller: Caller, permit: Permit, back: float) -> None:
        left = self._quota.take(self._now)
        headers = self.headers(left or 0) if self._has_headers else {}
        if self._daily is not None and left is not None:
            today = self._daily.take(self._now)
            left = None if today is None else left
            headers |= {"x-ratelimit-daily-remaining": str(today or 0), "x-ratelimit-daily-reset": "86400000"}
        self._at(self._now + back, lambda: self._answer(caller, permit, left, headers))

    def _answer(self, caller: Caller, permit: Permit, left: int | None, headers: dict[str, str]) -> None:
        caller.flying -= 1
        caller.pacer.answered(permit, self._now, headers)
        if left is None:
            caller.refused += 1
            caller.left += 1
            caller.pacer.limited(permit, self._now, None)
        else:
            caller.answered_at.append(self._now)
        self._send(caller)

    def headers(self, left: int) -> dict[str, str]:
        """Return the quota headers of an answer."""
        return {
            "x-ratelimit-max": str(self._quota.maximum),
            "x-ratelimit-interval-milliseconds": str(round(self._quota.interval * 1000)),
            "x-ratelimit-remaining": str(left),
        }


def steady(seconds: float = 0.1) -> Latency:
    """Return a constant latency."""
    return lambda: (seconds / 2, seconds / 2)


def jittery(seed: int, *, there: float = 0.1, back: float = 0.1) -> Latency:
    """Return a random latency, up to these seconds in each direction."""
    drawn = random.Random(seed)  # noqa: S311 - a repeatable simulation needs a seeded random
    return lambda: (drawn.uniform(0, there), drawn.uniform(0, back))


def heavy_tailed(seed: int) -> Latency:
    """Return a latency that is mostly short and sometimes very long."""
    drawn = random.Random(seed)  # noqa: S311 - a repeatable simulation needs a seeded random
    return lambda: (0.02 + drawn.expovariate(100), 0.03 * (1 + drawn.paretovariate(2)))
