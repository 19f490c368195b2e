"""Dates from SQL types and from the documented text formats."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from leadway_provider.contacts.date import iso_date
from leadway_provider.contacts.reasons import UnfitError


@pytest.mark.parametrize(
    "written",
    [
        "1990/09/25",
        "09/25/1990",
        "1990-09-25",
        "09-25-1990",
        "1990.09.25",
        "09.25.1990",
        "1990_09_25",
        "09_25_1990",
        "25.9.1990",
        "1990-09-25T23:30:00Z",
        " 1990-09-25 23:30:00.000+02 ",
        date(1990, 9, 25),
        datetime(1990, 9, 25, 23, 30, tzinfo=timezone(timedelta(hours=-8))),
        b"1990-09-25",
    ],
)
def test_every_documented_format(written: object) -> None:
    """All eight documented formats, timestamps and SQL dates give the same ISO date."""
    assert {iso_date(written, day_first=rule) for rule in (None, False, True)} == {"1990-09-25"}


@pytest.mark.parametrize("written", ["03/04/1990", "3-4-1990", "03.04.1990", "03_04_1990", "03/04/1990 10:00"])
def test_two_orders_are_withheld_without_the_rule(written: str) -> None:
    """The reason names both orders, and `day_first` decides."""
    with pytest.raises(UnfitError) as caught:
        iso_date(written, day_first=None)
    assert caught.value.code == "ambiguous"
    assert "month first" in caught.value.detail
    assert "day first" in caught.value.detail
    assert iso_date(written, day_first=False) == "1990-03-04"
    assert iso_date(written, day_first=True) == "1990-04-03"


@pytest.mark.parametrize("day_first", [None, True, False])
@pytest.mark.parametrize("written", ["05/05/1990", "5.5.1990", "1990-05-05", "1990/5/5"])
def test_one_order_is_taken(written: str, *, day_first: bool | None) -> None:
    """The same day and month, and a year in front, have one reading."""
    assert iso_date(written, day_first=day_first) == "1990-05-05"


@pytest.mark.parametrize("written", ["25/09/90", "09-25-90", "90-09-25", "25.9.90", "01/02/03"])
@pytest.mark.parametrize("day_first", [None, True])
def test_years_of_two_digits_are_withheld(written: str, *, day_first: bool | None) -> None:
    """The century is not known."""
    with pytest.raises(UnfitError) as caught:
        iso_date(written, day_first=day_first)
    assert caught.value.code == "ambiguous"
    assert "century" in caught.value.detail


@pytest.mark.parametrize(
    "written",
    [
        "1990-02-30",
        "13/13/1990",
        "1990-09/25",
        "19900925",
        "0000-00-00",
        "25 Sep 1990",
        19900925,
        "x",
        "٢/2/1990",
    ],
)
def test_not_a_date(written: object) -> None:
    """A date that does not exist, or has another format, is refused."""
    with pytest.raises(UnfitError) as caught:
        iso_date(written, day_first=False)
    assert caught.value.code == "date_malformed"


def test_a_blank_date() -> None:
    """A text of spaces is a blank."""
    assert iso_date("  ", day_first=False) is None
