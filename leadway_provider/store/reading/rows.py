"""The rows of a sync or of a run, by what became of them and by reason code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.contacts.contact import Reason
from leadway_provider.store import tables
from leadway_provider.store.database import Database, chunks
from leadway_provider.store.encoding import decode_reasons, decode_remarks
from leadway_provider.store.reading.page import Order, Page
from leadway_provider.sync.outcome import RowState

_BY_ID: Final = Order((tables.row.c.id,), (int,))
_BY_REASON: Final = Order((tables.reason.c.row_id,), (int,))


@dataclass(frozen=True, slots=True)
class RowSummary:
    """A source row, as it is now.

    Attributes:
        id: the store's number of the row.
        sync_id: the store's number of its sync.
        source_key: its key in the source.
        outcome: what became of it.
        contact_id: its contact, or None.
        run_id: the run that found the outcome.
        updated_at: since when this holds.
        acknowledged: whether the CRM has the row as it was last read.
        waits_in: the run in whose outbox it waits to be sent, or for its removal; None where it does not.
        reasons: those of the outcome.
        withheld: why values of it were left out.
        not_kept: for which fields the CRM's answer shows another value than was sent.
        collision: another source key on the same contact, or None.
        others: what else happened: another contact has its e-mail or phone, or its contact was gone.
    """

    id: int
    sync_id: int
    source_key: str
    outcome: RowState
    contact_id: str | None
    run_id: str
    updated_at: datetime
    acknowledged: bool
    waits_in: str | None
    reasons: tuple[Reason, ...]
    withheld: tuple[Reason, ...]
    not_kept: tuple[Reason, ...]
    collision: str | None
    others: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many rows of one outcome have a reason or a remark of one code.

    Attributes:
        outcome: what became of the rows.
        code: the reason's code; `codes.COLLISION` where another source key is on the same contact.
        rows: how many; a row with several codes is counted once for each.
    """

    outcome: RowState
    code: str
    rows: int


