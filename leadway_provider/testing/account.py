"""An account in memory, with the CRM's rules of who is matched: what the sandbox does over HTTP, without HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from leadway_provider.clock import utc_now
from leadway_provider.contacts.contact import UPSERT_ONLY, JsonValue
from leadway_provider.exceptions import ContactNotFoundError, IdentityField, IdentityTakenError, RefusedError
from leadway_provider.testing.answers import MemoryAnswer, MemoryContact, MemoryTagsAnswer, MemoryTagsItem
from leadway_provider.testing.contact import (
    SECONDARY,
    identities_of,
    merge_into,
    shown,
    stored_identity,
    stored_tags,
    write_fields,
    write_identity,
)

_UPSERT: Final = "POST /contacts/upsert"
_CREATE: Final = "POST /contacts/"
_UPDATE: Final = "PUT /contacts/{contactId}"
_GET: Final = "GET /contacts/{contactId}"
_DELETE: Final = "DELETE /contacts/{contactId}"
_IDENTITIES: Final[tuple[IdentityField, ...]] = ("email", "phone")
_EMAIL: Final = re.compile(r"[^@\s\"(),:;<>\[\]\\]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass
class MemoryAccount:
    """A location of the CRM, in memory, with the methods of the client that plan, deliver and remove use.

    An upsert matches by the fields of `priority` in their order. Where they match two contacts, the first one's contact
    is written and the other value is ignored, without an error. An update by id is refused where another contact has
    the e-mail or phone. Custom fields are kept as they are sent, whatever the account defines.

    Attributes:
        priority: what is compared to find an existing contact, in this order.
        allows_duplicates: the setting that lets `createNewIfDuplicateAllowed` create without looking, and that lets
            two contacts share an e-mail or phone.
        refuses_taken_identities: whether an update with another contact's e-mail or phone is refused; False writes
            everything but that value, without an error. It is not known which of the two the service does.
        page_size: how many contacts a search returns at a time.
        clears_identities: whether null clears an e-mail or a phone; False leaves the old value, without an error. It is
            not known which of the two the service does.
        calls: how many calls were made.
        now: returns the present, for the contacts' `dateAdded`.
    """

    priority: Sequence[IdentityField] = ("email", "phone")
    allows_duplicates: bool = False
    refuses_taken_identities: bool = True
    clears_identities: bool = True
    page_size: int = 500
    calls: int = 0
    now: Callable[[], datetime] = utc_now
    _created: int = 0
    _contacts: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    _holders: dict[tuple[str, str], list[str]] = field(default_factory=dict, repr=False)

    @property
    def contacts(self) -> Mapping[str, Mapping[str, Any]]:
        """The contacts' fields by id, in the API's names, to be read only."""
        return self._contacts

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        """Create a contact, or write to the one that is matched.

        Raises:
            RefusedError: the fields hold neither e-mail nor phone, or the e-mail is not one.
        """
        self.calls += 1
        _check_email(_UPSERT, fields)
        if not any(fields.get(name) for name in _IDENTITIES):
            raise _refused(_UPSERT, "Pass at least one of number, email query parameter")
        matched, ignored = None, ""
        if not (self.allows_duplicates and fields.get("createNewIfDuplicateAllowed")):
            matched, ignored = self._match(fields)
        contact_id = matched or self._create(fields)
        self._write(contact_id, {name: value for name, value in fields.items() if name != ignored})
        return self._answer(contact_id, new=matched is None)

    async def create_contact(self, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        """Create a contact.

        Raises:
            IdentityTakenError: the account allows no duplicates, and another contact has the e-mail or phone.
            RefusedError: the fields hold neither e-mail nor phone, or the e-mail is not one.
        """
        self.calls += 1
        _check_email(_CREATE, fields)
        if not any(fields.get(name) for name in _IDENTITIES):
            raise _refused(_CREATE, "Pass at least one of number, email query parameter")
        if taken := self._taken("", fields):
            raise _taken_error(_CREATE, taken)
        contact_id = self._create(fields)
        self._write(contact_id, fields)
        return self._answer(contact_id, new=True)

    async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        """Write to one contact.

        Raises:
            ContactNotFoundError: the account has no such contact.
            IdentityTakenError: another contact has the e-mail or phone; nothing was written.
            RefusedError: a field is one that only an upsert takes, or the e-mail is not one.
        """
        self.calls += 1
        if unknown := [name for name in fields if name in UPSERT_ONLY]:
            raise _refused(_UPDATE, *(f"property {name} should not exist" for name in unknown), status=422)
        _check_email(_UPDATE, fields)
        self._contact(contact_id, _UPDATE)
        taken = self._taken(contact_id, fields)
        if taken and self.refuses_taken_identities:
            raise _taken_error(_UPDATE, taken)
        self._write(contact_id, {name: value for name, value in fields.items() if name not in taken})
        return self._answer(contact_id, new=False)

    async def get_contact(self, contact_id: str) -> MemoryContact:
        """Return a contact.

        Raises:
            ContactNotFoundError: the account does not have this contact.
        """
        self.calls += 1
        return MemoryContact(contact_id, shown(contact_id, self._contact(contact_id, _GET)))

    async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> MemoryContact | None:
        """Return the contact that the account would match, or None."""
        self.calls += 1
        found, _ = self._match({"email": email, "phone": phone})
        return None if found is None else MemoryContact(found, shown(found, self._contacts[found]))

    async def search_contacts(self, after: Sequence[JsonValue] | None = None, limit: int = 500) -> list[MemoryContact]:
        """Return the next contacts of the account, in the order in which they were added; none at the end.

        Args:
            after: the `searchAfter` of the last contact that was read; None begins with the first contact.
            limit: the most contacts to return, if `page_size` is not fewer.
        """
        self.calls += 1
        start = 0 if after is None else int(str(after[0]))
        places = {contact_id: int(contact_id.removeprefix("contact")) for contact_id in self._contacts}
        found = [each for each, place in places.items() if place > start][: min(self.page_size, limit)]
        return [
            MemoryContact(each, {**shown(each, self._contacts[each]), "searchAfter": [places[each]]}) for each in found
        ]

    async def may_share_identities(self) -> bool:
        """Return whether two contacts may have one e-mail or phone."""
        return self.allows_duplicates

    async def is_readable(self) -> bool:
        """Return True: this account's answers can always be read."""
        return True

    async def update_tags(
        self, kind: Literal["add", "remove"], contact_ids: Sequence[str], tags: Sequence[str]
    ) -> MemoryTagsAnswer:
        """Add the same tags to contacts, or remove them; a contact that does not exist fails alone."""
        self.calls += 1
        items = []
        for contact_id in contact_ids:
            contact = self._contacts.get(contact_id)
            if contact is None:
                items.append(MemoryTagsItem(contact_id, ok=False, message="contact is deleted"))
                continue
            held, changed = contact.get("tags", ()), stored_tags(tags)
            added = [*held, *(tag for tag in changed if tag not in held)]
            contact["tags"] = added if kind == "add" else [tag for tag in held if tag not in changed]
            items.append(MemoryTagsItem(contact_id, ok=True, message="Tags updated"))
        return MemoryTagsAnswer(tuple(items))

    async def delete_contact(self, contact_id: str) -> None:
        """Delete a contact.

        Raises:
            ContactNotFoundError: the account has no such contact.
        """
        self.calls += 1
        self._contact(contact_id, _DELETE)
        self._delete(contact_id)

    def add_contact(self, **fields: JsonValue) -> str:
        """Add a contact as a user of the CRM can, and return its id."""
        contact_id = self._create(fields)
        self._write(contact_id, fields)
        return contact_id

    def edit_contact(self, contact_id: str, **fields: JsonValue) -> None:
        """Change a contact as a user of the CRM can; two contacts may share an e-mail or phone afterwards."""
        self._write(contact_id, fields)

    def merge_contacts(self, contact_id: str, *, into: str) -> None:
        """Merge a contact into another one as a user of the CRM can; its id is gone, and the other one's stays."""
        merged = dict(self._contacts[contact_id])
        self._delete(contact_id)
        with self._indexed(into) as contact:
            merge_into(contact, merged)

    def _match(self, fields: Mapping[str, JsonValue]) -> tuple[str | None, str]:
        """Return the contact that is matched, and the field whose value is ignored, because it is another's."""
        matched, ignored = None, ""
        for name in self.priority:
            holders = self._holders_of(name, stored_identity(name, fields.get(name)))
            if holders and matched is None:
                matched = holders[0]
            elif holders and matched not in holders:
                ignored = name
        return matched, ignored

    def _taken(self, contact_id: str, fields: Mapping[str, JsonValue]) -> dict[IdentityField, str]:
        """Return by field the contacts that have an identity which an update would give to another contact."""
        taken: dict[IdentityField, str] = {}
        for name in () if self.allows_duplicates else self.priority:
            holders = self._holders_of(name, stored_identity(name, fields.get(name)))
            if holders and contact_id not in holders:
                taken[name] = holders[0]
        return taken

    def _holders_of(self, name: str, value: str | None) -> Sequence[str]:
        """Return the contacts that have this e-mail or phone, the one that has had it for longest first."""
        return self._holders.get((name, value), ()) if value else ()

    def _contact(self, contact_id: str, call: str) -> dict[str, Any]:
        try:
            return self._contacts[contact_id]
        except KeyError:
            raise ContactNotFoundError(
                f"{call}: Contact not found.", call=call, status=400, reasons=("Contact not found",)
            ) from None

    def _create(self, fields: Mapping[str, JsonValue]) -> str:
        self._created += 1
        contact_id = f"contact{self._created}"
        added_at = self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        contact = self._contacts[contact_id] = {"dateAdded": added_at}
        if gender := fields.get("gender"):  # observed: accepted and ignored on an existing contact
            contact["gender"] = str(gender)
        return contact_id

    def _write(self, contact_id: str, fields: Mapping[str, JsonValue]) -> None:
        with self._indexed(contact_id) as contact:
            for name in _IDENTITIES:
                if name in fields:
                    write_identity(contact, name, fields[name], clears=self.clears_identities)
            write_fields(contact, fields)

    def _delete(self, contact_id: str) -> None:
        with self._indexed(contact_id) as contact:
            for name in _IDENTITIES:
                contact.pop(name, None)
                contact.pop(SECONDARY[name], None)
        del self._contacts[contact_id]

    @contextmanager
    def _indexed(self, contact_id: str) -> Iterator[dict[str, Any]]:
        """Let a contact be changed, and keep who holds which e-mail and phone."""
        contact = self._contacts[contact_id]
        before = [(name, value) for name in _IDENTITIES for value in identities_of(contact, name)]
        yield contact
        after = [(name, value) for name in _IDENTITIES for value in identities_of(contact, name)]
        for each in before:
            if each not in after:
                self._holders[each].remove(contact_id)
        for each in after:
            if each not in before:
                self._holders.setdefault(each, []).append(contact_id)

    def _answer(self, contact_id: str, *, new: bool) -> MemoryAnswer:
        kept = shown(contact_id, self._contacts[contact_id])
        return MemoryAnswer(new, contact_id, kept, status=201 if new else 200)


def _check_email(call: str, fields: Mapping[str, JsonValue]) -> None:
    email = fields.get("email")
    if email is not None and not (isinstance(email, str) and _EMAIL.fullmatch(email)):
        raise _refused(call, "email must be an email", status=422)


def _taken_error(call: str, taken: Mapping[IdentityField, str]) -> IdentityTakenError:
    name, owner = next(iter(taken.items()))
    return IdentityTakenError(
        f"{call}: another contact has the {name}.",
        call=call,
        status=400,
        reasons=("This location does not allow duplicated contacts.",),
        contact_id=owner,
        field=name,
    )


def _refused(call: str, *reasons: str, status: int = 400) -> RefusedError:
    return RefusedError(
        f"{call}: refused with {status}: {'; '.join(reasons)}.", call=call, status=status, reasons=reasons
    )
