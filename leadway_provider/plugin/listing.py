"""The rows of a run as the page lists them: those that the run found, or those of a plan that was not sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from leadway_provider.contacts.contact import Reason
from leadway_provider.store.reading.page import Page
from leadway_provider.store.reading.plan import PlanReader
from leadway_provider.store.reading.reader import StateReader
from leadway_provider.store.reading.rows import ReasonCount, RowReader
from leadway_provider.store.reading.runs import RunSummary
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.outcome import RowState

MOST_COUNTED: Final = 1_000
"""So many rows of an outcome are counted at most: the exact numbers of a run are in its counts."""


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A row in a list.

    Attributes:
        source_key: its key in the source.
        contact_id: its contact, or None.
        reasons: why it ended so, and what else is to be said of its values.
        collision: another source key on the same contact, or None.
    """

    source_key: str
    contact_id: str | None
    reasons: tuple[Reason, ...]
    collision: str | None


class ListedRows(Protocol):
    """The rows of one run. Every method raises StateUnavailableError where the store can't be reached or read."""

    def by_outcome(self) -> dict[RowState, int]:
        """Return how many rows have which outcome, counted up to `MOST_COUNTED`."""
        ...

    def by_reason(self, outcome: RowState) -> list[ReasonCount]:
        """Return how many rows of that outcome have which reason code, most rows first."""
        ...

    def page(self, outcome: RowState, *, code: str | None, cursor: str | None, limit: int) -> Page[ListedRow]:
        """Return rows of that outcome, and of that reason code where one is given; ValueError for a wrong cursor."""
        ...


def rows_of(state: StateReader, run: RunSummary) -> ListedRows:
    """Return the rows of a run; a dry run's are those of its plan."""
    if run.status is RunStatus.DRY_RUN:
        return _PlannedRows(state.plan_of_run(run.id))
    return _FoundRows(state.rows_of_run(run.id))


class _FoundRows:
    def __init__(self, rows: RowReader) -> None:
        self._rows = rows

    def by_outcome(self) -> dict[RowState, int]:
        return self._rows.count_to(MOST_COUNTED)

    def by_reason(self, outcome: RowState) -> list[ReasonCount]:
        return self._rows.by_reason(outcome)

    def page(self, outcome: RowState, *, code: str | None, cursor: str | None, limit: int) -> Page[ListedRow]:
        found = self._rows.page(outcome, code=code, cursor=cursor, limit=limit)
        listed = (
            ListedRow(
                each.source_key,
                each.contact_id,
                (*each.reasons, *each.withheld, *each.not_kept, *each.others),
                each.collision,
            )
            for each in found.records
        )
        return Page(tuple(listed), found.cursor)


class _PlannedRows:
    """The state store counts no reasons of a plan before its seal."""

    def __init__(self, plan: PlanReader) -> None:
        self._plan = plan

    def by_outcome(self) -> dict[RowState, int]:
        return self._plan.count_to(MOST_COUNTED)

    def by_reason(self, outcome: RowState) -> list[ReasonCount]:  # noqa: ARG002 - see the class
        return []

    def page(self, outcome: RowState, *, code: str | None, cursor: str | None, limit: int) -> Page[ListedRow]:  # noqa: ARG002 - see the class
        found = self._plan.page(outcome, cursor=cursor, limit=limit)
        listed = (ListedRow(each.source_key, None, (*each.reasons, *each.withheld), None) for each in found.records)
        return Page(tuple(listed), found.cursor)
