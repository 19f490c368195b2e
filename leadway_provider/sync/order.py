"""The order of deliveries: calls that may touch one contact leave one after the other, and givers before takers.

A lane stands for a source key, for a contact, or for the hash of an e-mail or phone: rows that share one leave in
source order. A blocker is another row on whose contact the CRM still has an identity that a row wants to send. If that
other row is to be sent too, it must be acknowledged first. Otherwise its contact is made to give the identity up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import replace

from leadway_provider.sync.identities import UNKEYED, IdentityHasher
from leadway_provider.sync.records import Blocker, OutboxRow
from leadway_provider.sync.ring import rings


class DeliveryOrder:
    """Rows that entered wait until they are first in all of their lanes, and no row that is to be sent blocks them.

    A row that never leaves holds back everything behind it, and nothing else.
    """

    def __init__(self, hasher: IdentityHasher = UNKEYED) -> None:
        self._hasher = hasher
        self._lanes: dict[str, deque[OutboxRow]] = {}
        self._rows: dict[int, OutboxRow] = {}
        self._positions: dict[int, int] = {}
        self._entered: dict[int, list[str]] = {}
        self._behind: dict[int, int] = {}
        self._before: dict[int, list[int]] = {}
        self._blockers: dict[int, dict[int, list[Blocker]]] = {}
        self._blocked: dict[int, list[int]] = {}
        self._awaited: dict[str, set[int]] = {}
        self._to_clear: dict[int, list[Blocker]] = {}

    def __len__(self) -> int:
        """Rows that entered and have not left."""
        return len(self._rows)

    def enter(self, row: OutboxRow) -> bool:
        """Queue a row after every row that entered before, and return True if it may go at once."""
        before = []
        lanes = _lanes_of(row)
        if shared := self._lanes.keys() & row.lanes:
            # Who only gives an identity up never waits for who takes it: the one that takes it waits, by its blocker.
            given_up = shared.difference(self._hasher.of(row.contact))
            lanes = [name for name in lanes if name not in given_up]
        self._entered[row.position] = lanes
        for name in lanes:
            queue = self._lanes.setdefault(name, deque())
            if queue:
                before.append(queue[-1].position)
            queue.append(row)
        self._rows[row.position], self._positions[row.row_id] = row, row.position
        self._behind[row.position], self._before[row.position] = len(before), before
        for blocker in row.blockers:
            if blocker.is_pending:
                self._blockers.setdefault(row.position, {}).setdefault(blocker.row_id, []).append(blocker)
                self._awaited.setdefault(blocker.contact_id, set()).add(row.position)
            else:
                self._to_clear.setdefault(row.position, []).append(blocker)
        for row_id in self._blockers.get(row.position, {}):
            self._blocked.setdefault(row_id, []).append(row.position)
        return self._may_go(row.position)

    def to_clear(self, row: OutboxRow) -> tuple[Blocker, ...]:
        """Return what other rows' contacts have to give up before a row that may go is sent."""
        return tuple(self._to_clear.get(row.position, ()))

    def is_shared(self, row: OutboxRow, contact_id: str) -> bool:
        """Return whether another row in here may write to a contact that this row did not wait for."""
        name = f"contact {contact_id}"
        return name in self._lanes and name not in self._entered[row.position]

    def join(self, row: OutboxRow, contact_id: str) -> bool:
        """Let a row that may go write to a contact that was looked up; False if another row in here may write to it."""
        name = f"contact {contact_id}"
        if name in self._lanes:
            return name in self._entered[row.position]
        self._lanes[name] = deque([row])
        self._entered[row.position].append(name)
        return True

    def leave(self, row: OutboxRow, contact_id: str | None, in_crm: Collection[str] | None) -> list[OutboxRow]:
        """Remove a row that may go, and return the rows that may go now.

        Args:
            row: the row, which is first in its lanes.
            contact_id: the contact that it lives on now.
            in_crm: the hashes of the identities that the CRM now has on this contact; None where the row was not
                accepted, so that the contact keeps what it had.
        """
        del self._rows[row.position], self._positions[row.row_id]
        del self._behind[row.position], self._before[row.position]
        self._to_clear.pop(row.position, None)
        for contact_id_of in {blocker.contact_id for blocker in row.blockers}.intersection(self._awaited):
            self._awaited[contact_id_of].discard(row.position)
            if not self._awaited[contact_id_of]:
                del self._awaited[contact_id_of]
        freed = self.unblock(row.row_id, contact_id, in_crm)
        keeps: set[str] | None = None
        for name in self._entered.pop(row.position):
            queue = self._lanes[name]
            queue.popleft()
            if not queue:
                del self._lanes[name]
                continue
            if keeps is None:
                keeps = set(in_crm or ()).difference(self._hasher.of(row.contact))
            self._behind[queue[0].position] -= 1
            freed.append(queue[0].position)
            if contact_id is not None and in_crm is not None and name == f"contact {contact_id}":
                self._correct(queue, Blocker(row.row_id, contact_id, "", is_pending=False), in_crm, keeps)
            if name in keeps and contact_id is not None:
                self._clear_for_next(queue, Blocker(row.row_id, contact_id, name, is_pending=False))
        return self.rows_at(freed)

    def rows_at(self, positions: Iterable[int]) -> list[OutboxRow]:
        """Return those of the rows at these positions that may go now."""
        return [self._rows[position] for position in dict.fromkeys(positions) if self._may_go(position)]

    def unblock(self, row_id: int, contact_id: str | None, in_crm: Collection[str] | None) -> list[int]:
        """End the waiting for a row that has left, and return the positions of the rows that waited for it."""
        positions = self._blocked.pop(row_id, [])
        for position in positions:
            for blocker in self._blockers[position].pop(row_id):
                if in_crm is None or blocker.identity in in_crm:
                    where = contact_id or blocker.contact_id
                    self._clear_first(position, replace(blocker, contact_id=where, is_pending=False))
            if not self._blockers[position]:
                del self._blockers[position]
        return positions + self._release(contact_id, in_crm)

    def _release(self, contact_id: str | None, in_crm: Collection[str] | None) -> list[int]:
        """End the waiting for what a contact has no more, since a row was just written to it, and return who waited.

        Several rows may live on the contact, and the others may still be waited for.
        """
        positions = self._awaited.pop(contact_id, None) if contact_id is not None and in_crm is not None else None
        if not positions:
            return []
        waiting = sorted(self._blockers.keys() & positions)
        for position in waiting:
            waits_for = self._blockers[position]
            for row_id, blockers in list(waits_for.items()):
                left = [each for each in blockers if each.contact_id != contact_id or each.identity in (in_crm or ())]
                waits_for[row_id] = left
                if not left:
                    del waits_for[row_id]
                    self._blocked[row_id].remove(position)
                elif any(each.contact_id == contact_id for each in left):
                    self._awaited.setdefault(str(contact_id), set()).add(position)
            if not waits_for:
                del self._blockers[position]
        return waiting

    def rings(self) -> list[list[OutboxRow]]:
        """Return the rows that wait for each other; the first of each ring may go when its blockers are cleared.

        Where no row is on its way, only these and rows that could not be delivered hold anything back.
        """
        found = rings({position: self._waits_for(position) for position in self._rows})
        return [[self._rows[position] for position in sorted(ring)] for ring in found]

    def waiting_for_later(self) -> OutboxRow | None:
        """Return the last row that waits only for rows which have not entered yet, or None."""
        for position in sorted(self._blockers, reverse=True):
            if not self._waits_for(position):
                return self._rows[position]
        return None

    def go_first(self, row: OutboxRow) -> None:
        """Let a row go before the rows that block it: their contacts have to give up first what it takes."""
        for row_id, blockers in self._blockers.pop(row.position).items():
            self._blocked[row_id].remove(row.position)
            for blocker in blockers:
                self._clear_first(row.position, blocker)

    def _correct(
        self, queue: Iterable[OutboxRow], at: Blocker, in_crm: Collection[str], keeps: Collection[str]
    ) -> None:
        """Let rows clear what a contact has now, and nothing else: a row was just written to it."""
        for row in queue:
            if known := self._to_clear.get(row.position):
                known[:] = [each for each in known if each.contact_id != at.contact_id or each.identity in in_crm]
            if row.takes_over == at.contact_id:
                for identity in sorted(set(keeps).intersection(self._hasher.of(row.contact))):
                    self._clear_first(row.position, replace(at, identity=identity))

    def _clear_for_next(self, queue: Iterable[OutboxRow], blocker: Blocker) -> None:
        """Let the next row of a lane that sends the identity wait for the contact to give it up."""
        for row in queue:
            if blocker.identity in self._hasher.of(row.contact):
                self._clear_first(row.position, blocker)
                return

    def _clear_first(self, position: int, blocker: Blocker) -> None:
        if not blocker.contact_id:
            return  # nobody knows the contact, and the account will match it
        known = self._to_clear.setdefault(position, [])
        if all((each.contact_id, each.identity) != (blocker.contact_id, blocker.identity) for each in known):
            known.append(blocker)

    def _waits_for(self, position: int) -> list[int]:
        """Return the positions of the rows in here that a row waits for."""
        found = [self._positions[row_id] for row_id in self._blockers.get(position, ()) if row_id in self._positions]
        return found + [before for before in self._before[position] if before in self._rows]

    def _may_go(self, position: int) -> bool:
        return position in self._rows and not self._behind[position] and position not in self._blockers


def _lanes_of(row: OutboxRow) -> list[str]:
    cleared = [blocker.contact_id for blocker in row.blockers if not blocker.is_pending]
    contacts = dict.fromkeys(
        each for each in (row.contact.contact_id, row.contact_id, row.lives_on, row.takes_over, *cleared) if each
    )
    return [f"row {row.row_id}", *(f"contact {each}" for each in contacts), *row.lanes]
