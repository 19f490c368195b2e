"""This client's share of a quota that other clients use too.

Each answer says how many calls are left. The calls that are neither left nor ours were made by others. One such number
may be wrong, because calls overtake each other on the network; the average of several numbers is right. Clients that
all follow these rules reach nearly equal shares, and use the share that another client no longer uses.
"""

from __future__ import annotations

import math

SMOOTHING = 8
"""The number of answers over which the calls of others are averaged."""
CERTAIN = 3
"""If the others make at least this number of calls on average, they exist for certain, and their maximum counts."""
LEFT_FREE = 0.05
"""The part of our share that is left for others; a larger share leaves more, so the shares become equal."""
GAP_EVERY = 25
"""One call less is made every so many intervals; otherwise a later client would always find the quota used up."""


class Share:
    """The number of calls that this client may make in an interval."""

    def __init__(self) -> None:
        self._ours = math.inf
        self._others = 0
        self._others_most = 0
        self._usual = 0.0
        self._usual_most = 0.0
        self._left = 0
        self._review_at = -math.inf
        self._reviews = 0

    def slots(self, maximum: int) -> int:
        """Return the calls that this client may make in any interval; 0 or less if others use the whole quota."""
        return round(min(self._ours, maximum - self._others))

    @property
    def sees_others(self) -> bool:
        """Whether there were calls of others in the latest answer."""
        return self._others > 0

    def forget(self) -> None:
        """Forget the calls of others in the latest answer, because it is outdated."""
        self._others = 0

    def begin_with(self, slots: int) -> None:
        """Let this be our share until the next answers show whether it may be larger."""
        self._ours = min(self._ours, slots)

    def observe(self, now: float, maximum: int, interval: float, left: int, counted: int) -> None:
        """Take an answer into account.

        Args:
            now: the present.
            maximum: the calls that the quota grants in an interval.
            interval: the length of the interval in seconds.
            left: the calls that are left, according to the answer.
            counted: the calls of this client among the calls that are not left.
        """
        others = maximum - left - counted
        self._usual += (max(others, -CERTAIN - 1) - self._usual) / SMOOTHING
        self._usual_most = max(self._usual_most, self._usual)
        self._others = max(others, 0)
        self._others_most = max(self._others_most, others)
        self._left = left
        if now >= self._review_at:
            self._review(maximum)
            self._review_at = now + interval

    def refused(self, counted: int) -> None:
        """Take a 429 into account, with the calls of this client in the interval, including the refused one."""
        if self._left == 0:
            self._ours = max(1.0, min(self._ours, 0.9 * (counted - 1)))

    def _review(self, maximum: int) -> None:
        """Adapt our share to the calls of others in the last interval."""
        certain = self._usual_most >= CERTAIN
        # With fewer calls the average can show one call of others that does not exist; from 0.8 on it is a lasting one.
        others = self._others_most if certain else int(self._usual_most + 0.2)
        self._usual_most, self._others_most = self._usual, 0
        ours = min(self._ours, maximum)
        if others < 1:
            ours += max(1.0, ours / 4)
        else:
            fair = maximum - others - min(LEFT_FREE * ours, others)
            ours = max(1.0, ours + (fair - ours) / 2)
        self._reviews += 1
        if self._reviews % GAP_EVERY == 0:
            ours = min(ours, max(1, maximum - 1))
        self._ours = ours if ours < maximum else math.inf
