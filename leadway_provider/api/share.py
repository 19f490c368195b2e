"""How much of a quota is ours when others use it too.

Each answer tells how many calls are left. What is missing beyond our own calls was made by others. One such number may
be wrong by the calls that overtook each other on their way; what is seen again and again is not. Clients that all
follow these rules come to nearly equal shares and take over what another one no longer uses.
"""

from __future__ import annotations

import math

SMOOTHING = 8
"""Answers over which the calls of others are averaged."""
CERTAIN = 3
"""From so many calls on, on average, others are about for sure, and the most that was seen of them counts."""
LEFT_FREE = 0.05
"""The part of our share that others may grow into: who has more leaves more, and so shares even out."""
GAP_EVERY = 25
"""Once in so many intervals one call less is made: who comes later would else meet a full quota every time."""


class Share:
    """The calls in an interval that we may make, of a maximum that others may use too."""

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
        """Calls that we may make in any interval, 0 or less where others have it all."""
        return round(min(self._ours, maximum - self._others))

    @property
    def sees_others(self) -> bool:
        """Whether the latest answer has shown calls of others."""
        return self._others > 0

    def forget(self) -> None:
        """Take the latest answer for outdated."""
        self._others = 0

    def observe(self, now: float, maximum: int, interval: float, left: int, counted: int) -> None:
        """Learn from an answer.

        Args:
            now: the present.
            maximum: calls in an interval.
            interval: its length.
            left: calls that the answer says are left.
            counted: calls of ours among those that are not left.
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
        """A call was one too many, although only so many of ours, itself included, were made in the interval."""
        if self._left == 0:
            self._ours = max(1.0, min(self._ours, 0.9 * (counted - 1)))

    def _review(self, maximum: int) -> None:
        """Adapt our share to what the last interval has shown."""
        certain = self._usual_most >= CERTAIN
        # Below that, an average may show one call where there is none: 0.8 is where a lasting one shows.
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
