"""The end of a plan: from the seal on it counts, row by row and as a whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.exceptions import LeaseLostError
from leadway_provider.store import tables
from leadway_provider.store.adoption import adopt, store_found
from leadway_provider.store.bulk import insert
from leadway_provider.store.claims import ENDED, PLAN_WHEN_READ, end_claims
from leadway_provider.store.codes import store_codes
from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.encoding import decode_reasons
from leadway_provider.store.planned import RunRows
from leadway_provider.store.rejection import rejected_since
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.outcome import Counts, RowState

_DECIDED: Final = (RowState.INVALID, RowState.SUPERSEDED, RowState.SKIPPED, RowState.REFUSED)
"""What a plan finds for rows that it does not send; such a row is in the outbox until the seal only."""


def seal_rows(database: Database, rows: RunRows) -> None:
    """Bring what a plan decided from the outbox to the rows and claims, in short transactions.

    Killed half-way it can be repeated.
    """
    _Seal(database, rows).run()


@repeated_after_deadlock
def end_seal(database: Database, sync_id: int, run_id: str, *, collisions: int) -> None:
    """Let delivery begin: count what is carried and what still collides, and move the sync's watermark forward."""
    outbox, run, sync = tables.outbox.c, tables.run.c, tables.sync.c
    carried = sa.select(sa.func.count()).where(outbox.run_id == run_id, outbox.carried == 1).scalar_subquery()
    watermark = sa.select(run.watermark_at).where(run.id == run_id).scalar_subquery()
    values = {"status": RunStatus.DELIVERING, "carried": carried, "collisions": collisions}
    with database.writing() as connection:
        sealed = sa.update(tables.run).where(run.id == run_id, run.status == RunStatus.SEALING)
        if not connection.execute(sealed.values(values)).rowcount:
            return
        connection.execute(
            sa.update(tables.sync)
            .where(sync.id == sync_id, sa.or_(sync.watermark_at.is_(None), sync.watermark_at < watermark))
            .values(watermark_at=watermark)
        )


@repeated_after_deadlock
def end_plan(database: Database, run_id: str, status: RunStatus, counts: Counts | None, **values: object) -> None:
    """Store the counts of a plan and the status that the run has from now on.

    Args:
        database: where the run is.
        run_id: the run.
        status: its status after the plan.
        counts: the plan's, or None to keep what is stored; withheld rows are counted here, from the outbox.
        values: other columns of the run.

    Raises:
        LeaseLostError: another run of the sync has abandoned this one.
    """
    outbox = tables.outbox.c
    withheld_rows = sa.select(sa.func.count()).where(outbox.run_id == run_id, outbox.withheld == 1)
    this_plan = sa.and_(tables.run.c.id == run_id, tables.run.c.status == RunStatus.PLANNING)
    with database.writing() as connection:
        counted = {} if counts is None else {name: counts[name] for name in tables.COUNTERS}
        counted["withheld"] = connection.scalar(withheld_rows) or 0
        ended = connection.execute(sa.update(tables.run).where(this_plan).values(status=status, **counted, **values))
        if not ended.rowcount:
            raise LeaseLostError(f"Another run of the sync has taken over from run {run_id}, so this one stops.")
        if status is RunStatus.SEALING:
            _answer_full_resync(connection, run_id)


@repeated_after_deadlock
def follow_full_resync(database: Database, sync_id: int, run_id: str) -> bool:
    """Return whether a person asked for a full resync of a run's sync; see `SyncRun.follow_full_resync`."""
    run, sync = tables.run.c, tables.sync.c
    with database.writing() as connection:
        asked_at = connection.scalar(sa.select(sync.resync_asked_at).where(sync.id == sync_id))
        connection.execute(sa.update(tables.run).where(run.id == run_id).values(resync_asked_at=asked_at))
    return asked_at is not None


def _answer_full_resync(connection: sa.Connection, run_id: str) -> None:
    """Forget that a full resync was asked for, if the run's plan follows it, and nobody has asked again since."""
    run, sync = tables.run.c, tables.sync.c
    sync_id, asked_at = connection.execute(sa.select(run.sync_id, run.resync_asked_at).where(run.id == run_id)).one()
    if asked_at is not None:
        connection.execute(
            sa.update(tables.sync)
            .where(sync.id == sync_id, sync.resync_asked_at <= asked_at)
            .values(resync_asked_at=None)
        )


