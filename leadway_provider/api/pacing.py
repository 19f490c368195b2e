"""When a call may leave: never more than the quota in any window of its length, and no slower than that.

A call takes one of `maximum` slots when it is sent. The server counts it at some moment between then and its answer,
and forgets it one interval later; nobody here knows when exactly. So a slot is free again one interval after the
*answer*, less the fastest round trip seen lately: the old call's answer needed its way back, the new call needs its way
there, and the two ways together were never seen to be faster. The server then counts both at least an interval apart
whatever the jitter, and where latency is constant a slot is used exactly once in an interval.

Whether others use the quota too is `Share`'s matter.

Everything here is a plain value: it is told what happened and when; it doesn't wait, send or read a clock.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from leadway_provider.api.share import Share

FASTEST_KEPT = 20
"""Intervals after which the fastest round trip begins to be forgotten: a lasting change of route is learnt."""
SPREAD_OVER = 64
"""Answers over which it is averaged how much slower than the fastest they are."""
FEW_SLOTS = 20
"""Below so many slots there are too few round trips to know the fastest, and the whole round trip is waited for."""


class Ticket(NamedTuple):
    """The right to send one call now.

    Attributes:
        serial: counts the calls, in the order they were sent.
        sent: when, in seconds.
        counted: calls of ours that the server should be counting when this one arrives, itself included.
    """

    serial: int
    sent: float
    counted: int


@dataclass(frozen=True, slots=True)
class DailyQuota:
    """The day's quota as last told.

    Attributes:
        limit: calls a day, or None if not told.
        remaining: calls left.
        returns_at: when it returns, on the pacer's clock, or None if not told.
        believed_until: until when an empty quota keeps calls from being sent; where no return was told, for an hour.
    """

    limit: int | None
    remaining: int
    returns_at: float | None
    believed_until: float


class Pacer:
    """Grants calls within a quota that the server may correct at every answer.

    Times are seconds of one monotonic clock. The first call goes alone: its answer tells what the quota really is.
    Two clients that use one pacer, one after the other, stay within one quota.

    Attributes:
        maximum: calls in an interval.
        interval: its length in seconds.
        daily_reserve: calls of the day's quota that are left to others.
        daily: the day's quota, or None while nothing was told.
    """

    def __init__(self, maximum: int = 100, interval: float = 10.0, *, daily_reserve: int = 0) -> None:
        self.maximum = maximum
        self.interval = interval
        self.daily_reserve = daily_reserve
        self.daily: DailyQuota | None = None
        self._share = Share()
        self._serial = 0
        self._flying = 0
        self._sent: deque[float] = deque()
        self._answered: deque[float] = deque()
        self._fastest = self._fastest_before = math.inf
        self._fastest_until = -math.inf
        self._trusted_from = math.inf
        self._spread = 0.0
        self._blocked_until = -math.inf
        self._seen_serial = 0
        self._seen_at = -math.inf
        self._doubt = 0  # until a call later than this serial is answered, calls go one at a time

    def reserve(self, now: float) -> Ticket | float:
        """A ticket for a call that is sent at once, or the seconds until asking again can be worth it.

        Infinity means that only the end of a call in flight can change anything.
        """
        if (wait := self.wait(now)) > 0:
            return wait
        forgotten = now - self.interval
        while self._sent and self._sent[0] <= forgotten:
            self._sent.popleft()
        self._sent.append(now)
        self._flying += 1
        self._serial += 1
        return Ticket(self._serial, now, len(self._sent))

    def wait(self, now: float) -> float:
        """Seconds until asking for a ticket can be worth it, as `reserve` tells them; 0: now."""
        if now < self._blocked_until:
            return self._blocked_until - now
        hold = self._hold(now)
        answered = self._answered
        while answered and answered[0] + hold <= now:
            answered.popleft()
        seen_until = self._seen_at + self.interval if self._share.sees_others else math.inf
        if now >= seen_until:
            self._share.forget()
            self._doubt = self._serial
            seen_until = math.inf
        if self._flying and (self._seen_serial <= self._doubt or self._uses_up(now, self._flying)):
            return math.inf
        excess = self._flying + len(answered) - self._share.slots(self.maximum)
        if excess < 0:
            return 0.0
        freed_at = answered[excess] + hold if excess < len(answered) else math.inf
        return min(freed_at, seen_until) - now

    def answered(self, ticket: Ticket, now: float, headers: Mapping[str, str]) -> None:
        """An answer has come, whatever it says.

        Headers that say what no quota can be are ignored, and what was known before stays: a maximum outside of 1 to
        100,000 calls, an interval outside of 0.1 s to an hour, more calls left than the maximum, and anything that is
        not a whole number.

        Args:
            ticket: the call's.
            now: the present.
            headers: the answer's, with names in lower case.
        """
        self._flying -= 1
        self._hold_from(now)
        self.maximum = _number(headers, "x-ratelimit-max", 1, 100_000) or self.maximum
        if milliseconds := _number(headers, "x-ratelimit-interval-milliseconds", 100, 3_600_000):
            self.interval = milliseconds / 1000
        self._learn_round_trip(now - ticket.sent, now)
        self._learn_daily(headers, now, overtaken=ticket.serial <= self._seen_serial)
        if ticket.serial <= self._seen_serial:
            return
        self._seen_serial = ticket.serial
        self._seen_at = now
        left = _number(headers, "x-ratelimit-remaining", 0, self.maximum)
        if left is None:
            left = max(0, self.maximum - ticket.counted)
        self._share.observe(now, self.maximum, self.interval, left, ticket.counted)

    def lost(self, now: float) -> None:
        """A call was given up without an answer: the server may have counted it up to this moment."""
        self._flying -= 1
        self._hold_from(now + self._round_trip(now))

    def limited(self, ticket: Ticket, now: float, retry_after: float | None) -> None:
        """The answer, of which `answered` was told, was 429: nobody sends for a while, and then first one call alone.

        Args:
            ticket: the call's.
            now: the present.
            retry_after: seconds that the server asked for; without them, one interval.
        """
        wait = self.interval if retry_after is None else retry_after
        self._blocked_until = max(self._blocked_until, now + wait)
        self._doubt = self._serial
        self._share.refused(ticket.counted)

    def exhausted(self, now: float) -> bool:
        """Whether the day's quota is used up, but for what is in reserve."""
        return not self._flying and self._uses_up(now, 0)

    def _uses_up(self, now: float, more: int) -> bool:
        """Whether so many calls, beside those that the daily quota's last word counts, leave only the reserve."""
        daily = self.daily
        return daily is not None and now < daily.believed_until and daily.remaining - more <= self.daily_reserve

    def _hold_from(self, moment: float) -> None:
        self._answered.append(max(moment, self._answered[-1]) if self._answered else moment)

    def _hold(self, now: float) -> float:
        """How long after its answer a call keeps its slot.

        The guard on top covers what the fastest round trip can't show: clocks that run up to 0.1% apart, a server that
        counts in whole milliseconds, and, the more latency varies, a way there that is faster than any before. Where it
        doesn't vary that costs 0.2% of the speed.
        """
        guard = max(0.002, 0.002 * self.interval) + self._spread / 4
        return self.interval + guard - self._round_trip(now)

    def _round_trip(self, now: float) -> float:
        """The fastest seen lately; 0 while too little was seen: the first calls open connections, and all are slow."""
        if now < self._trusted_from or self.maximum < FEW_SLOTS:
            return 0.0
        return min(self._fastest, self._fastest_before, self.interval)

    def _learn_round_trip(self, round_trip: float, now: float) -> None:
        if now >= self._fastest_until:
            self._fastest_before, self._fastest = self._fastest, math.inf
            self._fastest_until = now + FASTEST_KEPT * self.interval
        self._fastest = min(self._fastest, round_trip)
        self._spread += (round_trip - min(self._fastest, self._fastest_before) - self._spread) / SPREAD_OVER
        if self._trusted_from == math.inf:
            self._trusted_from = now + self.interval

    def _learn_daily(self, headers: Mapping[str, str], now: float, *, overtaken: bool) -> None:
        remaining = _number(headers, "x-ratelimit-daily-remaining", 0, 10**9)
        if remaining is None:
            return
        if overtaken and self.daily is not None:
            remaining = min(remaining, self.daily.remaining)
        milliseconds = _number(headers, "x-ratelimit-daily-reset", 0, 48 * 3_600_000)
        returns_at = None if milliseconds is None else now + milliseconds / 1000
        self.daily = DailyQuota(
            limit=_number(headers, "x-ratelimit-limit-daily", 1, 10**9),
            remaining=remaining,
            returns_at=returns_at,
            believed_until=now + 3600 if returns_at is None else returns_at,
        )


def _number(headers: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    """A whole number within what makes sense, else None."""
    text = headers.get(name)
    if text is None or len(text) > 12 or not text.isascii() or not text.isdecimal():  # noqa: PLR2004 - more than any bound
        return None
    return number if least <= (number := int(text)) <= most else None
