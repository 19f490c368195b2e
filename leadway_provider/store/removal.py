"""Which rows of a sync left the source, and what became of their contacts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import Database, chunks, repeated_after_deadlock
from leadway_provider.store.encoding import encode_reasons
from leadway_provider.store.settlement import take
from leadway_provider.store.tables import LEAVING
from leadway_provider.sync.outcome import REMOVED, UNREMOVED
from leadway_provider.sync.ports import Leaver, Removal

_CHUNK: Final = 1000
_PAGE: Final = 10_000
"""Row ids read at a time."""


class RemovalBook:
    """The rows of one run's sync that left; see `LeaverStore` and `RemovalStore` for what each method promises."""

    def __init__(self, database: Database, sync_id: int, run_id: str) -> None:
        self._database = database
        self._sync_id = sync_id
        self._run_id = run_id
        self._holds = sa.and_(
            tables.row.c.sync_id == sync_id, tables.row.c.contact_id.is_not(None), tables.row.c.outcome != REMOVED
        )
        self._left = sa.and_(tables.outbox.c.run_id == run_id, tables.outbox.c.outcome == LEAVING)

    # Plan

    def holding(self) -> int:
        """See `LeaverStore.holding`."""
        with self._database.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(tables.row).where(self._holds)) or 0

    def holders(self) -> Iterator[Sequence[int]]:
        """See `LeaverStore.holders`."""
        row = tables.row.c
        # In the order of the key, for which every database reads one index from where it was; in that of the id, some
        # sort all rows of the sync for each page.
        page = sa.select(row.source_key, row.id).where(self._holds).order_by(row.source_key).limit(_PAGE)
        found = self._page(page)
        while found:
            yield [each.id for each in found]
            found = self._page(page.where(row.source_key > found[-1].source_key))

    def _page(self, page: sa.Select[tuple[str, int]]) -> Sequence[sa.Row[tuple[str, int]]]:
        with self._database.reading() as connection:
            return connection.execute(page).all()

    def leavers(self, row_ids: Sequence[int], *, only_made: bool) -> dict[int, str]:
        """See `LeaverStore.leavers`."""
        row = tables.row.c
        with self._database.reading() as connection:
            found = [
                each
                for chunk in chunks(row_ids, _CHUNK)
                for each in connection.execute(
                    sa.select(row.id, row.source_key, row.contact_id).where(row.id.in_(chunk)).order_by(row.id)
                )
            ]
            made = self._made(connection, [each.contact_id for each in found]) if only_made else set()
        return {each.id: each.source_key for each in found if not only_made or each.contact_id in made}

    def _made(self, connection: sa.Connection, contact_ids: Sequence[str]) -> set[str]:
        """Those of the contacts that any row of the sync made: the customer's key can have changed since."""
        row = tables.row.c
        made = sa.select(row.contact_id).where(row.sync_id == self._sync_id, row.made == 1)
        return {
            contact_id
            for chunk in chunks(contact_ids, _CHUNK)
            for contact_id in connection.scalars(made.where(row.contact_id.in_(chunk)))
        }

    def note(self, row_ids: Collection[int]) -> None:
        """See `LeaverStore.note`."""
        for chunk in chunks(list(row_ids), _CHUNK):
            self._note(chunk)

    @repeated_after_deadlock
    def _note(self, row_ids: Sequence[int]) -> None:
        values = {"run_id": self._run_id, "outcome": LEAVING, "withheld": 0}
        found = (
            sa.select(tables.row.c.id, tables.row.c.source_key, *(sa.literal(value) for value in values.values()))
            .where(tables.row.c.id.in_(row_ids))
            .order_by(tables.row.c.id)
        )
        with self._database.writing() as connection:
            connection.execute(sa.insert(tables.outbox).from_select(["row_id", "source_key", *values], found))

    # Remove

    def waiting(self) -> int:
        """How many rows of the run left and are still to be treated."""
        with self._database.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(tables.outbox).where(self._left)) or 0

    def leaving(self, after: int, limit: int) -> list[Leaver]:
        """See `RemovalStore.leaving`."""
        row, outbox = tables.row.c, tables.outbox.c
        with self._database.reading() as connection:
            rows = connection.execute(
                sa.select(outbox.id, row.id, row.source_key, row.contact_id, self._is_shared())
                .join_from(tables.outbox, tables.row, row.id == outbox.row_id)
                .where(self._left, outbox.id > after)
                .order_by(outbox.id)
                .limit(limit)
            ).all()
        return [
            Leaver(position, row_id, source_key, contact_id, bool(shared))
            for position, row_id, source_key, contact_id, shared in rows
        ]

    def _is_shared(self) -> sa.Exists:
        """Whether a row that has not left stands on the same contact."""
        other, noted = tables.row.alias("other").c, tables.outbox.alias("noted").c
        leaves = sa.exists().where(noted.row_id == other.id, noted.run_id == self._run_id, noted.outcome == LEAVING)
        return sa.exists().where(
            other.sync_id == self._sync_id,
            other.contact_id == tables.row.c.contact_id,
            other.outcome.not_in([REMOVED, UNREMOVED]),
            ~leaves,
        )

    @repeated_after_deadlock
    def acknowledge(self, removals: Sequence[Removal]) -> None:
        """See `RemovalStore.acknowledge`; a row that has left the outbox before is not counted again."""
        with self._database.writing() as connection:
            present = take(connection, self._run_id, [removal.leaver.position for removal in removals])
            settled = [removal for removal in removals if removal.leaver.position in present]
            done = [removal for removal in settled if not removal.reasons]
            refused = [removal for removal in settled if removal.reasons]
            self._settle(connection, done, outcome=REMOVED, reasons=None)
            for removal in refused:
                self._settle(connection, [removal], outcome=UNREMOVED, reasons=encode_reasons(removal.reasons))
            self._settle(connection, [removal for removal in done if removal.contact_gone], contact_id=None, made=0)
            for chunk in chunks([removal.leaver.row_id for removal in done], _CHUNK):
                connection.execute(sa.delete(tables.claim).where(tables.claim.c.row_id.in_(chunk)))
            counted = {"removed": len(done), "unremoved": len(refused)}
            connection.execute(
                sa.update(tables.run)
                .where(tables.run.c.id == self._run_id)
                .values({name: tables.run.c[name] + count for name, count in counted.items()})
            )

    def _settle(self, connection: sa.Connection, removals: Sequence[Removal], **values: Any) -> None:
        kept = {"fingerprint": None, "remarks": None, "run_id": self._run_id, "updated_at": datetime.now(UTC), **values}
        for chunk in chunks([removal.leaver.row_id for removal in removals], _CHUNK):
            connection.execute(sa.update(tables.row).where(tables.row.c.id.in_(chunk)).values(kept))