class _Seal:
    """The rows of one plan, a part of them a transaction."""

    def __init__(self, database: Database, rows: RunRows) -> None:
        self._database = database
        self._rows = rows
        self._sync_id = rows.sync_id
        self._run_id = rows.run_id

    def run(self) -> None:
        position: int | None = 0
        while position is not None:
            position = self._seal_pending(position)
        position = 0
        while position is not None:
            position = self._seal_departed(position)
        for outcome in _DECIDED:
            while self._seal_decided(outcome):
                pass
        while self._seal_unchanged():
            pass
        while self._seal_claims():
            pass

    @repeated_after_deadlock
    def _seal_pending(self, after: int) -> int | None:
        """Seal the next rows that are to be sent, and return the last position; None at the end.

        A row that the plan added is as it must be.
        """
        row, outbox = tables.row.c, tables.outbox.c
        following = (
            sa.select(outbox.id, outbox.row_id, outbox.in_crm, outbox.acknowledged_values)
            .join_from(tables.outbox, tables.row, row.id == outbox.row_id)
            .where(outbox.run_id == self._run_id, outbox.outcome == RowState.PENDING, outbox.id > after)
            .where(sa.or_(row.run_id != self._run_id, outbox.carried == 1))
            .order_by(outbox.id)
            .limit(self._database.chunk)
        )
        with self._database.writing() as connection:
            batch = connection.execute(following).all()
            row_ids = [each.row_id for each in batch]
            connection.execute(
                sa.update(tables.row)
                .where(tables.row.c.id.in_(row_ids))
                .values(outcome=RowState.PENDING, reasons=None, **self._unacknowledged())
            )
            store_found(connection, batch)
            self._store_codes(connection, RowState.PENDING, dict.fromkeys(row_ids, ()))
        return batch[-1].id if batch else None

    @repeated_after_deadlock
    def _seal_departed(self, after: int) -> int | None:
        """Seal the next departed rows, and return the last position; None at the end."""
        with self._database.writing() as connection:
            batch = self._batch(connection, RowState.DEPARTED, after)
            connection.execute(
                sa.update(tables.row)
                .where(tables.row.c.id.in_([each.row_id for each in batch]))
                .values(fingerprint=None, updated_at=self._database.now())
            )
        return batch[-1].id if batch else None

    @repeated_after_deadlock
    def _seal_decided(self, outcome: RowState) -> bool:
        """Bring the next rows of that outcome out of the outbox, and return whether there were any."""
        row = tables.row.c
        with self._database.writing() as connection:
            batch = self._batch(connection, outcome, after=0)
            if not batch:
                return False
            connection.execute(
                sa.update(tables.row)
                .where(row.id == sa.bindparam("decided_row"))
                .values(
                    outcome=outcome, rejected_since=rejected_since(outcome, self._run_id), **self._unacknowledged()
                ),
                [{"decided_row": each.row_id, "reasons": each.reasons} for each in batch],
            )
            codes = {each.row_id: [reason.code for reason in decode_reasons(each.reasons)] for each in batch}
            self._store_codes(connection, outcome, codes)
            connection.execute(sa.delete(tables.outbox).where(tables.outbox.c.id.in_([each.id for each in batch])))
        return True

    @repeated_after_deadlock
    def _seal_unchanged(self) -> bool:
        """Let the next rows that became the same contact have their new fingerprint; return whether there were any."""
        row = tables.row.c
        with self._database.writing() as connection:
            batch = self._batch(connection, RowState.UNCHANGED, after=0)
            if not batch:
                return False
            connection.execute(
                sa.update(tables.row)
                .where(row.id == sa.bindparam("unchanged_row"), row.fingerprint.is_not(None))
                .values(fingerprint=sa.bindparam("current")),
                [{"unchanged_row": each.row_id, "current": each.fingerprint} for each in batch],
            )
            store_found(connection, [each for each in batch if each.contact is None])
            if adopted := [each for each in batch if each.contact is not None]:
                adopt(connection, self._rows, adopted, now=self._database.now())
            connection.execute(sa.delete(tables.outbox).where(tables.outbox.c.id.in_([each.id for each in batch])))
        return True

    @repeated_after_deadlock
    def _seal_claims(self) -> bool:
        """Let the next staged claims count, and return whether there were any."""
        staged, row = tables.staged_claim.c, tables.row.c
        following = (
            sa.select(staged.identity, staged.row_id, staged.kind)
            .where(staged.run_id == self._run_id)
            .order_by(staged.identity, staged.row_id)
            .limit(self._database.chunk)
        )
        with self._database.writing() as connection:
            batch = connection.execute(following).all()
            if not batch:
                return False
            kept = [each for each in batch if each.kind >= 0]
            values = [(each.identity, each.row_id, each.kind) for each in kept]
            columns = ("identity", "row_id", "kind")
            insert(connection, tables.claim, columns, values, {"sync_id": self._sync_id}, changes=["kind"])
            ended = [(each.identity, each.row_id) for each in batch if each.kind == ENDED]
            end_claims(connection, self._sync_id, ended)
            when_read = [each.row_id for each in batch if each.kind == PLAN_WHEN_READ]
            connection.execute(sa.update(tables.row).where(row.id.in_(when_read)).values(fingerprint=None))
            last = batch[-1]
            done = sa.or_(
                staged.identity < last.identity,
                sa.and_(staged.identity == last.identity, staged.row_id <= last.row_id),
            )
            connection.execute(sa.delete(tables.staged_claim).where(staged.run_id == self._run_id, done))
        return True

    def _batch(self, connection: sa.Connection, outcome: RowState, after: int) -> Sequence[sa.Row[Any]]:
        outbox = tables.outbox.c
        columns = (outbox.id, outbox.row_id, outbox.source_key, outbox.reasons, outbox.fingerprint, outbox.contact)
        following: sa.Select[Any] = (
            sa.select(*columns, outbox.in_crm, outbox.acknowledged_values)
            # A refused row that this run has delivered is not the plan's any more.
            .where(outbox.run_id == self._run_id, outbox.outcome == outcome, outbox.id > after)
            .where(sa.or_(outbox.outcome != RowState.REFUSED, outbox.refusals == 0))
            .order_by(outbox.id)
            .limit(self._database.chunk)
        )
        return connection.execute(following).all()

    def _unacknowledged(self) -> dict[str, object]:
        """Return the values of a row of which it is no longer known what the CRM has."""
        return {"fingerprint": None, "remarks": None, "run_id": self._run_id, "updated_at": self._database.now()}

    def _store_codes(self, connection: sa.Connection, outcome: RowState, codes: Mapping[int, Collection[str]]) -> None:
        store_codes(connection, self._sync_id, self._run_id, outcome, codes)
