"""The rows of one run's plan while they are in its outbox: what a dry run found, or what waits to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.contacts.contact import Reason
from leadway_provider.store import tables
from leadway_provider.store.database import Database
from leadway_provider.store.encoding import decode_contact, decode_reasons
from leadway_provider.store.reading.page import Order, Page
from leadway_provider.store.reading.rows import count_to
from leadway_provider.sync.outcome import RowState

_OUTBOX: Final = tables.outbox.c
_BY_POSITION: Final = Order((_OUTBOX.id,), (int,))


@dataclass(frozen=True, slots=True)
class PlanRow:
    """What a plan decided for a source row.

    Attributes:
        position: follows the source's order.
        source_key: the row's key in the source.
        outcome: pending where it is to be sent, departed where its contact is to be treated, or why it is not sent.
        reasons: those of the outcome.
        withheld: why values of it are left out.
    """

    position: int
    source_key: str
    outcome: RowState
    reasons: tuple[Reason, ...]
    withheld: tuple[Reason, ...]


class PlanReader:
    """The rows in one run's outbox, none of which has a contact's value.

    Before the seal, and after a dry run, these are all rows that the plan decided about; from the seal on those that
    are not acknowledged. Every method raises StateUnavailableError where the database can't be reached or read.
    """

    def __init__(self, database: Database, run_id: str) -> None:
        self._database = database
        self._run_id = run_id

    def page(self, outcome: RowState, *, cursor: str | None = None, limit: int = 100) -> Page[PlanRow]:
        """Return the rows with that outcome, in the source's order (index `leadway_outbox_order`).

        Raises:
            ValueError: see `Order.page`.
        """
        of_outcome = sa.select(tables.outbox).where(_OUTBOX.run_id == self._run_id, _OUTBOX.outcome == outcome)
        with self._database.reading() as connection:
            found = connection.execute(_BY_POSITION.page(of_outcome, cursor, limit)).all()
        rows, next_cursor = _BY_POSITION.cut(found, limit, lambda each: (each.id,))
        return Page(tuple(map(_plan_row, rows)), next_cursor)

    def by_outcome(self) -> dict[RowState, int]:
        """Return how many rows have which outcome (index `leadway_outbox_order`)."""
        counted = (
            sa.select(_OUTBOX.outcome, sa.func.count()).where(_OUTBOX.run_id == self._run_id).group_by(_OUTBOX.outcome)
        )
        with self._database.reading() as connection:
            return {RowState(outcome): number for outcome, number in connection.execute(counted)}

    def count_to(self, most: int) -> dict[RowState, int]:
        """Return how many rows have which outcome, each counted up to `most` only (index `leadway_outbox_order`)."""
        with self._database.reading() as connection:
            return count_to(connection, _OUTBOX.outcome, _OUTBOX.run_id == self._run_id, most)


def _plan_row(row: sa.Row[Any]) -> PlanRow:
    return PlanRow(
        position=row.id,
        source_key=row.source_key,
        outcome=RowState(row.outcome),
        reasons=decode_reasons(row.reasons),
        withheld=decode_contact(row.contact).withheld if row.withheld else (),
    )
