"""When a run, and what waits, will be done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from leadway_provider.plugin.estimate import calls_left, day_began_at, delivered_at, progress_of, rows_per_second
from leadway_provider.store.reading.quotas import AccountQuota
from leadway_provider.store.reading.runs import RunSummary
from leadway_provider.store.reading.usage import UsageSample
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.outcome import Counts

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def quota(remaining: int, returns_in: timedelta | None = 6 * HOUR, limit: int | None = 100) -> AccountQuota:
    """An account's day."""
    returns_at = None if returns_in is None else NOW + returns_in
    return AccountQuota("host", "location", limit, remaining, returns_at, NOW - 12 * HOUR)


def sample(minutes_ago: float, rows: int, seconds: float = 60.0) -> UsageSample:
    """So many rows in a minute."""
    return UsageSample(NOW - timedelta(minutes=minutes_ago), seconds, rows, rows, None)


def a_run(status: RunStatus = RunStatus.DELIVERING) -> RunSummary:
    """A run that has 600 of 1,000 rows left."""
    counts = Counts(read=900, carried=100, created=400, pending=600)
    return RunSummary(
        id="",
        sync_id=1,
        status=status,
        task_run="",
        attempts=1,
        counts=counts,
        calls=0,
        seconds=0,
        as_of=None,
        started_at=NOW,
        sealed_at=None,
        finished_at=None,
    )


@pytest.mark.parametrize(
    ("waiting", "left", "hours"),
    [(10, 10, 0), (11, 10, 6), (110, 10, 6), (111, 10, 30), (1, 0, 6), (201, 0, 54)],
)
def test_the_quota_is_enough_on_a_later_day(waiting: int, left: int, hours: int) -> None:
    """Each day grants its limit; what is left today comes first."""
    assert delivered_at(waiting, quota(left), NOW) == NOW + hours * HOUR


def test_a_quota_that_has_returned_is_whole() -> None:
    """An old answer says what was left yesterday."""
    yesterday = quota(0, returns_in=-HOUR)
    assert (calls_left(yesterday, NOW), day_began_at(yesterday, NOW)) == (100, NOW - HOUR)
    assert delivered_at(101, yesterday, NOW) == NOW + 23 * HOUR


def test_an_unknown_quota_tells_no_time() -> None:
    """Without limit or return nothing is guessed; the day is that of UTC."""
    assert delivered_at(5, quota(4, limit=None), NOW) is None
    assert delivered_at(5, quota(4, returns_in=None), NOW) is None
    assert day_began_at(quota(4, returns_in=None), NOW) == NOW - 12 * HOUR
    assert day_began_at(quota(4), NOW) == NOW - 18 * HOUR


def test_the_speed_is_that_of_the_last_minutes() -> None:
    """What was faster or slower before does not count; without a new sample there is none."""
    assert rows_per_second([sample(30, 6000), sample(2, 60), sample(1, 180)], NOW) == 2.0
    assert rows_per_second([sample(30, 6000)], NOW) is None
    found = progress_of(a_run(), [sample(1, 120)], held_until=None, now=NOW)
    assert found is not None
    assert (found.done, found.total, found.ends_at) == (400, 1000, NOW + timedelta(seconds=300))


def test_a_run_that_waits_for_quota_says_until_when() -> None:
    """It has no speed then; a run that does not deliver has no progress."""
    found = progress_of(a_run(), [sample(1, 120)], held_until=NOW + HOUR, now=NOW)
    assert found is not None
    assert (found.held_until, found.ends_at) == (NOW + HOUR, None)
    assert progress_of(a_run(RunStatus.FINISHED), [], held_until=None, now=NOW) is None
