"""Which row lives on which contact: collisions, takeovers, and the contacts that block a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from leadway_provider.sync.claims import ClaimKind
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Blocker, Delivery
from leadway_provider.sync.residents import count_collisions, move
from leadway_provider.testing.tables import MemoryEntry, MemoryPlan, MemoryRow, MemoryTables


class MemoryResidents:
    """The rows of one sync and the contacts that they live on, as one run sees them."""

    def __init__(self, tables: MemoryTables, plan: MemoryPlan) -> None:
        self._tables = tables
        self._plan = plan

    def collides(self, row: MemoryRow) -> bool:
        """Return whether a row is on the contact of another row, and both are in the source."""
        other = self._tables.rows.get(row.collides_with or 0)
        return other is not None and other.contact_id == row.contact_id and self._lives(other) and self._lives(row)

    def count_collisions(self, carried: Collection[int] = ()) -> int:
        """Return how many rows too many live on contacts, without those that are still to be sent.

        Those are in the run's outbox, or will be carried into it.
        """
        pending = {entry.row_id for entry in self._tables.entries_of(self._plan) if entry.is_pending}.union(carried)
        return count_collisions(
            row for row in self._tables.rows.values() if self._lives(row) and row.row_id not in pending
        )

    def shared_contacts(self) -> list[dict[int, bool]]:
        """See `PlanStore.shared_contacts`."""
        planned = self._planned()
        contacts: defaultdict[str, dict[int, bool]] = defaultdict(dict)
        for row in self._tables.rows.values():
            if row.has_contact:
                contacts[str(row.contact_id)][row.row_id] = row.row_id in planned
        return [rows for rows in contacts.values() if len(rows) > 1]

    def denied(self) -> list[tuple[int, dict[int, bool]]]:
        """See `PlanStore.denied`."""
        planned = self._planned()
        held = [claim for claim, kind in self._tables.claims_in(self._plan).items() if kind is ClaimKind.HOLDS]
        found = []
        for identity, row_id in held:
            row = self._tables.rows[row_id]
            if row_id in planned or not any(each.code == "identity_taken" for each in row.remarks):
                continue
            others = [each for each in self._tables.rows.values() if identity in each.in_crm]
            if others and all(each.contact_id != row.contact_id for each in others):
                found.append((row_id, {each.row_id: each.row_id in planned for each in others}))
        return found

    def _planned(self) -> set[int]:
        """Return the rows that this run will send: its own, and those of earlier runs which it will carry."""
        decided = {each.row_id for each in self._tables.entries_of(self._plan)}
        pending = {each.row_id for each in self._tables.outbox.values() if each.is_pending}
        refused = {
            each.row_id
            for each in self._tables.entries_before(self._plan)
            if each.state is RowState.REFUSED and each.refusals <= self._plan.retry_refused
        }
        return pending | (refused - decided)

    def contact_of(self, entry: MemoryEntry) -> str | None:
        """Return the contact that a row of the outbox is written to by its id; None where the account matches one."""
        row = self._tables.rows[entry.row_id]
        named = entry.contact.contact_id if entry.contact else None
        return named or (None if self.collides(row) else row.contact_id)

    def blockers(self, entry: MemoryEntry) -> Iterator[Blocker]:
        """Return the other rows on whose contacts the CRM still has an identity that a row of the outbox sends.

        Where the account has to match a contact, it may match that of a departed row which has the row's first
        identity: that contact is taken over. A row that holds the identity, too, shares it, and blocks nothing.
        """
        own = self.contact_of(entry)
        pending = {each.row_id for each in self._tables.entries_of(self._plan) if each.is_pending}
        for other in self._tables.rows.values():
            if other.contact_id in (None, own, self._tables.rows[entry.row_id].contact_id):
                continue
            if own is None and other.contact_id == self.takes_over(entry):
                continue
            for identity in sorted(other.in_crm.intersection(entry.claimed)):
                if self._tables.claims.get((identity, other.row_id), ClaimKind.WAITS) is ClaimKind.WAITS:
                    yield Blocker(other.row_id, str(other.contact_id), identity, other.row_id in pending)

    def takes_over(self, entry: MemoryEntry) -> str | None:
        """Return the contact of a departed row that has the first identity of a row without a contact."""
        if self.contact_of(entry) is not None or not entry.claimed:
            return None
        for other in self._tables.rows.values():
            if other.contact_id and not self._lives(other) and entry.claimed[0] in other.in_crm:
                return other.contact_id
        return None

    def in_crm(self, contact_id: str | None) -> frozenset[str]:
        """Return the hashes of the identities that the CRM has on a contact, as far as is known."""
        residents = (each for each in self._tables.rows.values() if contact_id and each.contact_id == contact_id)
        return frozenset[str]().union(*(each.in_crm for each in residents))

    def has(self, identity: str) -> bool:
        """Return whether the CRM has an identity on the contact of any row, as far as is known."""
        return any(identity in each.in_crm for each in self._tables.rows.values() if each.contact_id)

    def settle(self, row: MemoryRow, delivery: Delivery) -> None:
        """Let a row live on the contact of an answer; a departed row on the same contact lives there no more."""
        move(row, delivery, self._tables.rows.values(), lambda row_id: self._lives(self._tables.rows[row_id]))

    def clear(self, blocker: Blocker) -> None:
        """Store that a contact gave an identity up."""
        for row in self._tables.rows.values():
            if row.contact_id == blocker.contact_id:
                row.in_crm = row.in_crm - {blocker.identity}

    def _lives(self, row: MemoryRow) -> bool:
        return row.state is not RowState.REMOVED and self._plan.is_present(row.row_id)
