"""The part of the source that an incremental run reads: from the sync's watermark to the end of the data interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""What `:since` is where nothing was read before."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What an incremental run reads.

    Attributes:
        since: the first moment, for the query's `:since`.
        until: the first moment that is not read, for the query's `:until`.
        moves_watermark: whether `until` is the sync's watermark once the run's plan is sealed.
    """

    since: datetime
    until: datetime
    moves_watermark: bool

    @property
    def parameters(self) -> Mapping[str, str]:
        """The query's parameters, as text in UTC: 2026-11-02 06:00:00+00:00."""
        return {"since": _text(self.since), "until": _text(self.until)}


def next_interval(
    watermark: datetime | None, *, start: datetime | None, end: datetime, overlap: timedelta, anew: bool
) -> Interval:
    """Return what the next run reads.

    A run for an older interval, as a backfill is, reads its own interval and moves no watermark. Every other run reads
    from the watermark on, so that a run that failed, was skipped or paused leaves no gap.

    Args:
        watermark: the end of what was read before, or None.
        start: the begin of the run's data interval, or None where it has none.
        end: the end of the run's data interval, or the time that the run is for.
        overlap: how much earlier than at the watermark the run begins, for rows that come late.
        anew: whether the run reads from the beginning of time.
    """
    if anew or watermark is None:
        return Interval(BEGINNING, end, moves_watermark=watermark is None or end >= watermark)
    if end <= watermark:
        return Interval(start if start is not None and start < end else BEGINNING, end, moves_watermark=False)
    return Interval(max(BEGINNING, watermark - overlap), end, moves_watermark=True)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(sep=" ", timespec="microseconds" if moment.microsecond else "seconds")
