"""A dry run in the state store: how it ends, and what its plan would do, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.carry import CarryRule, carried_rows
from leadway_provider.store.database import Database
from leadway_provider.store.encoding import decode_contact, decode_reasons
from leadway_provider.store.homes import count_standing_collisions, shared_contacts
from leadway_provider.store.outbox import read_outbox
from leadway_provider.store.plan import SqlPlanStore
from leadway_provider.store.planned import RunRows
from leadway_provider.store.seal import end_plan
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.effect import RowEffect, adopted, removed, sent
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.seen import is_set, pack, unpack

_SETTLED: Final = tuple(state for state in RowState if state not in (RowState.PENDING, RowState.DEPARTED))


class SqlDryRun(SqlPlanStore):
    """What a plan has read, and what it would do; the base of every run, since each could be a dry one."""

    def __init__(
        self, database: Database, sync_id: int, run_id: str, *, attempt: int, retry_refused: int, origin: str
    ) -> None:
        super().__init__(database, sync_id, run_id, attempt, retry_refused)
        self._origin = origin

    def finish_dry_run(
        self,
        counts: Counts,
        seen: bytes = b"",
        *,
        is_whole: bool = True,
        only_keys: bool = False,
        watermark: datetime | None = None,
    ) -> None:
        """End a dry run in place of sealing it: nothing else changes, and `StateStore.resume_reviewed` can continue.

        What would be carried is counted. The outbox stays until then, or until the sync's next run begins.
        """
        values = self._read_values(seen, is_whole=is_whole, only_keys=only_keys, watermark=watermark)
        now = self._database.now()
        end_plan(self._database, self.id, RunStatus.DRY_RUN, counts, finished_at=now, **values)
        with self._database.reading() as connection:
            homes = shared_contacts(connection, self.sync_id)
        carried, on_shared = 0, {home.row_id: False for home in homes}
        for page in carried_rows(self._database, self.sync_id, self._carry_rule):
            carried += len(page)
            on_shared.update({row.row_id: True for row in page if row.row_id in on_shared})
        with self._database.writing() as connection:
            sent = [row_id for row_id, is_carried in on_shared.items() if is_carried]
            collisions = count_standing_collisions(connection, self._rows, homes, sent)
            found = {"carried": carried, "collisions": collisions}
            connection.execute(sa.update(tables.run).where(tables.run.c.id == self.id).values(found))

    def effects(self, is_missing: Callable[[int], bool]) -> Iterator[Sequence[RowEffect]]:
        """Return what a dry run that has ended would do, page by page: rows to send, carried, departed, and settled.

        Rows without a key, rows that stand behind another one with their key, and unchanged rows are not among them.

        Args:
            is_missing: returns whether the contact of the row of that id was found to exist no more.
        """
        yield from self._sent(is_missing)
        yield from self._carried(is_missing)
        yield from self._departed_rows()
        for outcome in _SETTLED:
            yield from self._settled(outcome)

    def _sent(self, is_missing: Callable[[int], bool]) -> Iterator[Sequence[RowEffect]]:
        after = 0
        while True:
            with self._database.reading() as connection:
                page = read_outbox(connection, self._rows, after=after, limit=self._database.chunk, has_former=False)
            if not page:
                return
            after = page[-1].position
            yield [
                sent(row.source_key, row.contact, row.contact_id, row.takes_over, is_missing=is_missing(row.row_id))
                for row in page
            ]

    def _carried(self, is_missing: Callable[[int], bool]) -> Iterator[Sequence[RowEffect]]:
        for page in carried_rows(self._database, self.sync_id, self._carry_rule):
            contacts = {row.row_id: decode_contact(row.contact) for row in page}
            yield [
                sent(
                    row.source_key,
                    contact,
                    contact.contact_id or row.contact_id,
                    is_missing=is_missing(row.row_id),
                )
                for row in page
                if (contact := contacts[row.row_id])
            ]

    def _departed_rows(self) -> Iterator[Sequence[RowEffect]]:
        after = 0
        while page := self.removals.departed(after, self._database.chunk):
            after = page[-1].position
            yield [removed(row.source_key, None if row.shared else row.contact_id) for row in page]

    def _settled(self, outcome: RowState) -> Iterator[Sequence[RowEffect]]:
        """Return the rows of one outcome that are not sent; an unchanged one only where the run adopts its contact."""
        outbox, row = tables.outbox.c, tables.row.c
        wanted = (
            sa.select(outbox.id, outbox.source_key, outbox.contact, outbox.reasons, row.contact_id)
            .join_from(tables.outbox, tables.row, row.id == outbox.row_id)
            .where(self._in_outbox, outbox.outcome == outcome)
            .order_by(outbox.id)
            .limit(self._database.chunk)
        )
        if outcome is RowState.UNCHANGED:
            wanted = wanted.where(outbox.contact.is_not(None))
        after = 0
        while page := self._page(wanted.where(outbox.id > after)):
            after = page[-1].id
            yield [
                adopted(each.source_key, decode_contact(each.contact).contact_id)
                if outcome is RowState.UNCHANGED
                else RowEffect(each.source_key, each.contact_id, outcome.value, reasons=decode_reasons(each.reasons))
                for each in page
            ]

    def _page(self, wanted: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with self._database.reading() as connection:
            return connection.execute(wanted).all()

    def _read_values(
        self, seen: bytes, *, is_whole: bool, only_keys: bool, watermark: datetime | None
    ) -> dict[str, object]:
        values = {"is_whole": int(is_whole), "only_keys": int(only_keys), "watermark_at": watermark}
        return {"seen": pack(seen), **values}

    @property
    def _carry_rule(self) -> CarryRule:
        return CarryRule(self.id, self._origin, self._is_present, self._concerns, self.retry_refused)

    @cached_property
    def _read_bits(self) -> tuple[bytes, bool, bool]:
        """One bit for each row id that the plan read, whether it read the whole source, and whether `only_keys`."""
        run = tables.run.c
        with self._database.reading() as connection:
            wanted = sa.select(run.seen, run.is_whole, run.only_keys).where(run.id == self.id)
            seen, is_whole, only_keys = connection.execute(wanted).one()
        return (b"" if seen is None else unpack(seen)), bool(is_whole) and seen is not None, bool(only_keys)

    def _is_present(self, row_id: int) -> bool:
        """Return whether the source has the row, as far as the plan knows."""
        seen, is_whole, _ = self._read_bits
        return not is_whole or is_set(seen, row_id)

    def _concerns(self, row_id: int) -> bool:
        """Return whether the run may take over or drop what an earlier run left of the row."""
        seen, _, only_keys = self._read_bits
        return not only_keys or is_set(seen, row_id)

    @property
    def _rows(self) -> RunRows:
        return RunRows(self.sync_id, self.id, self._is_present)
