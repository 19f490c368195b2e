"""Numbers, times and durations as people read them, in the log, in errors and in what commands print."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_UNITS: Final = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which is given in the singular: `1 row`, `1,200 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def share_text(share: float) -> str:
    """Return a share as a percentage: `99.3%`, and as many digits more as it takes to be neither 100% nor 0%."""
    if share in (0, 1):
        return f"{share:.0%}"
    digits = 1
    while float(text := f"{100 * share:.{digits}f}") in (0, 100):
        digits += 1
    return f"{text}%"


def time_text(at: datetime) -> str:
    """Return an aware time to the second, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def duration_text(length: timedelta | float) -> str:
    """Return a length of time, or a number of seconds, in its two largest units: `23 h 59 min`, `8 s`."""
    left = max(0, round(length.total_seconds() if isinstance(length, timedelta) else length))
    parts: list[tuple[int, str]] = []
    for name, seconds in _UNITS:
        number, left = divmod(left, seconds)
        if number or parts:
            parts.append((number, name))
    return " ".join(f"{number} {name}" for number, name in parts[:2] if number) or "0 s"
