"""How far a run is, and when it and what waits will be done, as far as the last minutes show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from leadway_provider.store.reading.quotas import AccountQuota
from leadway_provider.store.reading.runs import RunSummary
from leadway_provider.store.reading.usage import UsageSample
from leadway_provider.store.tables import RunStatus

_LAST: Final = timedelta(minutes=5)
"""How far back the present speed is looked for."""
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is.

    Attributes:
        done: rows that have an outcome.
        total: rows that were read and carried.
        per_second: rows that were acknowledged a second in the last minutes; None where that is not known.
        ends_at: when the last row will be acknowledged at this speed; None where that is not known.
        held_until: until when the run waits for quota, or None.
    """

    done: int
    total: int
    per_second: float | None
    ends_at: datetime | None
    held_until: datetime | None


def progress_of(
    run: RunSummary, samples: Sequence[UsageSample], *, held_until: datetime | None, now: datetime
) -> RunProgress | None:
    """Return how far a run is that delivers; None for any other."""
    if run.status is not RunStatus.DELIVERING:
        return None
    total, left = run.counts["read"] + run.counts["carried"], run.counts["pending"]
    waits = held_until is not None and held_until > now
    speed = None if waits else rows_per_second(samples, now)
    return RunProgress(
        done=total - left,
        total=total,
        per_second=speed,
        ends_at=now + timedelta(seconds=left / speed) if speed else None,
        held_until=held_until if waits else None,
    )


def rows_per_second(samples: Sequence[UsageSample], now: datetime) -> float | None:
    """Return how many rows were acknowledged a second in the last minutes; None where no sample is so new."""
    recent = [each for each in samples if each.measured_at > now - _LAST]
    seconds = sum(each.seconds for each in recent)
    rows = sum(each.acknowledged for each in recent)
    return rows / seconds if seconds and rows else None


def calls_left(quota: AccountQuota, now: datetime) -> int:
    """Return the calls that are left of a daily quota now: all of them where it has returned since the last answer."""
    if quota.returns_at is not None and quota.returns_at <= now and quota.limit is not None:
        return quota.limit
    return quota.remaining


def day_began_at(quota: AccountQuota, now: datetime) -> datetime:
    """Return when the account's day began: a day before the quota returns, or midnight UTC where that is not known."""
    if quota.returns_at is None:
        return now.replace(hour=0, minute=0, second=0, microsecond=0)
    return quota.returns_at if quota.returns_at <= now else quota.returns_at - DAY


def delivered_at(waiting: int, quota: AccountQuota, now: datetime) -> datetime | None:
    """Return when the daily quota will be enough for the rows that wait, at a call each; None where it is not known.

    That is now where enough is left. A row may need more calls than one, and others use the quota too.
    """
    missing = waiting - calls_left(quota, now)
    if missing <= 0:
        return now
    if not quota.limit or quota.returns_at is None:
        return None
    returns_at = quota.returns_at if quota.returns_at > now else quota.returns_at + DAY
    return returns_at + DAY * ((missing - 1) // quota.limit)
