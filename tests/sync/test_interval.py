"""What an incremental run reads, by the sync's watermark."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from leadway_provider.sync.interval import BEGINNING, Interval, next_interval

SIX, SEVEN, EIGHT = (datetime(2026, 11, 2, hour, tzinfo=UTC) for hour in (6, 7, 8))
NONE = timedelta()


def test_a_first_run_reads_from_the_beginning_of_time() -> None:
    """Nothing was read before."""
    assert next_interval(None, start=SIX, end=SEVEN, overlap=NONE, anew=False) == Interval(
        BEGINNING, SEVEN, moves_watermark=True
    )


def test_a_run_reads_from_the_watermark_on_however_long_ago_that_is() -> None:
    """An hour that failed, and a pause, leave no gap: the run's own interval does not count."""
    assert next_interval(SIX, start=SEVEN, end=EIGHT, overlap=NONE, anew=False) == Interval(
        SIX, EIGHT, moves_watermark=True
    )


def test_an_overlap_reads_late_rows_again() -> None:
    """The run begins so much before the watermark, and not before the beginning of time."""
    found = next_interval(SEVEN, start=SEVEN, end=EIGHT, overlap=timedelta(hours=1), anew=False)
    assert (found.since, found.until) == (SIX, EIGHT)
    assert next_interval(BEGINNING, start=None, end=SIX, overlap=timedelta(days=1), anew=False).since == BEGINNING


@pytest.mark.parametrize("end", [SEVEN, EIGHT])
def test_a_run_for_an_older_interval_reads_its_own_and_moves_no_watermark(end: datetime) -> None:
    """A backfill, and a finished run that is cleared, read what they are for."""
    assert next_interval(EIGHT, start=SIX, end=end, overlap=NONE, anew=False) == Interval(
        SIX, end, moves_watermark=False
    )


def test_a_full_resync_reads_everything() -> None:
    """From the beginning of time; the watermark never goes back."""
    assert next_interval(SIX, start=SIX, end=SEVEN, overlap=NONE, anew=True) == Interval(
        BEGINNING, SEVEN, moves_watermark=True
    )
    assert next_interval(EIGHT, start=SIX, end=SEVEN, overlap=NONE, anew=True) == Interval(
        BEGINNING, SEVEN, moves_watermark=False
    )


def test_the_bounds_are_text_in_utc() -> None:
    """Each database reads this text in its own way."""
    east = datetime(2026, 11, 2, 8, tzinfo=UTC).astimezone()
    bounds = Interval(BEGINNING, east, moves_watermark=True).parameters
    assert bounds == {"since": "1970-01-01 00:00:00+00:00", "until": "2026-11-02 08:00:00+00:00"}
