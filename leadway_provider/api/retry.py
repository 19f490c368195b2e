"""The pauses before a failed call is sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter, after failures that may be over at the next attempt.

    Waiting for quota is not a failure and does not count as an attempt.

    Attributes:
        attempts: how often a call is sent at most, including the first time.
        base: the longest pause after the first failure, in seconds; it doubles with each further failure.
        cap: the longest pause after any failure, in seconds, unless the server asks for a longer one.
        patience: the longest pause that the server may ask for, in seconds; if it asks for a longer one, the call is
            not repeated.
    """

    attempts: int = 6
    base: float = 0.5
    cap: float = 30.0
    patience: float = 300.0

    def delay(self, attempt: int, retry_after: float | None, random: Callable[[], float]) -> float | None:
        """Return the seconds to wait after a failed attempt, or None if the call should not be repeated.

        Args:
            attempt: the number of the attempt that failed; the first is 1.
            retry_after: the seconds that the server asked to wait, or None.
            random: returns a number from 0 up to 1, so that clients that failed together do not return together.
        """
        if attempt >= self.attempts or (retry_after is not None and retry_after > self.patience):
            return None
        longest = min(self.cap, self.base * 2.0 ** min(attempt - 1, 32))
        return max(retry_after or 0.0, longest * random())