class RowReader:
    """The rows of one sync, or of one run.

    The rows of a run are those whose present outcome that run found: a row that a later run treated is the later run's.
    Before the seal a plan has none. Every method raises StateUnavailableError where the database can't be reached or
    read.

    Args:
        database: where they are.
        sync_id: the sync whose rows these are; None for those of a run.
        run_id: the run whose rows these are; None for those of a sync.
    """

    def __init__(self, database: Database, *, sync_id: int | None = None, run_id: str | None = None) -> None:
        self._database = database
        row, reason = tables.row.c, tables.reason.c
        self._rows, self._reasons = (
            (row.run_id == run_id, reason.run_id == run_id)
            if sync_id is None
            else (row.sync_id == sync_id, reason.sync_id == sync_id)
        )

    def page(
        self, outcome: RowState, *, code: str | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[RowSummary]:
        """Return the rows with that outcome, by the store's number of the row.

        The rows of a sync are found by the index `leadway_row_outcome`, those of a run by `leadway_row_run`; with a
        code by `leadway_reason_by_sync` or `leadway_reason_by_run`.

        Args:
            outcome: what became of the rows.
            code: only rows with a reason or a remark of this code.
            cursor: the cursor of the page before.
            limit: the most rows of the page.

        Raises:
            ValueError: see `Order.page`.
        """
        row, reason = tables.row.c, tables.reason.c
        if code is None:
            order = _BY_ID
            wanted = sa.select(tables.row).where(self._rows, row.outcome == outcome)
        else:
            order = _BY_REASON
            wanted = (
                sa.select(tables.row)
                .join_from(tables.reason, tables.row, row.id == reason.row_id)
                .where(self._reasons, reason.outcome == outcome, reason.code == code)
            )
        wanted = order.page(wanted, cursor, limit)
        with self._database.reading() as connection:
            rows, next_cursor = order.cut(connection.execute(wanted).all(), limit, lambda each: (each.id,))
            return Page(tuple(summaries_of_rows(connection, rows)), next_cursor)

    def tries_left(self, rows: Sequence[RowSummary]) -> dict[int, int]:
        """Return how many more runs will try each refused row again although it does not change, by row id.

        They do so as often as the sync's last run would (`retry_refused`). The rows are found by the index
        `leadway_outbox_once`, and that run by `leadway_run_by_start`.
        """
        outbox, run = tables.outbox.c, tables.run.c
        refused: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            if row.outcome is RowState.REFUSED:
                refused[row.sync_id].append(row.id)
        left: dict[int, int] = {}
        with self._database.reading() as connection:
            for sync_id, row_ids in refused.items():
                newest = (
                    sa.select(run.retry_refused)
                    .where(run.sync_id == sync_id)
                    .order_by(run.started_at.desc(), run.id.desc())
                )
                runs: int = connection.execute(newest.limit(1)).scalar_one()
                for chunk in chunks(row_ids):
                    of_rows = sa.select(outbox.row_id, outbox.refusals).where(outbox.row_id.in_(chunk))
                    for row_id, refusals in connection.execute(of_rows.where(outbox.outcome == RowState.REFUSED)):
                        left[row_id] = max(0, runs + 1 - refusals)
        return left

    def by_outcome(self) -> dict[RowState, int]:
        """Return how many rows have which outcome (index `leadway_row_outcome` or `leadway_row_run`)."""
        row = tables.row.c
        counted = sa.select(row.outcome, sa.func.count()).where(self._rows).group_by(row.outcome)
        with self._database.reading() as connection:
            return {RowState(outcome): number for outcome, number in connection.execute(counted)}

    def count_to(self, most: int) -> dict[RowState, int]:
        """Return how many rows have which outcome, each counted up to `most` only, so that many rows cost no more.

        The index is `leadway_row_outcome` or `leadway_row_run`.
        """
        with self._database.reading() as connection:
            return count_to(connection, tables.row.c.outcome, self._rows, most)

    def by_reason(self, outcome: RowState | None = None) -> list[ReasonCount]:
        """Return how many rows have which reason code, most rows first, of all outcomes or of one.

        The index is `leadway_reason_by_sync` or `leadway_reason_by_run`.
        """
        reason = tables.reason.c
        counted = sa.select(reason.outcome, reason.code, sa.func.count()).where(self._reasons)
        if outcome is not None:
            counted = counted.where(reason.outcome == outcome)
        with self._database.reading() as connection:
            found = connection.execute(counted.group_by(reason.outcome, reason.code))
            counts = [ReasonCount(RowState(state), code, number) for state, code, number in found]
        return sorted(counts, key=lambda each: (-each.rows, each.outcome, each.code))


def count_to(
    connection: sa.Connection, outcome: sa.Column[str], condition: sa.ColumnElement[bool], most: int
) -> dict[RowState, int]:
    """Return how many rows that meet a condition have which outcome, each counted up to `most`; not those with none."""
    each = (
        sa.select(sa.literal(str(state)).label("outcome"), sa.func.count().label("rows")).select_from(
            sa.select(outcome).where(condition, outcome == state).limit(most).subquery()
        )
        for state in RowState
    )
    return {RowState(state): rows for state, rows in connection.execute(sa.union_all(*each)) if rows}


def summaries_of_rows(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[RowSummary]:
    """Return the summaries of rows of the table, each with the run that it waits in (index `leadway_outbox_once`)."""
    waiting = _waiting(connection, (row.id for row in rows))
    return [_summary(row, waiting.get(row.id)) for row in rows]


def _waiting(connection: sa.Connection, row_ids: Iterable[int]) -> dict[int, str]:
    """Return the run in whose outbox each of these rows waits, of those that do."""
    outbox, run = tables.outbox.c, tables.run.c
    # Two queries: in one of both tables, MariaDB reads the whole outbox of each run.
    in_outbox = [
        each
        for chunk in chunks(list(row_ids))
        for each in connection.execute(
            sa.select(outbox.row_id, outbox.run_id).where(
                outbox.row_id.in_(chunk), outbox.outcome.in_([RowState.PENDING, RowState.DEPARTED])
            )
        )
    ]
    # Also those of a run that was abandoned after its seal, which the sync's next run delivers.
    these = sa.select(run.id).where(run.id.in_({each.run_id for each in in_outbox}))
    sealed = set(connection.scalars(these.where(run.sealed_at.is_not(None)))) if in_outbox else set()
    return {each.row_id: each.run_id for each in in_outbox if each.run_id in sealed}


def _summary(row: sa.Row[Any], waits_in: str | None) -> RowSummary:
    remarks = decode_remarks(row.remarks)
    return RowSummary(
        id=row.id,
        sync_id=row.sync_id,
        source_key=row.source_key,
        outcome=RowState(row.outcome),
        contact_id=row.contact_id,
        run_id=row.run_id,
        updated_at=row.updated_at,
        acknowledged=row.fingerprint is not None,
        waits_in=waits_in,
        reasons=decode_reasons(row.reasons),
        withheld=remarks.withheld,
        not_kept=remarks.not_kept,
        collision=remarks.collision,
        others=remarks.others,
    )
