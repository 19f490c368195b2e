"""Numbers, times and durations as the log says them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from leadway_provider.words import counted, duration_text, share_text, time_text


def test_one_is_singular() -> None:
    """Every other number, 0 among them, is plural, with separators for thousands."""
    assert [counted(number, "row") for number in (0, 1, 1200)] == ["0 rows", "1 row", "1,200 rows"]


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0, "0 s"),
        (-5.0, "0 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (timedelta(hours=23, minutes=59, seconds=59), "23 h 59 min"),
        (3600, "1 h"),
        (3605, "1 h"),
        (timedelta(days=2, hours=3, minutes=4), "2 d 3 h"),
    ],
)
def test_a_duration_has_its_two_largest_units(length: timedelta | float, text: str) -> None:
    """What is less than a second, or has passed, is nothing; a unit of 0 is left out."""
    assert duration_text(length) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0%"),
        (1, "100%"),
        (0.993, "99.3%"),
        (0.5, "50.0%"),
        (0.99996, "99.996%"),
        (0.00001, "0.001%"),
        (1e-9, "0.0000001%"),
    ],
)
def test_a_share_is_all_or_nothing_only_where_it_is(share: float, text: str) -> None:
    """With as many digits as that takes."""
    assert share_text(share) == text


def test_a_time_is_in_utc_to_the_second() -> None:
    """Whatever zone it is given in."""
    noon = datetime(2026, 11, 22, 13, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert time_text(noon) == time_text(noon.astimezone(UTC)) == "2026-11-22 12:00:00 UTC"
