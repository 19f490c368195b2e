"""One worker's side of a run whose outbox is delivered in parts by several workers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import chunks
from leadway_provider.store.outbox import read_outbox
from leadway_provider.store.run import SyncRun
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.parts import Part, PartOutbox
from leadway_provider.sync.records import Delivery, OutboxRow


class PartRun(SyncRun):
    """A run as one of its workers delivers it; the acknowledgements of all workers come one after the other."""

    def part(self, part: Part) -> PartOutbox:
        """Return the outbox of one part."""
        return PartOutbox(self, part)

    def rows_of(self, part: Part, after: int, limit: int) -> list[OutboxRow]:
        """Return the next rows of a part; see `PartedRun.rows_of`."""
        with self._database.reading() as connection:
            page = read_outbox(connection, self._rows, after=after, limit=limit, has_former=self._has_former, part=part)
            others = {row.row_id: {each.row_id for each in (*row.blockers, *row.left_behind)} for row in page}
            elsewhere = self._elsewhere(connection, part, {other for several in others.values() for other in several})
        beside = {blocker.row_id for row in page for blocker in row.blockers if not blocker.is_pending}
        if beside:
            self._count_as_changed(beside)
        return [replace(row, comes_last=True) if others[row.row_id] & elsewhere else row for row in page]

    def _elsewhere(self, connection: sa.Connection, part: Part, row_ids: Collection[int]) -> set[int]:
        """Return those of these rows whose contacts other workers may write to, or have written to in this run.

        What was known of contacts when the outbox was split, put them into this part. An answer may have shown more.
        """
        outbox, row = tables.outbox.c, tables.row.c
        found: set[int] = set()
        for chunk in chunks(sorted(row_ids)):
            accepted = row.outcome.in_([RowState.CREATED, RowState.UPDATED])
            written = sa.select(row.id).where(row.id.in_(chunk), row.run_id == self.id, accepted)
            found.update(connection.scalars(written))
            waiting = sa.select(outbox.row_id, outbox.id, outbox.part).where(
                outbox.row_id.in_(chunk), outbox.run_id == self.id, outbox.outcome == RowState.PENDING
            )
            found.update(
                row_id
                for row_id, position, moved_to in connection.execute(waiting)
                if not (part.first <= position <= part.last if moved_to is None else moved_to == part.number)
            )
        return found

    def _checked(self, connection: sa.Connection, deliveries: dict[int, Delivery]) -> dict[int, Delivery]:
        """Let rows count as changed that the account matched to a contact which another row of the run will write to.

        No other worker stores an acknowledgement before this transaction ends: where two rows were matched to one
        contact, the second one must see the first.
        """
        run, row, outbox = tables.run.c, tables.row.c, tables.outbox.c
        connection.execute(sa.select(run.id).where(run.id == self.id).with_for_update())
        matched = {each.contact_id for each in deliveries.values() if each.contact_id != each.row.lives_on}
        busy: set[str] = set()
        for chunk in chunks(sorted(each for each in matched if each)):
            waiting = (
                sa.select(row.contact_id, outbox.id)
                .join_from(tables.row, tables.outbox, outbox.row_id == row.id)
                .where(row.sync_id == self.sync_id, row.contact_id.in_(chunk))
                .where(outbox.run_id == self.id, outbox.outcome == RowState.PENDING)
            )
            busy.update(each for each, position in connection.execute(waiting) if position not in deliveries)
        return {
            position: replace(each, plan_again=True)
            if each.contact_id in busy and each.contact_id != each.row.lives_on
            else each
            for position, each in deliveries.items()
        }
