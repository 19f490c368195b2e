"""Which row lives on which contact: collisions, takeovers, and the contacts that block a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from leadway_provider.sync.claims import ClaimKind
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Blocker, Delivery
from leadway_provider.sync.residents import count_collisions, move
from leadway_provider.testing.tables import MemoryEntry, MemoryPlan, MemoryRow, MemoryTables


class MemoryNeighbours(NamedTuple):
    """What other rows' contacts mean for a row of the outbox; see `OutboxRow`."""

    blockers: tuple[Blocker, ...]
    takes_over: str | None
    left_behind: tuple[Blocker, ...]


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

    def neighbours(self, entry: MemoryEntry) -> MemoryNeighbours:
        """Return the other rows on whose contacts the CRM has, or may have, an identity that a row of the outbox sends.

        Where the account has to match a contact, it may match that of a departed row which has the row's first
        identity: that contact is taken over. A row that holds the identity, too, shares it, and blocks nothing.
        """
        may_have = self._tables.may_have()
        takes_over = self._takes_over(entry, may_have)
        blocking = list(self._blockers(entry, may_have))
        may_match = {takes_over, self._tables.rows[entry.row_id].contact_id}
        return MemoryNeighbours(
            tuple(each for each in blocking if each.contact_id not in may_match),
            takes_over,
            tuple(replace(each, is_pending=False) for each in blocking if each.contact_id in may_match),
        )

    def _blockers(self, entry: MemoryEntry, may_have: Mapping[int, frozenset[str]]) -> Iterator[Blocker]:
        written_to = self.contact_of(entry)
        places = {written_to, self._tables.rows[entry.row_id].contact_id} if written_to else set()
        pending = {each.row_id for each in self._tables.entries_of(self._plan) if each.is_pending}
        for row_id, has in may_have.items():
            other, is_pending = self._tables.rows[row_id], row_id in pending
            is_unknown = other.contact_id is None and not is_pending
            if row_id == entry.row_id or is_unknown or other.contact_id in places:
                continue
            for identity in sorted(has.intersection(entry.claimed)):
                if self._tables.claims.get((identity, row_id), ClaimKind.WAITS) is ClaimKind.WAITS:
                    is_known = identity in other.in_crm
                    yield Blocker(row_id, other.contact_id or "", identity, is_pending, is_known)

    def _takes_over(self, entry: MemoryEntry, may_have: Mapping[int, frozenset[str]]) -> str | None:
        """Return the contact of a departed row that has the first identity of a row without a contact."""
        if self.contact_of(entry) is not None or not entry.claimed:
            return None
        for row_id, has in may_have.items():
            other = self._tables.rows[row_id]
            if other.contact_id and not self._lives(other) and entry.claimed[0] in has:
                return other.contact_id
        return None

    def may_have(self, contact_id: str | None) -> frozenset[str]:
        """Return the hashes of the identities that the CRM has, or may have, on a contact, as far as is known."""
        may_have = self._tables.may_have().items()
        on_contact = (has for row_id, has in may_have if self._tables.rows[row_id].contact_id == contact_id)
        return frozenset[str]().union(*on_contact) if contact_id else frozenset()

    def has(self, identity: str) -> bool:
        """Return whether the CRM has, or may have, an identity on the contact of any row, as far as is known."""
        return any(identity in has for has in self._tables.may_have().values())

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
