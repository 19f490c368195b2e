"""The departed rows of one run in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import DepartedRow, Removal
from leadway_provider.testing.tables import MemoryEntry, MemoryPlan, MemoryRow, MemoryTables


class MemoryRemovals:
    """The rows that one run found to have departed: it implements `DepartedStore` and `RemovalStore`."""

    def __init__(self, tables: MemoryTables, plan: MemoryPlan) -> None:
        self._tables = tables
        self._plan = plan

    def with_contact(self) -> Iterator[Sequence[int]]:
        """See `DepartedStore.with_contact`."""
        yield [row.row_id for row in self._tables.rows.values() if row.has_contact]

    def keys_of(self, row_ids: Sequence[int], *, only_created_by_sync: bool) -> Mapping[int, str]:
        """See `DepartedStore.keys_of`."""
        created = {row.contact_id for row in self._tables.rows.values() if row.created_by_sync}
        rows = [self._tables.rows[row_id] for row_id in row_ids]
        return {row.row_id: row.source_key for row in rows if not only_created_by_sync or row.contact_id in created}

    def plan_departed(self, row_ids: Collection[int]) -> None:
        """See `DepartedStore.plan_departed`."""
        for row_id in row_ids:
            self._tables.add_entry(self._plan.run_id, row_id, RowState.DEPARTED)

    def waiting(self) -> int:
        """Return how many departed rows are still to be treated."""
        return len(self._entries())

    def departed(self, after: int, limit: int) -> Sequence[DepartedRow]:
        """See `RemovalStore.departed`."""
        departing = {entry.row_id for entry in self._entries()}
        living = {row.contact_id for row in self._tables.rows.values() if self._lives(row, departing)}
        found = []
        for entry in self._entries():
            row = self._tables.rows[entry.row_id]
            if entry.position > after:
                shared = row.contact_id is None or row.contact_id in living
                found.append(DepartedRow(entry.position, row.row_id, row.source_key, row.contact_id or "", shared))
        return found[:limit]

    def acknowledge(self, removals: Sequence[Removal]) -> None:
        """See `RemovalStore.acknowledge`."""
        for removal in removals:
            row = self._tables.rows[removal.departed.row_id]
            del self._tables.outbox[removal.departed.position]
            row.fingerprint, row.reasons = None, removal.reasons
            row.state = RowState.UNREMOVED if removal.reasons else RowState.REMOVED
            if removal.contact_missing:
                self._tables.plan_what_was_denied({str(row.contact_id): row.in_crm})
                row.contact_id, row.created_by_sync, row.in_crm = None, False, frozenset()
                row.acknowledged_values = None
            if not removal.reasons:
                for claim in [each for each in self._tables.claims if each[1] == row.row_id]:
                    del self._tables.claims[claim]
            self._plan.counts = self._plan.counts.plus(**{row.state: 1})

    def _entries(self) -> list[MemoryEntry]:
        departed = (each for each in self._tables.entries_of(self._plan) if each.state is RowState.DEPARTED)
        return sorted(departed, key=lambda entry: entry.position)

    @staticmethod
    def _lives(row: MemoryRow, departing: Collection[int]) -> bool:
        return row.state not in (RowState.REMOVED, RowState.UNREMOVED) and row.row_id not in departing
