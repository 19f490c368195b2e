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
    """All eight documented formats, timestamps and SQL dates give the one ISO date."""
    assert iso_date(written, day_first=False) == "1990-09-25"
    assert iso_date(written, day_first=True) == "1990-09-25"


def test_an_ambiguous_date_follows_the_rule() -> None:
    """03/04/1990 is March 4th as documented, or the 3rd of April where the warehouse says so."""
    assert iso_date("03/04/1990", day_first=False) == "1990-03-04"
    assert iso_date("03/04/1990", day_first=True) == "1990-04-03"


@pytest.mark.parametrize(
    "written",
    [
        "1990-02-30",
        "13/13/1990",
        "1990-09/25",
        "19900925",
        "0000-00-00",
        "25 Sep 1990",
        "90-09-25",
        19900925,
        "x",
        "٢/2/1990",
    ],
)
def test_what_is_no_date(written: object) -> None:
    """A date that the calendar lacks, or in another format, is refused."""
    with pytest.raises(UnfitError) as caught:
        iso_date(written, day_first=False)
    assert caught.value.code == "date_malformed"


def test_a_blank_is_no_date() -> None:
    """A blank stays a blank."""
    assert iso_date("  ", day_first=False) is None
