"""What the account showed at the time of each call, and what people of the CRM did: why a contact lacks a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from leadway_provider.sync.identities import IDENTITIES, UNKEYED
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Delivery
from leadway_provider.testing import MemoryAccount, MemoryState
from leadway_provider.testing.contact import identities_of
from leadway_provider.testing.tables import MemoryRow

CHANGED_BY_HAND = ("email", "phone", "tags")


class Why(StrEnum):
    """Why a row is written without an e-mail or phone that another contact has."""

    STRANGER = "no row lived on the other contact when the run began"
    FURTHER = "the other contact has it as a further one, which no call changes"
    COLLEAGUE = "a colleague gave it to the other contact, and no answer of an earlier run has shown that"
    KEPT = "the account clears nothing"


@dataclass(frozen=True)
class Excuse:
    """Why a contact of the sync does not have an e-mail or phone of its row.

    Attributes:
        value: the e-mail or phone.
        others: the contacts that had it when the row was sent, and why they may.
    """

    value: str
    others: Mapping[str, Why]


Place: TypeAlias = tuple[str, str]
"""A contact, and one of its fields or values."""


@dataclass
class Witness:
    """Looks at each call and each acknowledgement of a world, and at what colleagues do.

    Attributes:
        account: the account.
        state: the state of the sync.
        edited: the fields that a colleague changed since a row was last written to the contact.
        given: the e-mails and phones that a colleague gave a contact, while it has them.
        gone: contacts that a colleague deleted or merged into another one.
        excuses: why rows, by id and field, were last written without an e-mail or phone of theirs.
        unexplained: deliveries that ended as nothing explains.
        known: the hashes of the identities that answers of earlier runs showed on contacts.
        settled: the contacts that rows lived on when the run's delivery began.
        kept: the e-mails and phones that contacts were to give up in this attempt, and kept.
    """

    account: MemoryAccount
    state: MemoryState
    edited: set[Place] = field(default_factory=set)
    given: set[Place] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    excuses: dict[tuple[int, str], Excuse] = field(default_factory=dict)
    unexplained: list[str] = field(default_factory=list)
    known: set[Place] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)
    kept: set[Place] = field(default_factory=set)
    _others: dict[tuple[object, str], dict[str, Why]] = field(default_factory=dict)

    def delivery_begins(self) -> None:
        """Note what is known of contacts before a run is delivered."""
        rows = self.state.rows.values()
        self.settled = {row.contact_id for row in rows if row.contact_id}
        self.known = {(row.contact_id, hashed) for row in rows if row.contact_id for hashed in row.in_crm}

    def attempt_begins(self) -> None:
        """Forget what contacts kept in an earlier attempt."""
        self.kept.clear()

    def clears(self, contact_id: str, fields: Mapping[str, object]) -> None:
        """Note what a contact keeps, where the account clears nothing, before it is to give that up."""
        if not self.account.clears_identities:
            contact = self.account.contacts.get(contact_id, {})
            self.kept |= {(contact_id, str(contact[name])) for name in fields if contact.get(name)}

    def colleague_changed(self, before: Mapping[str, Mapping[str, Any]]) -> None:
        """Note what a colleague did to contacts, which were like that before."""
        now = self.account.contacts
        self.gone |= before.keys() - now.keys()
        for contact_id, contact in now.items():
            was = before.get(contact_id, {})
            self.edited |= {(contact_id, name) for name in CHANGED_BY_HAND if was.get(name) != contact.get(name)}
            had = {value for name in IDENTITIES for value in identities_of(was, name)}
            has = {value for name in IDENTITIES for value in identities_of(contact, name)}
            self.given |= {(contact_id, value) for value in has - had}
            self.given -= {(contact_id, value) for value in had - has}

    def called(self, fields: Mapping[str, object]) -> None:
        """Note which contacts have the e-mail and phone that a call sends, before it is carried out."""
        for name in IDENTITIES:
            if value := fields.get(name):
                self._others[fields.get("firstName"), name] = dict(self._reasons(name, str(value)))

    def acknowledged(self, deliveries: Sequence[Delivery], refused: Iterable[str]) -> None:
        """Note whether there are reasons why rows were refused, or written without an e-mail or phone."""
        for delivery in deliveries:
            if delivery.outcome is RowState.REFUSED:
                self._refused(delivery, frozenset(refused))
            elif delivery.outcome.is_accepted:
                self._accepted(delivery)
        self.given = {(contact_id, value) for contact_id, value in self.given if value in self._values(contact_id)}

    def _refused(self, delivery: Delivery, refused: frozenset[str]) -> None:
        codes = {reason.code for reason in delivery.reasons}
        is_right = (
            bool(refused.intersection(delivery.row.contact.identities.values()))
            if codes == {"refused_by_api"}
            else bool(codes) and not self.account.clears_identities
        )
        if not is_right:
            self.unexplained.append(f"{delivery.row.source_key} is refused without need: {delivery.reasons}")

    def _accepted(self, delivery: Delivery) -> None:
        contact_id, row, contact = str(delivery.contact_id), delivery.row, delivery.row.contact
        self.edited = {place for place in self.edited if place[0] != contact_id}
        for name in IDENTITIES:
            self.excuses.pop((row.row_id, name), None)
            value = contact.identities.get(name)
            others = self._others.pop((contact.fields.get("firstName"), name), {})
            if value is None or UNKEYED.hash(name, value) in delivery.in_crm:
                continue
            kept = {} if self.account.clears_identities else dict.fromkeys(self._keeping(name, value), Why.KEPT)
            others = {other: why for other, why in {**kept, **others}.items() if other != contact_id}
            said = any(each.field == name for each in (*delivery.remarks, *delivery.not_kept))
            if others and said:
                self.excuses[row.row_id, name] = Excuse(value, others)
            else:
                self.unexplained.append(f"{row.source_key} is written without {name} {value}: {others}, said: {said}")

    def _reasons(self, name: str, value: str) -> Iterator[tuple[str, Why]]:
        """Return the contacts that have a value now and may have it, with the reason."""
        for contact_id in self._having(name, value):
            if why := self._why(contact_id, name, value):
                yield contact_id, why

    def _having(self, name: str, value: str) -> list[str]:
        contacts = self.account.contacts.items()
        return [contact_id for contact_id, contact in contacts if value in identities_of(contact, name)]

    def _keeping(self, name: str, value: str) -> set[str]:
        """Return the contacts that have a value, or kept it when the row that wants it was about to be sent."""
        return {*self._having(name, value), *(contact_id for contact_id, kept in self.kept if kept == value)}

    def _why(self, contact_id: str, name: str, value: str) -> Why | None:
        if contact_id not in self.settled or not self.rows_on(contact_id):
            return Why.STRANGER
        if self.account.contacts[contact_id].get(name) != value:
            return Why.FURTHER
        if (contact_id, value) in self.given and (contact_id, UNKEYED.hash(name, value)) not in self.known:
            return Why.COLLEAGUE
        return None if self.account.clears_identities else Why.KEPT

    def rows_on(self, contact_id: str) -> list[MemoryRow]:
        """Return the rows that live on a contact."""
        return [row for row in self.state.rows.values() if row.contact_id == contact_id]

    def _values(self, contact_id: str) -> set[str]:
        contact = self.account.contacts.get(contact_id, {})
        return {value for name in IDENTITIES for value in identities_of(contact, name)}
