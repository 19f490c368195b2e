"""Dates: from SQL dates and timestamps, and from text in the formats that the API documents."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.text import text

_TIME: Final = r"(?:[T ]\d{1,2}:\d{2}.*)?"
_YEAR_FIRST: Final = re.compile(r"(\d{4})([-/._])(\d{1,2})\2(\d{1,2})" + _TIME, re.ASCII)
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([-/._])(\d{1,2})\2(\d{4})" + _TIME, re.ASCII)


def iso_date(value: object, *, day_first: bool) -> str | None:
    """The date as YYYY-MM-DD; None for a blank.

    A timestamp gives the date it shows, in its own time zone. Text may be any of the documented YYYY/MM/DD,
    MM/DD/YYYY, YYYY-MM-DD, MM-DD-YYYY, YYYY.MM.DD, MM.DD.YYYY, YYYY_MM_DD, MM_DD_YYYY, with one-digit days and months
    and with a time of day behind it. Of a text that ends with the year, the order of day and month follows
    `day_first` where both are possible.

    Raises:
        UnfitError: the value is no such date.
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
    raise UnfitError("date_malformed")


def _month_and_day(first: int, second: int, *, day_first: bool) -> tuple[int, int]:
    months = 12
    if first > months or (day_first and second <= months):
        return second, first
    return first, second


def _checked(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise UnfitError("date_malformed") from None
