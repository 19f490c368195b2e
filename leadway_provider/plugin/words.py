"""Numbers, times and keys as the page shows them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from leadway_provider.printable import printable
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.request import ALL_ACCOUNTS

_NONE: Final = "-"
_UNITS: Final = (("d", 86_400), ("h", 3600), ("min", 60))


STATUSES: Final = {
    RunStatus.PLANNING: "planning",
    RunStatus.SEALING: "planned",
    RunStatus.DELIVERING: "delivering",
    RunStatus.FINISHED: "finished",
    RunStatus.ABANDONED: "abandoned",
    RunStatus.DRY_RUN: "dry run",
}
"""The statuses of a run as a person reads them."""
_WIDEST: Final = 34
"""Characters of a name in a drawing."""


def number(count: int) -> str:
    """Return a whole number with separators."""
    return f"{count:,}"


def rows(number: int) -> str:
    """Return a number of rows in words."""
    return f"{number:,} {'row' if number == 1 else 'rows'}"


def calls(number: int) -> str:
    """Return a number of calls in words."""
    return f"{number:,} {'call' if number == 1 else 'calls'}"


def percent(share: float | None) -> str:
    """Return a share as a percentage, which is 100% only where it is whole."""
    if share is None:
        return _NONE
    shown = f"{100 * share:.1f}"
    return f"{min(float(shown), 99.9) if share < 1 else 100:g}%"


def when(moment: datetime | None) -> str:
    """Return a time to the second, in UTC."""
    return _NONE if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def duration(length: timedelta | float | None) -> str:
    """Return a length of time in its two largest units."""
    if length is None:
        return _NONE
    left = int(length.total_seconds() if isinstance(length, timedelta) else length)
    found: list[str] = []
    for name, seconds in _UNITS:
        number, left = divmod(left, seconds)
        if number or found:
            found.append(f"{number} {name}")
    first, *rest = [*found, f"{left} s"]
    return " ".join([first, *(each for each in rest[:1] if not each.startswith("0 "))])


def account(location_id: str) -> str:
    """Return an account's id, or words for the sync of a task whose rows name their accounts."""
    return "all accounts" if location_id == ALL_ACCOUNTS else printable(location_id)


def clipped(text: str) -> str:
    """Return text that fits into a drawing."""
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
