"""How counts are drawn: one bar whose parts add up to the rows that were read and carried."""

from __future__ import annotations

from dataclasses import dataclass

from leadway_provider.store.reading.runs import RunSummary
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.outcome import OUTCOMES, Counts, Remark, RowState

WIDTH = 1000
"""The width of a bar, in the units of its drawing."""


@dataclass(frozen=True, slots=True)
class BarPart:
    """A part of a bar.

    Attributes:
        outcome: what became of its rows.
        rows: how many.
        share: of all rows, from 0 to 1.
        start: where it begins, in units of the drawing.
        width: how wide it is.
    """

    outcome: RowState
    rows: int
    share: float
    start: float
    width: float


def parts(counts: Counts) -> tuple[BarPart, ...]:
    """Return the parts of the bar, in the order of the report; an outcome without rows has none."""
    total = sum(counts[outcome] for outcome in OUTCOMES)
    found: list[BarPart] = []
    before = 0
    for outcome in OUTCOMES:
        if rows := counts[outcome]:
            found.append(BarPart(outcome, rows, rows / total, WIDTH * before / total, WIDTH * rows / total))
            before += rows
    return tuple(found)


def remarks(counts: Counts) -> dict[str, int]:
    """Return what else was counted beside the outcomes, without zeros."""
    names = (*Remark, RowState.REMOVED, RowState.UNREMOVED)
    return {str(name): counts[name] for name in names if counts[name]}


def success(run: RunSummary) -> float | None:
    """Return the share of rows that the CRM has as they were read, from 0 to 1; None where none was read or sent.

    Skipped rows are not counted: the CRM is not meant to have them.
    """
    counts = run.counts
    if run.status is RunStatus.DRY_RUN:
        return None
    total = sum(counts[outcome] for outcome in OUTCOMES) - counts[RowState.SKIPPED]
    if not total:
        return None
    good = counts[RowState.UNCHANGED] + counts[RowState.CREATED] + counts[RowState.UPDATED]
    return good / total
