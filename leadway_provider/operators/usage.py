"""How much a run uses of the API, measured often in its first minutes and more seldom the longer it goes on."""

from __future__ import annotations

from typing import Final

from leadway_provider.clock import Clock
from leadway_provider.operators.account import Account
from leadway_provider.store.usage import Usage

_OFTEN: Final = 2.0
"""Seconds between two samples, at least."""
_SHARE: Final = 0.01
"""Of an attempt's time so far: two samples are this far apart, so that an attempt of a day has some hundreds."""


class UsageMeter:
    """Implements `Meter` for one attempt. With each sample the day's quota is stored, too.

    Args:
        account: counts the calls, and knows the quota.
        clock: the monotonic clock.
    """

    def __init__(self, account: Account, clock: Clock) -> None:
        self._account = account
        self._clock = clock
        self._began_at = self._measured_at = clock.monotonic()
        self._calls = 0
        self._acknowledged = 0

    def after(self, acknowledged: int) -> Usage | None:
        """See `Meter.after`."""
        self._acknowledged += acknowledged
        now = self._clock.monotonic()
        if now - self._measured_at < max(_OFTEN, _SHARE * (now - self._began_at)):
            return None
        self._account.keep_quota()
        return self.rest()

    def rest(self) -> Usage:
        """See `Meter.rest`."""
        now, calls, daily = self._clock.monotonic(), self._account.calls, self._account.daily_quota
        used = Usage(
            seconds=now - self._measured_at,
            calls=calls - self._calls,
            acknowledged=self._acknowledged,
            quota_left=daily.remaining if daily else None,
        )
        self._measured_at, self._calls, self._acknowledged = now, calls, 0
        return used
