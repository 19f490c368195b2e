"""The departed rows of a sync, and what became of their contacts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.acknowledgement import dequeue
from leadway_provider.store.codes import store_codes
from leadway_provider.store.database import Database, chunks, repeated_after_deadlock
from leadway_provider.store.encoding import encode_reasons
from leadway_provider.store.in_crm import identities_of_rows, plan_what_was_denied
from leadway_provider.store.ledger import Attempt, LedgerEntry, append
from leadway_provider.store.rejection import rejected_since
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import DepartedRow, Removal

_CHUNKS_IN_PAGE: Final = 10
"""So many chunks of row ids are read at a time, since an id alone is small."""


class SqlDepartedStore:
    """The departed rows of one run's sync; see `DepartedStore` and `RemovalStore` for what each method promises."""

    def __init__(self, database: Database, attempt: Attempt) -> None:
        self._database = database
        self._attempt = attempt
        self._sync_id = sync_id = attempt.sync_id
        self._run_id = run_id = attempt.run_id
        self._has_contact = sa.and_(
            tables.row.c.sync_id == sync_id,
            tables.row.c.contact_id.is_not(None),
            _outcome(tables.row) != RowState.REMOVED,
        )
        self._departed = sa.and_(tables.outbox.c.run_id == run_id, tables.outbox.c.outcome == RowState.DEPARTED)

    # Plan

    def count_with_contact(self) -> int:
        """See `PlanStore.count_with_contact`."""
        row = tables.row.c
        # Two counts along indexes: one of both conditions would read every row.
        living = sa.select(sa.func.count()).where(row.sync_id == self._sync_id, row.contact_id.is_not(None))
        with self._database.reading() as connection:
            with_contact = connection.scalar(living) or 0
            return with_contact - (connection.scalar(living.where(row.outcome == RowState.REMOVED)) or 0)

    def with_contact(self) -> Iterator[Sequence[int]]:
        """See `DepartedStore.with_contact`."""
        row = tables.row.c
        # In the order of the key, for which every database reads one index from where it was; in that of the id, some
        # sort all rows of the sync for each page.
        page = (
            sa.select(row.source_key, row.id)
            .where(self._has_contact)
            .order_by(row.source_key)
            .limit(_CHUNKS_IN_PAGE * self._database.chunk)
        )
        found = self._page(page)
        while found:
            yield [each.id for each in found]
            found = self._page(page.where(row.source_key > found[-1].source_key))

    def _page(self, page: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with self._database.reading() as connection:
            return connection.execute(page).all()

    def keys_of(self, row_ids: Sequence[int], *, only_created_by_sync: bool) -> dict[int, str]:
        """See `DepartedStore.keys_of`."""
        row = tables.row.c
        with self._database.reading() as connection:
            found = [
                each
                for chunk in chunks(row_ids)
                for each in connection.execute(
                    sa.select(row.id, row.source_key, row.contact_id).where(row.id.in_(chunk)).order_by(row.id)
                )
            ]
            if only_created_by_sync:
                created = self._created_by_sync(connection, [each.contact_id for each in found])
                found = [each for each in found if each.contact_id in created]
        return {each.id: each.source_key for each in found}

    def _created_by_sync(self, connection: sa.Connection, contact_ids: Sequence[str]) -> set[str]:
        """Return those contacts that any row of the sync created: the customer's key can have changed since."""
        row = tables.row.c
        created = sa.select(row.contact_id).where(row.sync_id == self._sync_id, row.created_by_sync == 1)
        return {
            contact_id
            for chunk in chunks(contact_ids)
            for contact_id in connection.scalars(created.where(row.contact_id.in_(chunk)))
        }

    def plan_departed(self, row_ids: Collection[int]) -> None:
        """See `DepartedStore.plan_departed`."""
        for chunk in chunks(list(row_ids), self._database.chunk):
            self._plan_departed(chunk)

    @repeated_after_deadlock
    def _plan_departed(self, row_ids: Sequence[int]) -> None:
        values = {
            "run_id": self._run_id,
            "outcome": RowState.DEPARTED,
            "withheld": 0,
            "refusals": 0,
            "carried": 0,
            "created_at": self._database.now(),
        }
        fixed = [sa.literal(value, tables.outbox.c[name].type) for name, value in values.items()]
        departed = (
            sa.select(tables.row.c.id, tables.row.c.source_key, *fixed)
            .where(tables.row.c.id.in_(row_ids))
            .order_by(tables.row.c.id)
        )
        with self._database.writing() as connection:
            connection.execute(sa.insert(tables.outbox).from_select(["row_id", "source_key", *values], departed))

    # Remove

    def waiting(self) -> int:
        """Return how many departed rows of the run are still to be treated."""
        with self._database.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(tables.outbox).where(self._departed)) or 0

    def departed(self, after: int, limit: int) -> list[DepartedRow]:
        """See `RemovalStore.departed`."""
        row, outbox = tables.row.c, tables.outbox.c
        with self._database.reading() as connection:
            rows = connection.execute(
                sa.select(outbox.id, row.id, row.source_key, row.contact_id, self._is_shared())
                .join_from(tables.outbox, tables.row, row.id == outbox.row_id)
                .where(self._departed, outbox.id > after)
                .order_by(outbox.id)
                .limit(limit)
            ).all()
        return [
            DepartedRow(position, row_id, source_key, contact_id or "", bool(shared) or contact_id is None)
            for position, row_id, source_key, contact_id, shared in rows
        ]

    def _is_shared(self) -> sa.Exists:
        """Return the condition that a row which has not departed is on the same contact."""
        other_row, in_outbox = tables.row.alias("other"), tables.outbox.alias("in_outbox").c
        other = other_row.c
        other_departs = sa.exists().where(
            in_outbox.row_id == other.id, in_outbox.run_id == self._run_id, in_outbox.outcome == RowState.DEPARTED
        )
        return sa.exists().where(
            other.sync_id == self._sync_id,
            other.contact_id == tables.row.c.contact_id,
            _outcome(other_row).not_in([RowState.REMOVED, RowState.UNREMOVED]),
            ~other_departs,
        )

    @repeated_after_deadlock
    def acknowledge(self, removals: Sequence[Removal]) -> None:
        """See `RemovalStore.acknowledge`; a row that is no longer in the outbox is not counted again."""
        with self._database.writing() as connection:
            present = dequeue(connection, self._run_id, [removal.departed.position for removal in removals])
            acknowledged = [removal for removal in removals if removal.departed.position in present]
            if not acknowledged:
                return
            done = [removal for removal in acknowledged if not removal.reasons]
            refused = [removal for removal in acknowledged if removal.reasons]
            self._store_done(connection, done)
            self._store_refused(connection, refused)
            entries = [_entry(removal) for removal in acknowledged]
            append(connection, self._attempt, entries, now=self._database.now())
            run = tables.run.c
            connection.execute(
                sa.update(tables.run)
                .where(run.id == self._run_id)
                .values(removed=run.removed + len(done), unremoved=run.unremoved + len(refused))
            )

    def _store_done(self, connection: sa.Connection, removals: Sequence[Removal]) -> None:
        """Store removed rows: they have no claim, and no contact where it is missing."""
        row_ids = [removal.departed.row_id for removal in removals]
        self._update(connection, row_ids, outcome=RowState.REMOVED, reasons=None, rejected_since=None)
        missing = [removal.departed.row_id for removal in removals if removal.contact_missing]
        plan_what_was_denied(connection, self._sync_id, identities_of_rows(connection, missing))
        nothing = dict.fromkeys(("contact_id", "in_crm", "also_in_crm", "acknowledged_values"))
        self._update(connection, missing, created_by_sync=0, **nothing)
        store_codes(connection, self._sync_id, self._run_id, RowState.REMOVED, dict.fromkeys(row_ids, ()))
        for chunk in chunks(row_ids):
            connection.execute(sa.delete(tables.claim).where(tables.claim.c.row_id.in_(chunk)))

    def _store_refused(self, connection: sa.Connection, removals: Sequence[Removal]) -> None:
        """Store rows whose contacts the API refused to change, each with its reasons."""
        for removal in removals:
            self._update(
                connection,
                [removal.departed.row_id],
                outcome=RowState.UNREMOVED,
                reasons=encode_reasons(removal.reasons),
                rejected_since=rejected_since(RowState.UNREMOVED, self._run_id),
            )
        codes = {removal.departed.row_id: [reason.code for reason in removal.reasons] for removal in removals}
        store_codes(connection, self._sync_id, self._run_id, RowState.UNREMOVED, codes)

    def _update(self, connection: sa.Connection, row_ids: Sequence[int], **values: Any) -> None:
        values |= {
            "fingerprint": None,
            "remarks": None,
            "run_id": self._run_id,
            "updated_at": self._database.now(),
        }
        for chunk in chunks(row_ids):
            connection.execute(sa.update(tables.row).where(tables.row.c.id.in_(chunk)).values(values))


def _outcome(row: sa.FromClause) -> sa.ColumnElement[str]:
    """Return the outcome as an expression, so that no database looks rows up by it: nearly all rows would be found."""
    return sa.func.coalesce(row.c.outcome, sa.literal(RowState.PENDING, row.c.outcome.type))


def _entry(removal: Removal) -> LedgerEntry:
    departed, outcome = removal.departed, RowState.UNREMOVED if removal.reasons else RowState.REMOVED
    return LedgerEntry(departed.source_key, outcome, contact_id=departed.contact_id, reasons=removal.reasons)
