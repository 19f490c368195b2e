"""What must be true after a run that ended, whatever happened before.

A person with an e-mail and a phone of their own has one contact with exactly their values. Anything else needs one of
these reasons, and each is checked:

- The row is invalid, or the account refused one of its values, or it does not clear what a ring has to give up.
- Another row of the source has the e-mail or phone and holds it; or another row retains it, because its contact still
  has it and the row can't be sent. A partial read shows of no row that it departed, so there a departed row holds what
  it held.
- The holder gave the e-mail or phone up, and this run did not read the row that waits for it. It is planned when it is
  read.
- A call of this run wrote to the contact, which the account matched for another row, and its answer was lost. The row
  was acknowledged before, so it is planned in the next run that reads it.
- The account matched the row to a contact that another call cleared or wrote at the same time, which nobody could
  foresee, since a colleague had merged contacts. The row is planned in the next run that reads it.
- The row was alone left on a contact that it shared, and this run did not read it. It is planned when it is read.
- The other contact had the e-mail or phone when the row was sent, and may have it: see `Why`. The row says so in a
  remark. It is sent again when it changes. Nothing else is known to the sync of what a stranger's contact has, of what
  is only a further e-mail of a contact, and of what a colleague did there since.
- The account clears nothing. Then the row is sent again as soon as the other contact gives the value up.
- A colleague changed this field of the contact, or deleted the contact, after the row was last written to it. The row
  did not change, so it is not written: what a colleague did stays until then.
- Several rows live on the contact. They are counted as collisions, and the contact has the values of one of them, as
  the source has it or, where not all of them can be sent, as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leadway_provider.contacts.contact import Contact
from leadway_provider.sync.claims import ClaimKind
from leadway_provider.sync.identities import UNKEYED
from leadway_provider.sync.outcome import RowState
from leadway_provider.testing.contact import identities_of
from leadway_provider.testing.tables import MemoryRow
from tests.identity.model import World
from tests.identity.witness import Why


@dataclass(frozen=True)
class Oracle:
    """Looks at a world after a run.

    Attributes:
        world: the world.
        strangers: contacts that are not of the sync.
        read: the keys of the rows that the run read; None where it read the whole source.
    """

    world: World
    strangers: frozenset[str]
    read: frozenset[int] | None

    def problems(self) -> list[str]:
        """Return what is wrong."""
        found = [*self.world.witness.unexplained, *self._orphans(), *self._shared_contacts(), *self._removed()]
        for key, person in self.world.known.items():
            row = self.world.state.row_of(str(key))
            if row is None:
                found.append(f"{key} is not known")
                continue
            contact = self.world.contact_of(person)
            if contact is None:
                if row.state is not RowState.INVALID or not row.reasons:
                    found.append(f"{key} is invalid, and said to be {row.state}")
            else:
                found += self._row(key, row, contact)
        return found

    def may_be_sent(self) -> set[str]:
        """Return the keys of the rows that a further run may send, although nothing changed.

        A refused row is tried again, and so are the rows that live on its contact, or that were denied what its contact
        keeps. A row that was denied what a contact kept, which was deleted at the end of the run, can have it now.
        """
        rows = list(self.world.state.rows.values())
        refused = [row for row in rows if row.state in (RowState.REFUSED, RowState.UNREMOVED)]
        sent = [*refused, *(row for row in rows if row.state.is_accepted and row.fingerprint is None)]
        found: set[str] = set()
        while found != (found := found | {row.source_key for row in sent}):
            contacts = {row.contact_id for row in sent if row.contact_id}
            excuses = self.world.witness.excuses.items()
            denied = {row_id for (row_id, _), excuse in excuses if contacts & excuse.others.keys()}
            sent = [row for row in rows if row.contact_id in contacts or row.row_id in denied]
        return found

    def _row(self, key: int, row: MemoryRow, contact: Contact) -> Iterator[str]:
        if row.state is RowState.REFUSED:
            if not row.reasons:
                yield f"{key} is refused without a reason"
        elif row.state is RowState.SUPERSEDED:
            first = next(name for name in self.world.rules.identity if name in contact.identities)
            if not row.reasons or not self._waits_rightly(key, row, first, contact.identities[first]):
                yield f"{key} is superseded without need"
        elif not row.state.is_accepted:
            yield f"{key} is said to be {row.state}"
        elif row.contact_id not in self.world.account.contacts:
            if row.contact_id not in self.world.witness.gone:
                yield f"{key} has no contact"
        elif not self._is_replanned(key, row):
            yield from self._values(key, row, contact)

    def _values(self, key: int, row: MemoryRow, contact: Contact) -> Iterator[str]:
        here = self.world.account.contacts[str(row.contact_id)]
        on_contact = [each for each in self._present() if each.contact_id == row.contact_id]
        if len(on_contact) > 1:
            names = {self.world.known[int(each.source_key)].name for each in on_contact}
            if all(each.state.is_accepted for each in on_contact) and here.get("firstName") not in names:
                yield f"{key} is on contact {row.contact_id} with others, which shows {here.get('firstName')}"
            return
        for name in ("email", "phone", "firstName"):
            wanted = contact.fields.get(name)
            if wanted is None or here.get(name) == wanted or (row.contact_id, name) in self.world.witness.edited:
                continue
            if name == "firstName" or not self._lacks_rightly(key, row, name, str(wanted)):
                yield f"{key} wants {name} {wanted}, and its contact {row.contact_id} shows {here.get(name)}"

    def _is_replanned(self, key: int, row: MemoryRow) -> bool:
        """Return whether a row is to be planned when a run reads it, and this run did not, or knew of it too late."""
        was_not_read = self.read is not None and key not in self.read
        is_unsure = any(each.plan_again and each.row.row_id == row.row_id for each in self.world.delivered)
        return row.fingerprint is None and (was_not_read or is_unsure or row.contact_id in self.world.overwritten)

    def _lacks_rightly(self, key: int, row: MemoryRow, name: str, value: str) -> bool:
        """Return whether there is a reason why a contact does not show an identity of its row."""
        if name in self.world.rules.identity and self._waits_rightly(key, row, name, value):
            return True
        excuse = self.world.witness.excuses.get((row.row_id, name))
        if excuse is None or excuse.value != value or not any(each.field == name for each in row.remarks):
            return False
        if any(why is not Why.KEPT for why in excuse.others.values()) or row.fingerprint is None:
            return True
        return any(self._keeps(contact_id, name, value) for contact_id in excuse.others)

    def _keeps(self, contact_id: str, name: str, value: str) -> bool:
        """Return whether a contact has an e-mail or phone, or a colleague took it away and no answer has shown that."""
        witness = self.world.witness
        contact = self.world.account.contacts.get(contact_id, {})
        is_gone_unseen = contact_id in witness.gone and bool(witness.rows_on(contact_id))
        return value in identities_of(contact, name) or is_gone_unseen or (contact_id, name) in witness.edited

    def _waits_rightly(self, key: int, row: MemoryRow, name: str, value: str) -> bool:
        """Return whether a row waits for an identity that another row has, or had when the row was read last."""
        hashed = UNKEYED.hash(name, value)
        if self.world.state.claims.get((hashed, row.row_id)) is not ClaimKind.WAITS:
            return False
        holders = [
            (self.world.state.rows[row_id], kind)
            for (identity, row_id), kind in self.world.state.claims.items()
            if identity == hashed and kind is not ClaimKind.WAITS
        ]
        if not holders:
            return self.read is not None and key not in self.read
        [(holder, kind)] = holders
        if kind is ClaimKind.RETAINS:
            return holder.state in (RowState.INVALID, RowState.SUPERSEDED)
        people = self.world.known if self.read is None else self.world.last_read
        person = people.get(int(holder.source_key))
        held = self.world.contact_of(person) if person else None
        return held is not None and held.identities.get(name) == value

    def _present(self) -> list[MemoryRow]:
        rows = (self.world.state.row_of(str(key)) for key in self.world.known)
        return [row for row in rows if row is not None]

    def _shared_contacts(self) -> Iterator[str]:
        by_contact: dict[str, list[MemoryRow]] = {}
        for row in self._present():
            if row.contact_id is not None:
                by_contact.setdefault(row.contact_id, []).append(row)
        for contact_id, rows in by_contact.items():
            ids = {row.row_id for row in rows}
            if len([row for row in rows if row.collides_with not in ids]) > 1:
                yield f"{[row.source_key for row in rows]} are on contact {contact_id} without a collision"

    def _orphans(self) -> Iterator[str]:
        known = {row.contact_id for row in self.world.state.rows.values()} | self.strangers
        for contact_id in self.world.account.contacts.keys() - known - set(self.unacknowledged()):
            yield f"contact {contact_id} is of nobody: {self.world.account.contacts[contact_id]}"

    def unacknowledged(self) -> Iterator[str]:
        """Return the contacts of lost answers that nothing finds.

        Their rows can't be sent, or a colleague gave the contact another e-mail or phone.
        """
        for contact_id in self.world.unheard & self.world.account.contacts.keys():
            created_for = str(self.world.account.contacts[contact_id].get("firstName", "")).partition(" ")[0]
            row = self.world.state.row_of(created_for.removeprefix("K"))
            was_changed = any((contact_id, name) in self.world.witness.edited for name in ("email", "phone"))
            if row is None or was_changed or not row.state.is_accepted or int(row.source_key) not in self.world.known:
                yield contact_id

    def _removed(self) -> Iterator[str]:
        policy, edited = self.world.policy, self.world.witness.edited
        if self.read is not None or policy.on_removed == "ignore" or not self.world.known:
            return
        living = {row.contact_id for row in self._present()}
        contacts: Mapping[str, Mapping[str, Any]] = self.world.account.contacts
        for row in self.world.state.rows.values():
            contact_id = str(row.contact_id)
            is_departed = int(row.source_key) not in self.world.known
            is_tagged = "left" in contacts.get(contact_id, {}).get("tags", ())
            if is_departed and contact_id in contacts and contact_id not in living:
                if policy.on_removed == "delete" and row.created_by_sync:
                    yield f"{row.source_key} departed, and its contact {contact_id} is still there"
                if policy.on_removed == "tag" and not is_tagged and (contact_id, "tags") not in edited:
                    yield f"{row.source_key} departed, and its contact {contact_id} is not tagged"
            sent = row.state.is_accepted and (contact_id, "tags") not in edited
            if not is_departed and sent and is_tagged:
                yield f"{row.source_key} is in the source, and its contact {contact_id} is tagged"
