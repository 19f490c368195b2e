"""The plan of one run in the state store: what it finds is staged, and counts from the seal on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.bulk import insert
from leadway_provider.store.claims import SqlClaimStore
from leadway_provider.store.codes import rows_with_code
from leadway_provider.store.database import Database, chunks, repeated_after_deadlock
from leadway_provider.store.encoding import encode_document
from leadway_provider.store.homes import on_contacts, planned_on_contacts, shared_contacts
from leadway_provider.store.in_crm import denied
from leadway_provider.store.ledger import Attempt
from leadway_provider.store.lookup import insert_rows, known_rows
from leadway_provider.store.outbox import OUTBOX_COLUMNS, count_planned, decided_row, refusals, waiting_row
from leadway_provider.store.planned import PlannedBy
from leadway_provider.store.removal import SqlDepartedStore
from leadway_provider.store.snapshot import SqlSnapshotStore
from leadway_provider.store.statistics import Statistics
from leadway_provider.sync.claims import ClaimKind
from leadway_provider.sync.guards import PlannedCounts
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import PlannedRow, Refusal, SettledRow


class SqlPlanStore:
    """Implements `PlanStore` in SQL: every method is one or more short transactions.

    Attributes:
        id: the run, 12 hexadecimal digits.
        sync_id: the store's number of the sync.
        attempt: 1 for the run's first attempt.
        retry_refused: a row that the API refused is tried again by so many runs; then it waits until it changes.
    """

    def __init__(self, database: Database, sync_id: int, run_id: str, attempt: int, retry_refused: int) -> None:
        self.id = run_id
        self.sync_id = sync_id
        self.attempt = attempt
        self.retry_refused = retry_refused
        self._database = database
        self._of_sync = sa.select(tables.row.c.id).where(tables.row.c.sync_id == sync_id)
        self._statistics = Statistics(database, self._of_sync)
        self._first_added: int | None = None
        self._in_outbox = tables.outbox.c.run_id == run_id

    @property
    def claims(self) -> SqlClaimStore:
        """The e-mails and phones that rows of this run's sync hold or wait for."""
        return SqlClaimStore(self._database, self.sync_id, self.id, self._is_added)

    @property
    def removals(self) -> SqlDepartedStore:
        """The departed rows of this run's sync."""
        return SqlDepartedStore(self._database, Attempt(self.sync_id, self.id, self.attempt))

    @property
    def snapshot(self) -> SqlSnapshotStore:
        """The contacts of the account that this run has read."""
        return SqlSnapshotStore(self._database, self.sync_id, self.id)

    @property
    def is_on_server(self) -> bool:
        """See `PlanStore.is_on_server`; SQLite is in this process, and would wait for Python's lock at each row."""
        return self._database.is_on_server

    def known(self, keys: Sequence[str]) -> dict[str, tuple[int, bytes | None]]:
        """See `PlanStore.known`."""
        with self._database.reading() as connection:
            return known_rows(connection, self.sync_id, keys)

    @repeated_after_deadlock
    def ensure_rows(self, keys: Sequence[str]) -> dict[str, int]:
        """See `PlanStore.ensure_rows`."""
        now = self._database.now()
        first_values = {
            "outcome": RowState.PENDING,
            "created_by_sync": 0,
            "run_id": self.id,
            "created_at": now,
            "updated_at": now,
        }
        with self._database.writing() as connection:
            added = insert_rows(connection, self.sync_id, keys, first_values)
        if self._first_added is None:
            self._first_added = min(added.values())
        return added

    def _is_added(self, row_id: int) -> bool:
        """Return whether this plan added the row: ids grow, and only the sync's one plan at a time adds rows."""
        return self._first_added is not None and row_id >= self._first_added

    def write(self, planned: Sequence[PlannedRow], settled: Sequence[SettledRow]) -> None:
        """See `PlanStore.write`."""
        if rows := [*map(waiting_row, planned), *map(decided_row, settled)]:
            self._write(rows)
            self._statistics.written(len(rows))

    @repeated_after_deadlock
    def _write(self, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._database.writing() as connection:
            ours = {"run_id": self.id, "created_at": self._database.now(), "carried": 0}
            insert(connection, tables.outbox, OUTBOX_COLUMNS, rows, ours)

    def count_with_contact(self) -> int:
        """See `PlanStore.count_with_contact`."""
        return self.removals.count_with_contact()

    def count_planned(self) -> PlannedCounts:
        """Return how many rows this plan would send, without a contact and with one."""
        with self._database.reading() as connection:
            return count_planned(connection, self.id)

    def shared_contacts(self) -> list[dict[int, bool]]:
        """See `PlanStore.shared_contacts`."""
        with self._database.reading() as connection:
            return planned_on_contacts(connection, shared_contacts(connection, self.sync_id), self._planned_by)

    def denied(self) -> list[tuple[int, dict[int, bool]]]:
        """See `PlanStore.denied`."""
        with self._database.reading() as connection:
            taken = rows_with_code(connection, self.sync_id, "identity_taken")
            held = [each for each in self.claims.claims_of(taken) if each.kind is ClaimKind.HOLDS]
            return denied(connection, self.sync_id, held, self._planned_by)

    @property
    def _planned_by(self) -> PlannedBy:
        return PlannedBy(self.id, self.retry_refused)

    def on_contacts(self, row_ids: Collection[int]) -> set[int]:
        """See `PlanStore.on_contacts`."""
        with self._database.reading() as connection:
            return on_contacts(connection, row_ids)

    def refusals(self, row_ids: Collection[int]) -> dict[int, Refusal]:
        """See `PlanStore.refusals`."""
        with self._database.reading() as connection:
            return refusals(connection, row_ids)

    @repeated_after_deadlock
    def store_comparison(self, found: Mapping[str, object]) -> None:
        """Store what a comparison with the account found beside the counts."""
        values = {"comparison": encode_document(found)}
        with self._database.writing() as connection:
            connection.execute(sa.update(tables.run).where(tables.run.c.id == self.id).values(values))

    @repeated_after_deadlock
    def unplan(self, row_ids: Sequence[int]) -> dict[int, RowState]:
        """See `PlanStore.unplan`."""
        found = dict.fromkeys(row_ids, RowState.UNCHANGED)
        with self._database.writing() as connection:
            for chunk in chunks(row_ids):
                these = sa.and_(self._in_outbox, tables.outbox.c.row_id.in_(chunk))
                for row_id, outcome in connection.execute(
                    sa.select(tables.outbox.c.row_id, tables.outbox.c.outcome).where(these)
                ):
                    found[row_id] = RowState(outcome)
                connection.execute(sa.delete(tables.outbox).where(these))
        return found
