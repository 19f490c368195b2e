"""The contacts of the account that one run in memory has read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.snapshot import ContactDigest, KnownHome
from leadway_provider.sync.verification import RowHome
from leadway_provider.testing.tables import MemoryPlan, MemoryTables


class MemorySnapshot:
    """The contacts, and what is known of the rows that are compared with them: it implements `SnapshotStore`."""

    def __init__(self, tables: MemoryTables, plan: MemoryPlan) -> None:
        self._tables = tables
        self._plan = plan
        self._contacts: dict[str, ContactDigest] = {}

    def homes(self, row_ids: Collection[int]) -> Mapping[int, KnownHome]:
        """See `SnapshotStore.homes`."""
        left = {
            entry.row_id
            for entry in self._tables.entries_before(self._plan)
            if entry.is_former or entry.state is RowState.PENDING
        }
        return {
            row_id: KnownHome(
                row.contact_id,
                row.changed_at or row.created_at,
                frozenset(each.field for each in row.remarks if each.field and each.code != "edited_in_crm"),
                row.in_crm,
                is_unanswered=row.sent is not None or row_id in left,
                acknowledged_values=row.acknowledged_values,
            )
            for row_id in row_ids
            if (row := self._tables.rows[row_id])
        }

    def residents(self, contact_ids: Collection[str]) -> Mapping[str, Collection[int]]:
        """See `SnapshotStore.residents`."""
        found: dict[str, list[int]] = {}
        for row in self._tables.rows.values():
            if row.contact_id in contact_ids and row.state is not RowState.REMOVED:
                found.setdefault(str(row.contact_id), []).append(row.row_id)
        return found

    def rows(self) -> Iterator[RowHome]:
        """See `SnapshotStore.rows`."""
        staged = {entry.row_id: entry for entry in self._tables.entries_of(self._plan)}
        for row in sorted(self._tables.rows.values(), key=lambda each: each.source_key):
            entry = staged.get(row.row_id)
            home = (entry.contact_id if entry else None) or row.contact_id
            yield RowHome(row.row_id, row.source_key, home, entry.fingerprint if entry else row.fingerprint)

    def add(self, contacts: Sequence[ContactDigest]) -> None:
        """See `SnapshotStore.add`."""
        self._contacts |= {contact.contact_id: contact for contact in contacts}

    def by_id(self, contact_ids: Collection[str]) -> Mapping[str, ContactDigest]:
        """See `SnapshotStore.by_id`."""
        return {each: self._contacts[each] for each in contact_ids if each in self._contacts}

    def with_identities(self, identities: Collection[str]) -> Mapping[str, Sequence[ContactDigest]]:
        """See `SnapshotStore.with_identities`."""
        found: dict[str, list[ContactDigest]] = {}
        for contact in self._contacts.values():
            for identity in contact.identities.intersection(identities):
                found.setdefault(identity, []).append(contact)
        return found

    def match(self, row_of: Mapping[str, int]) -> None:
        """See `SnapshotStore.match`."""
        for contact_id, row_id in row_of.items():
            self._contacts[contact_id] = replace(self._contacts[contact_id], matched_by=row_id)

    def count_unmatched(self, was_read: Callable[[int], bool]) -> int:
        """See `SnapshotStore.count_unmatched`."""
        homes = {row.contact_id for row in self._tables.rows.values() if was_read(row.row_id)}
        return sum(each.matched_by is None and each.contact_id not in homes for each in self._contacts.values())

    def clear(self) -> None:
        """See `SnapshotStore.clear`."""
        self._contacts.clear()
