"""How long to wait before a call that failed is sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter, after failures that a later attempt may not meet.

    Waiting for quota is no failure and isn't counted here.

    Attributes:
        attempts: how often a call is sent at most, the first time included.
        base: the longest pause after the first failure, in seconds; it doubles with each further one.
        cap: the longest pause of all, in seconds, unless the server asks for a longer one.
        patience: the longest pause, in seconds, that the server may ask for; beyond it the call is given up.
    """

    attempts: int = 6
    base: float = 0.5
    cap: float = 30.0
    patience: float = 300.0

    def delay(self, attempt: int, retry_after: float | None, random: Callable[[], float]) -> float | None:
        """Seconds to wait after the failure of that attempt (the first is 1), or None to give up.

        Args:
            attempt: the number of the attempt that failed.
            retry_after: seconds the server asked to wait, or None.
            random: draws from 0 up to 1; clients that failed together come back apart.
        """
        if attempt >= self.attempts or (retry_after is not None and retry_after > self.patience):
            return None
        longest = min(self.cap, self.base * 2.0 ** min(attempt - 1, 32))
        return max(retry_after or 0.0, longest * random())
