"""What a run used over time, as the outlines of two plots that share their axis of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from leadway_provider.store.reading.usage import UsageSample

WIDTH: Final = 1000
HEIGHT: Final = 120
"""The size of a plot, in the units of its drawing."""


@dataclass(frozen=True, slots=True)
class UsagePlot:
    """Two plots.

    Attributes:
        began_at: the time at their left edge.
        ended_at: the time at their right edge.
        calls: how many calls were made in all.
        most_calls: calls a second at the upper edge of the first plot.
        calls_path: the outline of the calls a second, as the data of an SVG path.
        most_left: calls that were left at the upper edge of the second plot; None where no answer said how many.
        least_left: calls that were left in the end.
        quota_path: the line of the calls that were left of the daily quota.
    """

    began_at: datetime
    ended_at: datetime
    calls: int
    most_calls: float
    calls_path: str
    most_left: int | None
    least_left: int | None
    quota_path: str


def draw_usage(samples: Sequence[UsageSample]) -> UsagePlot | None:
    """Return the plots of a run's samples; None where there are none that last for any time."""
    if not samples:
        return None
    began_at = samples[0].measured_at - timedelta(seconds=samples[0].seconds)
    ended_at = samples[-1].measured_at
    length = (ended_at - began_at).total_seconds()
    if length <= 0:
        return None

    def x(moment: datetime) -> float:
        return WIDTH * max(0.0, (moment - began_at).total_seconds()) / length

    most_calls = max((each.calls / each.seconds for each in samples if each.seconds > 0), default=0.0) or 1.0
    known = [(x(each.measured_at), each.quota_left) for each in samples if each.quota_left is not None]
    most_left = max((left for _, left in known), default=None)
    return UsagePlot(
        began_at=began_at,
        ended_at=ended_at,
        calls=sum(each.calls for each in samples),
        most_calls=most_calls,
        calls_path=" ".join(_steps(samples, x, most_calls)),
        most_left=most_left,
        least_left=known[-1][1] if known else None,
        quota_path=" ".join(
            f"{'L' if index else 'M'}{at:.1f} {_y(left / (most_left or 1)):.1f}"
            for index, (at, left) in enumerate(known)
        ),
    )


def _steps(samples: Sequence[UsageSample], x: Callable[[datetime], float], most: float) -> Iterator[str]:
    """Return the outline: a step for each sample, and nothing where no attempt was at work."""
    yield f"M0 {HEIGHT}"
    before = 0.0
    for each in samples:
        start, end = x(each.measured_at - timedelta(seconds=each.seconds)), x(each.measured_at)
        y = _y(each.calls / each.seconds / most if each.seconds > 0 else 0.0)
        if start - before > 1:
            yield f"L{before:.1f} {HEIGHT} L{start:.1f} {HEIGHT}"
        yield f"L{max(start, before):.1f} {y:.1f} L{end:.1f} {y:.1f}"
        before = end
    yield f"L{before:.1f} {HEIGHT} Z"


def _y(share: float) -> float:
    return HEIGHT * (1 - share)
