"""Dates, from SQL dates and timestamps and from text in the formats that the API documents."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.text import text

_TIME: Final = r"(?:[T ]\d{1,2}:\d{2}.*)?"
_YEAR_FIRST: Final = re.compile(r"(\d{4})([-/._])(\d{1,2})\2(\d{1,2})" + _TIME, re.ASCII)
_TWO_DIGITS: Final = re.compile(r"\d{1,2}([-/._])\d{1,2}\1\d{1,2}" + _TIME, re.ASCII)
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([-/._])(\d{1,2})\2(\d{4})" + _TIME, re.ASCII)


def iso_date(value: object, *, day_first: bool | None) -> str | None:
    """Return the date as YYYY-MM-DD; None for a blank.

    A timestamp gives the date that it shows, in its own time zone. Text may have one of the documented formats
    YYYY/MM/DD, MM/DD/YYYY, YYYY-MM-DD, MM-DD-YYYY, YYYY.MM.DD, MM.DD.YYYY, YYYY_MM_DD and MM_DD_YYYY. Days and months
    may have one digit, and a time of day may follow.

    Args:
        value: the date.
        day_first: whether the day comes before the month in a text that ends with the year, if both orders are
            possible; None where that is not known.

    Raises:
        UnfitError: the value is not a date in one of these formats, or has two readings.
    """
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    written = text(value)
    if written is None:
        return None
    if match := _YEAR_FIRST.fullmatch(written):
        return _checked(int(match[1]), int(match[3]), int(match[4]))
    if match := _YEAR_LAST.fullmatch(written):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        return _checked(year, *_month_and_day(first, second, day_first=day_first))
    if _TWO_DIGITS.fullmatch(written):
        raise UnfitError("ambiguous", "It can be a date of this century or of the last: write the year in four digits.")
    raise UnfitError("date_malformed")


def _month_and_day(first: int, second: int, *, day_first: bool | None) -> tuple[int, int]:
    months = 12
    if day_first is None and first != second and first <= months and second <= months:
        raise UnfitError("ambiguous", "It can be a date with the month first or with the day first: set day_first.")
    if first > months or (day_first and second <= months):
        return second, first
    return first, second


def _checked(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise UnfitError("date_malformed") from None
