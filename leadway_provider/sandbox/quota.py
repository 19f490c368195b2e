"""How many calls an account may make: quota windows over a clock that is passed in, and the quota headers."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal, Protocol

WindowKind = Literal["sliding", "fixed"]


@dataclass(frozen=True, slots=True)
class Quota:
    """A number of calls that is granted in a length of time.

    Attributes:
        requests: the number of calls granted in one window.
        seconds: the length of the window.
        window: `sliding` grants no more than `requests` in any window of that length; `fixed` starts to count again at
            every multiple of it. The documentation doesn't say which one the service uses.
    """

    requests: int
    seconds: float
    window: WindowKind = "sliding"

    def __post_init__(self) -> None:
        """Refuse a quota that would never grant a call."""
        if self.requests < 1 or self.seconds <= 0:
            raise ValueError("a quota must grant at least one request in more than zero seconds; None is for no quota")


class Window(Protocol):
    """The calls that count against one quota. `now` is in seconds, from a clock that never goes back."""

    quota: Quota

    def use(self, now: float) -> None:
        """Count one granted call."""

    def remaining(self, now: float) -> int:
        """Return the number of calls that would still be granted now."""

    def returns_in(self, now: float) -> float:
        """Return the seconds until a call is granted; 0 if one would be granted now."""


class SlidingWindow:
    """A window that keeps the time of each granted call until it is one window old."""

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        self._granted: deque[float] = deque()

    def use(self, now: float) -> None:
        """Count one granted call."""
        self._granted.append(now)

    def remaining(self, now: float) -> int:
        """Return the number of calls that would still be granted now."""
        while self._granted and self._granted[0] <= now - self.quota.seconds:
            self._granted.popleft()
        return self.quota.requests - len(self._granted)

    def returns_in(self, now: float) -> float:
        """Return the seconds until the oldest call no longer counts; 0 if a call would be granted now."""
        return 0.0 if self.remaining(now) > 0 else self._granted[0] + self.quota.seconds - now


class FixedWindow:
    """A window that counts the calls since the last multiple of its length after `started`."""

    def __init__(self, quota: Quota, started: float) -> None:
        self.quota = quota
        self._started = started
        self._number = 0
        self._used = 0

    def use(self, now: float) -> None:
        """Count one granted call."""
        self._enter(now)
        self._used += 1

    def remaining(self, now: float) -> int:
        """Return the number of calls that would still be granted now."""
        self._enter(now)
        return self.quota.requests - self._used

    def returns_in(self, now: float) -> float:
        """Return the seconds until the next window begins; 0 if a call would be granted now."""
        return 0.0 if self.remaining(now) > 0 else self.ends_in(now)

    def ends_in(self, now: float) -> float:
        """Return the seconds until the next window begins."""
        return self._started + (self._number_at(now) + 1) * self.quota.seconds - now

    def _enter(self, now: float) -> None:
        number = self._number_at(now)
        if number != self._number:
            self._number, self._used = number, 0

    def _number_at(self, now: float) -> int:
        return math.floor((now - self._started) / self.quota.seconds)


class Limits:
    """Both quotas of one account. A refused call counts against neither of them.

    Args:
        burst: the quota of some seconds; None grants every call and sends no headers of this quota.
        daily: the quota of a day, which is always a fixed window; None as above.
        started: when the first window began, in seconds of the clock.
    """

    def __init__(self, burst: Quota | None, daily: Quota | None, *, started: float) -> None:
        self.burst: Window | None = None
        if burst is not None:
            self.burst = SlidingWindow(burst) if burst.window == "sliding" else FixedWindow(burst, started)
        self.daily = FixedWindow(daily, started) if daily is not None else None
        self._windows: tuple[Window, ...] = tuple(w for w in (self.burst, self.daily) if w is not None)

    def take(self, now: float) -> bool:
        """Count a call that arrives now, and return True; return False if a quota refuses it."""
        if any(window.remaining(now) < 1 for window in self._windows):
            return False
        for window in self._windows:
            window.use(now)
        return True

    def returns_in(self, now: float) -> float:
        """Return the seconds until a call is granted; 0 if one would be granted now."""
        return max((window.returns_in(now) for window in self._windows), default=0.0)

    def headers(self, now: float) -> dict[str, str]:
        """Return the `X-RateLimit-*` headers as they are documented; the daily reset is in milliseconds from now."""
        headers = {}
        if self.burst is not None:
            headers["X-RateLimit-Max"] = str(self.burst.quota.requests)
            headers["X-RateLimit-Remaining"] = str(self.burst.remaining(now))
            headers["X-RateLimit-Interval-Milliseconds"] = str(round(self.burst.quota.seconds * 1000))
        if self.daily is not None:
            headers["X-RateLimit-Limit-Daily"] = str(self.daily.quota.requests)
            headers["X-RateLimit-Daily-Remaining"] = str(self.daily.remaining(now))
            headers["X-RateLimit-Daily-Reset"] = str(math.ceil(self.daily.ends_in(now) * 1000))
        return headers
