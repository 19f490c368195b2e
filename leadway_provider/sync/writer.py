"""How one row is written: to the contact where it lives, or by an upsert where the account has to match one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from leadway_provider.clock import Clock
from leadway_provider.contacts.contact import Contact, JsonValue, Reason
from leadway_provider.contacts.echo import not_kept
from leadway_provider.contacts.reasons import reason
from leadway_provider.contacts.write_policy import for_existing, has_policies, needs_look
from leadway_provider.exceptions import (
    ContactNotFoundError,
    IdentityTakenError,
    LeadwayError,
    RefusedError,
    UnavailableError,
)
from leadway_provider.sync.company import update_company
from leadway_provider.sync.edits import EditFinder
from leadway_provider.sync.identities import IDENTITIES, UNKEYED, IdentityHasher
from leadway_provider.sync.lost import find_created, recover
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.ports import ContactSink, UpsertEcho
from leadway_provider.sync.records import Blocker, Identity, OutboxRow
from leadway_provider.sync.written import Written


class NoIdentityError(Exception):
    """Nothing is left of a row to match a contact by, and it lives on none that is known, so it can't be sent.

    Other contacts of this sync have every identity that the account matches by, or the row has none and its contact is
    gone.
    """

    outcome: Final = RowState.REFUSED

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        super().__init__("no identity is left")
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class ContactWriter:
    """Writes rows to the account.

    Attributes:
        sink: the account.
        clock: to distinguish a contact that a lost call created from an older one, and to wait.
        began_at: when this delivery began; calls of earlier ones left before.
        mark_sent: stores that a call which must not be repeated may have been sent, or certainly was not (None).
        store_cleared: stores that a contact gave an identity up, with the trace id and the status of the answer.
        hasher: hashes the sync's e-mails and phones.
        edits: finds what somebody has edited in the CRM.
    """

    sink: ContactSink
    clock: Clock
    began_at: datetime
    mark_sent: Callable[[OutboxRow, datetime | None], Awaitable[None]]
    store_cleared: Callable[[Blocker, str | None, int | None], Awaitable[None]]
    hasher: IdentityHasher = UNKEYED
    edits: EditFinder = field(default_factory=EditFinder, repr=False)

    async def placed(self, row: OutboxRow) -> OutboxRow:
        """Return the row with the contact that it is written to, as far as that must be known before any call."""
        return row

    async def write(self, row: OutboxRow, kept: Sequence[Blocker] = ()) -> Written:
        """Write a row; identities that other rows' contacts keep are left out.

        Raises:
            NoIdentityError: nothing is left to match a contact by.
            UnsureError: it is not known whether a contact was created.
            LeadwayError: as the account raises.
        """
        hashed = self.hasher.fields_of(row.contact) if kept else {}
        remarks = _kept_by_others(hashed, kept)
        contact = _without(row.contact, {hashed[blocker.identity] for blocker in kept if blocker.identity in hashed})
        if contact_id := contact.contact_id or row.contact_id:
            try:
                return await self._write_to(row, contact_id, contact, remarks)
            except ContactNotFoundError:
                contact = replace(contact, differing=None)  # of the contact that is gone
                self._check_identities(row, contact, remarks)
                return await self._write_anew(row, contact, remarks)
        self._check_identities(row, contact, remarks)
        if contact_id := await self._created_before(row):
            with suppress(ContactNotFoundError):
                return await self._write_to_found(row, contact_id, contact, remarks)
        matched = await self._match(row, contact)
        echo = matched.echo
        if self._lacks(echo, [each for each in row.left_behind if each.contact_id != echo.contact_id]):
            written = await self._write_to_found(row, echo.contact_id, contact, remarks)
            return replace(written, is_new=matched.is_new, left_out=matched.left_out)
        return replace(matched, remarks=tuple(remarks))

    async def free(self, row: OutboxRow, blockers: Sequence[Blocker]) -> list[Blocker]:
        """Let contacts give up what a row is about to take, and return those blockers whose contacts keep it.

        A contact whose own row is not written in this run is read first: a colleague may have given it another e-mail
        or phone since, which must stay. So is a contact of which no answer has shown what is to be given up.

        Raises:
            LeadwayError: as the account and the store raise.
        """
        kept: list[Blocker] = []
        names = self.hasher.fields_of(row.contact) if blockers else {}
        for contact_id in dict.fromkeys(blocker.contact_id for blocker in blockers):
            of_contact = [blocker for blocker in blockers if blocker.contact_id == contact_id]
            try:
                if not all(blocker.is_pending and blocker.is_acknowledged for blocker in of_contact):
                    of_contact = await self._still_there(contact_id, of_contact)
                if of_contact:
                    kept += await self._clear(contact_id, {blocker: names[blocker.identity] for blocker in of_contact})
            except ContactNotFoundError as error:
                for blocker in of_contact:
                    await self.store_cleared(blocker, error.trace_id, error.status)
            except RefusedError:
                kept += of_contact
        return kept

    async def _still_there(self, contact_id: str, blockers: Sequence[Blocker]) -> list[Blocker]:
        """Return those blockers whose identities the contact still has."""
        found = self.hasher.shown((await self.sink.get_contact(contact_id)).fields)
        for blocker in blockers:
            if blocker.identity not in found:
                await self.store_cleared(blocker, None, None)
        return [blocker for blocker in blockers if blocker.identity in found]

    async def _clear(self, contact_id: str, names: Mapping[Blocker, Identity]) -> list[Blocker]:
        """Clear fields of one contact, and return those blockers whose identities the answer still shows."""
        fields: dict[str, JsonValue] = dict.fromkeys(names.values())
        echo = await self.sink.update_contact(contact_id, fields)
        shown = self.hasher.shown(echo.kept)
        kept = [blocker for blocker in names if blocker.identity in shown]
        for blocker in names:
            if blocker not in kept:
                await self.store_cleared(blocker, echo.trace_id, echo.status)
        return kept

    async def _write_to(self, row: OutboxRow, contact_id: str, contact: Contact, remarks: Sequence[Reason]) -> Written:
        """Write to a known contact, and once more what only an upsert takes.

        Raises:
            ContactNotFoundError: the account has no such contact.
        """
        given = contact.api_paths
        if needs_look(contact):
            contact = await self._unless_edited(row, contact_id, contact)
        else:
            contact = for_existing(contact, None)
        left_out = frozenset(given - contact.api_paths)
        echo, contact, taken = await self._update(contact_id, contact)
        differences = not_kept(contact.fields, echo.kept, new=False)
        lost = {each.field for each in differences if each.field in contact.identities}
        taken += await self._taken_silently(echo, contact.identities, lost)
        kept = tuple(each for each in differences if each.field not in lost)
        # An answer leaves the company's name out where the contact has none.
        if contact.fields.get("companyName") and "companyName" not in echo.kept:
            kept = (*kept, reason("companyName", "dropped"))
        if any(each.field == "companyName" for each in kept):
            echo, kept = await self._update_company(echo, contact, kept)
        written = self._written(echo, False, kept, (*remarks, *taken))  # noqa: FBT003 - the second is whether it is new
        sent = frozenset(contact.update_paths | contact.upsert_only_fields.keys())
        return replace(written, left_out=left_out, sent=sent)

    async def _unless_edited(self, row: OutboxRow, contact_id: str, contact: Contact) -> Contact:
        """Look a contact up, and return what is written to it."""
        held = (await self.sink.get_contact(contact_id)).fields
        return for_existing(contact, held, self._edited(row, contact_id, contact, held))

    def _edited(
        self, row: OutboxRow, contact_id: str, contact: Contact, held: Mapping[str, JsonValue]
    ) -> frozenset[str]:
        return self.edits.edited(contact, contact_id, held, row.acknowledged_values)

    def _lacks(self, echo: UpsertEcho, blockers: Sequence[Blocker]) -> bool:
        """Return whether an answer does not show all of what other contacts have."""
        return not self.hasher.shown(echo.kept).issuperset(blocker.identity for blocker in blockers)

    async def _write_to_found(
        self, row: OutboxRow, contact_id: str, contact: Contact, remarks: Sequence[Reason]
    ) -> Written:
        """Write to a contact that turned out to be the row's; others that it might have had give up first."""
        kept = await self.free(row, [each for each in row.left_behind if each.contact_id != contact_id])
        hashed = self.hasher.fields_of(contact)
        said = (*remarks, *_kept_by_others(hashed, kept))
        left = _without(contact, {hashed[blocker.identity] for blocker in kept if blocker.identity in hashed})
        written = await self._write_to(row, contact_id, left, said)
        return replace(written, is_new=True, denied=tuple(kept))

    def _check_identities(self, row: OutboxRow, contact: Contact, remarks: Sequence[Reason]) -> None:
        """Raise NoIdentityError if nothing is left to match a contact by: each upsert would create another one.

        A row from which nothing was left out, and that names no contact, has an identity that the account matches by.
        """
        if (remarks or contact.contact_id) and not self.hasher.fields_of(contact).keys() & row.claimed:
            raise NoIdentityError(tuple(remarks) or (reason("", "no_identity"),))

    async def _write_anew(self, row: OutboxRow, contact: Contact, remarks: Sequence[Reason]) -> Written:
        """Let the account match a contact for a row whose contact is gone, unless a lost call has created one."""
        if contact_id := await self._created_before(row):
            recreated = reason("", "contact_recreated")
            with suppress(ContactNotFoundError):
                return await self._write_to_found(row, contact_id, contact, (*remarks, recreated))
        matched = await self._match(row, contact)
        moved = reason("", "contact_recreated" if matched.is_new else "contact_moved")
        return replace(matched, remarks=(*remarks, moved))

    async def _match(self, row: OutboxRow, contact: Contact) -> Written:
        """Let the account match a contact or create one; one that exists gets what write policies allow.

        An upsert does not tell before whether it creates. So where a policy asks for that, the contact is looked up by
        e-mail and phone and, as a search lags behind, by the id that this shows.
        """
        allowed = contact
        if has_policies(contact) and contact.repeatable:
            allowed = await self._allowed(row, contact)
        echo = first = await self._upsert(row, allowed)
        if first.new and allowed is not contact:  # the contact that was found is not the one that is matched
            echo, allowed = await self._upsert(row, contact), contact
        written = self._written(echo, first.new, not_kept(allowed.fields, echo.kept, new=first.new), ())
        return replace(written, left_out=frozenset(contact.api_paths - allowed.api_paths))

    async def _allowed(self, row: OutboxRow, contact: Contact) -> Contact:
        """Return what the contact that the account matches gets; all, where it has none.

        Where the search shows a contact that has neither e-mail nor phone of the row any more, it is not known which
        one the account matches, and nothing is sent that a policy may leave to the CRM.
        """
        identities = contact.identities
        found = await self.sink.find_duplicate(email=identities.get("email"), phone=identities.get("phone"))
        if found is None:
            return contact
        with suppress(ContactNotFoundError):
            held = (await self.sink.get_contact(found.id)).fields
            if self.hasher.shares(contact, held):
                return for_existing(contact, held, self._edited(row, found.id, contact, held))
        return for_existing(contact, None)

    def _written(
        self,
        echo: UpsertEcho,
        is_new: bool,  # noqa: FBT001 - as the fields of `Written`
        differences: tuple[Reason, ...],
        remarks: tuple[Reason, ...],
    ) -> Written:
        return Written(echo, is_new, differences, remarks, self.hasher.shown(echo.kept))

    async def _created_before(self, row: OutboxRow) -> str | None:
        """Return the contact that a call whose answer was lost has created for what the row was before, or None."""
        for former in row.former:
            found = await find_created(self.sink, former, since=row.known_since, until=self.began_at, clock=self.clock)
            if found is not None:
                return found
        return None

    async def _update(self, contact_id: str, contact: Contact) -> tuple[UpsertEcho, Contact, list[Reason]]:
        """Write to a known contact; return the answer, what was sent, and remarks about identities that are taken."""
        taken: list[Reason] = []
        while True:
            try:
                return await self.sink.update_contact(contact_id, contact.update_fields), contact, taken
            except IdentityTakenError as error:
                if error.field is None or error.field not in contact.identities:
                    raise
                taken.append(_identity_taken(error.field, error.contact_id))
                contact = _without(contact, {error.field})

    async def _taken_silently(self, echo: UpsertEcho, sent: Mapping[str, str], lost: Collection[str]) -> list[Reason]:
        """Return remarks about identities that the account has left out without an error.

        An answer that shows neither e-mail nor phone may be of a contact that has none, or say nothing of them: there
        only an identity that another contact has was left out.
        """
        says_nothing = not any(_text(echo.kept.get(name)) for name in IDENTITIES)
        remarks = []
        for name in IDENTITIES:
            if name in lost or (says_nothing and name in sent):
                owner = await self._owner(name, sent[name])
                if name in lost or owner not in (None, echo.contact_id):
                    remarks.append(_identity_taken(name, owner))
        return remarks

    async def _owner(self, name: Identity, value: str) -> str | None:
        """Return the id of the contact that has the identity, as far as the account says."""
        found = await self.sink.find_duplicate(**{name: value})
        return None if found is None else found.id

    async def _update_company(
        self, echo: UpsertEcho, contact: Contact, differences: tuple[Reason, ...]
    ) -> tuple[UpsertEcho, tuple[Reason, ...]]:
        """See `update_company`."""
        return await update_company(self.sink, echo, contact, differences)

    async def _upsert(self, row: OutboxRow, contact: Contact) -> UpsertEcho:
        """Let the account match a contact or create one; a call that must not be repeated is marked before."""
        if contact.repeatable:
            return await self.sink.upsert_contact(contact.fields)
        if row.sent_at is not None:
            return await self._recover(contact, row.sent_at)
        sent_at = self.clock.now()
        await self.mark_sent(row, sent_at)
        try:
            return await self.sink.upsert_contact(contact.fields)
        except LeadwayError as error:
            if not (isinstance(error, UnavailableError) and error.maybe_received):
                await self.mark_sent(row, None)
                raise
        return await self._recover(contact, sent_at)

    async def _recover(self, contact: Contact, sent_at: datetime) -> UpsertEcho:
        send, sleep = self.sink.upsert_contact, self.clock.sleep
        return await recover(self.sink, contact, send=send, sent_at=sent_at, sleep=sleep)


def _without(contact: Contact, names: set[Identity]) -> Contact:
    if not names:
        return contact
    fields: Mapping[str, JsonValue] = {name: value for name, value in contact.fields.items() if name not in names}
    return replace(contact, fields=fields)


def _kept_by_others(names: Mapping[str, Identity], kept: Sequence[Blocker]) -> list[Reason]:
    """Return a remark for each identity, named by its hash, that another row's contact keeps."""
    lost = {names[blocker.identity]: blocker.contact_id for blocker in kept if blocker.identity in names}
    return [_identity_taken(name, contact_id) for name, contact_id in lost.items()]


def _identity_taken(name: Identity, contact_id: str | None) -> Reason:
    return reason(name, "identity_taken", f"It is contact {contact_id}." if contact_id else "")


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None
