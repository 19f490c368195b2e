"""When a call may be sent: as many calls as the quota grants in any window of its length, and never more.

A call takes one of `maximum` slots when it is sent. The server counts it at an unknown moment between the sending and
the answer, and forgets it one interval later. Therefore a slot is free again one interval after the *answer*, less the
fastest recent round trip: the old answer took some time to come back, the next call takes some time to arrive, and both
times together are at least the fastest round trip. Thus the server counts the two calls at least one interval apart,
whatever the jitter is; with a constant latency each slot is used exactly once in an interval.

`Share` limits the slots if other clients use the same quota. Clients with one state store lease slots, see `slots`, and
`Share` is for strangers' calls alone, and regards the leased slots as the quota.

This module only calculates: it is given events and their times, and does not wait, send or read a clock.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from leadway_provider.api.share import Share

FASTEST_KEPT = 20
"""Intervals after which the fastest round trip is forgotten, so that a lasting change of latency is noticed."""
SPREAD_OVER = 64
"""The number of answers over which the difference from the fastest round trip is averaged."""
FEW_SLOTS = 20
"""With fewer slots there are too few round trips to know the fastest one, and a slot is not freed early."""
FEW_ANSWERS = 12
"""The same with fewer answers, as a client has them in the beginning that leases some slots of a quota."""


class Permit(NamedTuple):
    """The right to send one call now.

    Attributes:
        serial: the number of the call, in the order of sending.
        sent: the time of sending, in seconds.
        counted: the calls of this client, including this one, that the server should count when this one arrives.
    """

    serial: int
    sent: float
    counted: int


@dataclass(frozen=True, slots=True)
class DailyQuota:
    """The daily quota according to the latest answer.

    Attributes:
        limit: the calls a day, or None if the answer did not say.
        remaining: the calls that are left.
        returns_at: when the quota returns, on the pacer's clock, or None if the answer did not say.
        believed_until: until when an empty quota stops the calls: until it returns, or for an hour if the answer did
            not say when that is.
    """

    limit: int | None
    remaining: int
    returns_at: float | None
    believed_until: float


class Pacer:
    """Grants calls within a quota, which the headers of every answer may correct.

    Times are seconds of one monotonic clock. The first call is sent alone, because its answer has the real quota. Two
    clients that use one pacer, one after the other, stay within one quota.

    Attributes:
        maximum: the calls in an interval.
        interval: the length of the interval in seconds.
        daily_reserve: the calls of the daily quota that are left to others.
        daily: the daily quota, or None before an answer had it.
        leased: the slots that this client has leased; None if it leases none, and the whole quota may be its own.
        waited: whether a call had to wait; for the reader to reset.
    """

    def __init__(self, maximum: int = 100, interval: float = 10.0, *, daily_reserve: int = 0) -> None:
        self.maximum = maximum
        self.interval = interval
        self.daily_reserve = daily_reserve
        self.daily: DailyQuota | None = None
        self.leased: int | None = None
        self.waited = False
        self._share = Share()
        self._serial = 0
        self._flying = 0
        self._sent: deque[float] = deque()
        self._answered: deque[float] = deque()
        self._counted: deque[float] = deque()  # like `_answered`, but without regard to the next call's way
        self._fastest = self._fastest_before = math.inf
        self._fastest_until = -math.inf
        self._trusted_from = math.inf
        self._round_trips = 0
        self._spread = 0.0
        self._daily_since = -math.inf  # when `daily` got its number of calls that are left
        self._blocked_until = -math.inf
        self._seen_serial = 0
        self._seen_at = -math.inf
        self._doubt = 0  # calls are sent one at a time until a call with a later serial is answered

    def reserve(self, now: float) -> Permit | float:
        """Return a permit for a call that is sent at once, or the seconds after which a permit may be available.

        Infinity means that no permit is available before a call in flight has ended.
        """
        if (wait := self.wait(now)) > 0:
            self.waited = True
            return wait
        forgotten = now - self.interval
        while self._sent and self._sent[0] <= forgotten:
            self._sent.popleft()
        while self._counted and self._counted[0] <= forgotten - self._guard:
            self._counted.popleft()
        self._sent.append(now)
        self._flying += 1
        self._serial += 1
        return Permit(self._serial, now, len(self._sent))

    def wait(self, now: float) -> float:
        """Return the seconds after which `reserve` may grant a permit; 0 means now, infinity as in `reserve`."""
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
        excess = self._flying + len(answered) - self._share.slots(self._own)
        if excess < 0:
            return 0.0
        freed_at = answered[excess] + hold if excess < len(answered) else math.inf
        return min(freed_at, seen_until) - now

    def answered(self, permit: Permit, now: float, headers: Mapping[str, str]) -> None:
        """Record an answer with any status.

        Impossible values in headers are ignored, and the earlier values stay: a maximum outside of 1 to 100,000 calls,
        an interval outside of 0.1 s to an hour, more calls left than the maximum, and anything that is not a whole
        number.

        Args:
            permit: the permit of the call.
            now: the present.
            headers: the headers of the answer, with names in lower case.
        """
        self._flying -= 1
        self._hold_from(now)
        self.maximum = _number(headers, "x-ratelimit-max", 1, 100_000) or self.maximum
        if milliseconds := _number(headers, "x-ratelimit-interval-milliseconds", 100, 3_600_000):
            self.interval = milliseconds / 1000
        self._learn_round_trip(now - permit.sent, now)
        self._learn_daily(headers, now, permit.sent)
        if permit.serial <= self._seen_serial:
            return
        self._seen_serial = permit.serial
        self._seen_at = now
        left = _number(headers, "x-ratelimit-remaining", 0, self.maximum)
        if left is None:
            left = max(0, self.maximum - permit.counted)
        # Other clients with leases make at most the calls of the slots that are not ours, so fewer calls that are left
        # than we have slots are a stranger's doing.
        self._share.observe(now, self._own, self.interval, min(left, self._own), permit.counted)

    def lost(self, now: float) -> None:
        """Record that a call gets no answer; the server may have counted it at any moment until now."""
        self._flying -= 1
        self._hold_from(now + self._round_trip(now))

    def limited(self, permit: Permit, now: float, retry_after: float | None) -> None:
        """Record that an answer, which was given to `answered`, was a 429: calls stop, and then one call is sent alone.

        Args:
            permit: the permit of the call.
            now: the present.
            retry_after: the seconds that the server asked to wait; None means one interval.
        """
        wait = self.interval if retry_after is None else retry_after
        self._blocked_until = max(self._blocked_until, now + wait)
        self._doubt = self._serial
        self._share.refused(permit.counted)

    def exhausted(self, now: float) -> bool:
        """Return True if only the reserve is left of the daily quota."""
        return not self._flying and self._uses_up(now, 0)

    def in_use(self, now: float) -> int:
        """Return the calls that the server may count at this moment, for any client's next call."""
        return self._flying + len(self.cooling(now))

    def cooling(self, now: float) -> list[float]:
        """Return for each answered call that the server may still count the seconds until it does not, in order."""
        hold = self.interval + self._guard
        return [moment + hold - now for moment in self._counted if moment + hold > now]

    def go_on_without_lease(self) -> None:
        """Use the whole quota as far as the headers show that it is free, beginning with the slots leased so far."""
        if self.leased:
            self._share.begin_with(self.leased)
        self.leased = None

    @property
    def knows_maximum(self) -> bool:
        """Whether an answer has said, or confirmed, what the quota is."""
        return self._seen_serial > 0

    @property
    def _own(self) -> int:
        return self.maximum if self.leased is None else min(self.leased, self.maximum)

    def _uses_up(self, now: float, more: int) -> bool:
        """Return True if that many more calls would leave only the reserve of the daily quota."""
        daily = self.daily
        return daily is not None and now < daily.believed_until and daily.remaining - more <= self.daily_reserve

    def _hold_from(self, moment: float) -> None:
        for moments in (self._answered, self._counted):
            moments.append(max(moment, moments[-1]) if moments else moment)

    def _hold(self, now: float) -> float:
        """Return the seconds after its answer for which a call keeps its slot.

        They include a guard against what the fastest round trip does not show: clocks whose speeds differ by up to
        0.1%, a server that counts in whole milliseconds, and, with a varying latency, a call that arrives faster than
        any before. With a constant latency the guard costs 0.2% of the speed.
        """
        return self.interval + self._guard - self._round_trip(now)

    @property
    def _guard(self) -> float:
        # The fewer round trips are known, the faster may the next one be than any of them.
        unknown = max(1 / 4, 4 / math.sqrt(max(1, self._round_trips)))
        return max(0.002, 0.002 * self.interval) + self._spread * unknown

    def _round_trip(self, now: float) -> float:
        """Return the fastest recent round trip; 0 in the beginning, when calls are slow to open connections."""
        if now < self._trusted_from or self._round_trips < FEW_ANSWERS or self.maximum < FEW_SLOTS:
            return 0.0
        return min(self._fastest, self._fastest_before, self.interval)

    def _learn_round_trip(self, round_trip: float, now: float) -> None:
        if now >= self._fastest_until:
            self._fastest_before, self._fastest = self._fastest, math.inf
            self._fastest_until = now + FASTEST_KEPT * self.interval
        self._fastest = min(self._fastest, round_trip)
        self._round_trips += 1
        slower = round_trip - min(self._fastest, self._fastest_before)
        self._spread += (slower - self._spread) / min(self._round_trips, SPREAD_OVER)
        if self._trusted_from == math.inf:
            self._trusted_from = now + self.interval

    def _learn_daily(self, headers: Mapping[str, str], now: float, sent: float) -> None:
        remaining = _number(headers, "x-ratelimit-daily-remaining", 0, 10**9)
        if remaining is None:
            return
        # Answers overtake each other. A call that was sent before the lowest number was known may have been counted
        # before the call with that number, so it can't raise it.
        if self.daily is not None and sent <= self._daily_since and remaining >= self.daily.remaining:
            remaining = self.daily.remaining
        else:
            self._daily_since = now
        milliseconds = _number(headers, "x-ratelimit-daily-reset", 0, 48 * 3_600_000)
        returns_at = None if milliseconds is None else now + milliseconds / 1000
        self.daily = DailyQuota(
            limit=_number(headers, "x-ratelimit-limit-daily", 1, 10**9),
            remaining=remaining,
            returns_at=returns_at,
            believed_until=now + 3600 if returns_at is None else returns_at,
        )


def _number(headers: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    """Return the whole number in a header, or None if there is none or it is out of range."""
    text = headers.get(name)
    if text is None or len(text) > 12 or not text.isascii() or not text.isdecimal():  # noqa: PLR2004 - longer than any number in range
        return None
    return number if least <= (number := int(text)) <= most else None
