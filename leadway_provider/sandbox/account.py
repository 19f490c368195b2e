"""One location's contacts: which contact a request writes, and what it changes. Plain Python, no HTTP.

Documented: the account's setting says which of e-mail and phone are compared, and in which order. Where the two belong
to different contacts, the contact of the first one is updated and the second value is ignored. Observed: the answer
doesn't report that.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from leadway_provider.sandbox.contact import IDENTITIES, Identity, SandboxContact, stored_identity, stored_tags
from leadway_provider.sandbox.custom_fields import DEFAULT_CUSTOM_FIELDS, SandboxCustomField
from leadway_provider.sandbox.fields import write_fields
from leadway_provider.sandbox.identities import IdentityIndex
from leadway_provider.sandbox.search_index import SearchIndex
from leadway_provider.sandbox.users import DEFAULT_USERS, SandboxUser
from leadway_provider.sandbox.version import FIRST, VERSIONS, ApiVersion

_FIRST_VERSION = VERSIONS[FIRST]


@dataclass(frozen=True, slots=True)
class TagChange:
    """The tags of one contact before a request, and what the request added and removed."""

    before: tuple[str, ...] = field(repr=False)
    added: tuple[str, ...] = field(default=(), repr=False)
    removed: tuple[str, ...] = field(default=(), repr=False)


class TakenIdentityError(Exception):
    """An update was refused because its e-mail or phone belongs to another contact.

    Attributes:
        identity: which of the two.
        holder: the other contact.
    """

    def __init__(self, identity: Identity, holder: SandboxContact) -> None:
        super().__init__(f"the {identity} belongs to another contact")
        self.identity: Identity = identity
        self.holder = holder


class SandboxAccount:
    """A location with its contacts, custom fields and users.

    Args:
        location_id: the API's id of the account.
        priority: what is compared to find an existing contact, in this order: both fields or one of them.
        allow_duplicates: the setting that lets `createNewIfDuplicateAllowed` create without looking.
        refuses_taken_identities: whether an update with another contact's e-mail or phone is refused; False writes
            everything but that value, without an error. It is not known which of the two the service does.
        clears_identities: whether null or blank text clears an e-mail or a phone; False leaves the old value, without
            an error. It is not known which of the two the service does.
        search_lag: the seconds until a search finds what was written.
        custom_fields: the fields that the account has defined.
        users: the users of the account.
        clock: returns seconds since 1970.

    `priority`, `allow_duplicates`, `refuses_taken_identities` and `clears_identities` may be changed at any time.
    """

    def __init__(
        self,
        location_id: str,
        *,
        priority: Sequence[Identity] = ("email", "phone"),
        allow_duplicates: bool = False,
        refuses_taken_identities: bool = True,
        clears_identities: bool = True,
        search_lag: float = 0.0,
        custom_fields: Sequence[SandboxCustomField] = DEFAULT_CUSTOM_FIELDS,
        users: Sequence[SandboxUser] = DEFAULT_USERS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not priority or len(set(priority)) != len(priority) or not set(priority) <= set(IDENTITIES):
            raise ValueError("the priority must name email, phone or both, each once")
        self.location_id = location_id
        self.priority = tuple(priority)
        self.allow_duplicates = allow_duplicates
        self.refuses_taken_identities = refuses_taken_identities
        self.clears_identities = clears_identities
        self.search_lag = search_lag
        self.custom_fields = custom_fields
        self.users = tuple(users)
        self._clock = clock
        self.clear()

    @property
    def custom_fields(self) -> tuple[SandboxCustomField, ...]:
        """The fields that the account has defined; they may be replaced at any time."""
        return self._custom_fields

    @custom_fields.setter
    def custom_fields(self, fields: Sequence[SandboxCustomField]) -> None:
        self._custom_fields = tuple(fields)
        self._fields_by_id = {field.id: field for field in fields}
        self._fields_by_key = {field.key: field for field in fields}

    def clear(self) -> None:
        """Remove every contact."""
        self._contacts: dict[str, SandboxContact] = {}
        self._deleted: set[str] = set()
        self._identities = IdentityIndex()
        self._search = SearchIndex(self.search_lag)

    def restore(self, contacts: Iterable[SandboxContact], deleted: Iterable[str]) -> None:
        """Have these contacts and no others, as an earlier sandbox had them, and these ids of deleted ones."""
        self.clear()
        self._deleted.update(deleted)
        for contact in contacts:
            self._contacts[contact.id] = contact
            self._search.add(contact, contact.added_at)
            self._identities.restore(contact)

    @property
    def deleted(self) -> frozenset[str]:
        """The ids of contacts that were deleted."""
        return frozenset(self._deleted)

    def __len__(self) -> int:
        return len(self._contacts)

    @property
    def contacts(self) -> list[SandboxContact]:
        """Every contact, oldest first."""
        return list(self._contacts.values())

    @property
    def searchable(self) -> Sequence[SandboxContact]:
        """The contacts as a search finds them now, ordered by `dateAdded` and id."""
        return self._search.contacts(self._clock())

    def contact(self, contact_id: str) -> SandboxContact | None:
        """Return the contact of this id."""
        return self._contacts.get(contact_id)

    def was_deleted(self, contact_id: str) -> bool:
        """Return True if a contact of this id existed and was deleted or merged into another one."""
        return contact_id in self._deleted

    def holder(self, identity: Identity, value: str) -> SandboxContact | None:
        """Return the oldest contact that holds the e-mail (its primary or a secondary one) or the phone."""
        holders = self._identities.holders(identity, stored_identity(identity, value))
        return holders[0] if holders else None

    def define(self, field: SandboxCustomField) -> None:
        """Add a custom field, or replace the one that has its id; values of contacts stay."""
        self.custom_fields = tuple((self._fields_by_id | {field.id: field}).values())

    def upsert(self, body: Mapping[str, Any], version: ApiVersion = _FIRST_VERSION) -> tuple[bool, SandboxContact]:
        """Create or update the contact of a valid body; return True as the first value if it was created."""
        now = self._clock()
        matched: SandboxContact | None = None
        ignored: tuple[Identity, ...] = ()
        if not (self.allow_duplicates and body.get("createNewIfDuplicateAllowed")):
            matched, ignored = self._match(body)
        if matched is None:
            contact = self._create(now)
            if body.get("gender"):
                contact.fields["gender"] = body["gender"]  # observed: accepted and ignored on an existing contact
        else:
            contact = matched
            self._search.keep(contact, now)
        self._write(contact, body, version, ignored, now)
        return matched is None, contact

    def create(self, body: Mapping[str, Any], version: ApiVersion = _FIRST_VERSION) -> SandboxContact:
        """Create the contact of a valid body.

        Raises:
            TakenIdentityError: the account allows no duplicates, and the e-mail or phone is another contact's. Nothing
                was written.
        """
        if taken := self._taken(None, body):
            raise TakenIdentityError(*next(iter(taken.items())))
        now = self._clock()
        contact = self._create(now)
        if body.get("gender"):
            contact.fields["gender"] = body["gender"]
        self._write(contact, body, version, (), now)
        return contact

    def update(self, contact_id: str, body: Mapping[str, Any], version: ApiVersion = _FIRST_VERSION) -> SandboxContact:
        """Change the contact of this id as a valid body says, and return it.

        Raises:
            KeyError: the account does not have this contact.
            TakenIdentityError: the account allows no duplicates, and the e-mail or phone of the body belongs to
                another contact. Nothing was written.
        """
        contact = self._contacts[contact_id]
        taken = self._taken(contact, body)
        if taken and self.refuses_taken_identities:
            raise TakenIdentityError(*next(iter(taken.items())))
        now = self._clock()
        self._search.keep(contact, now)
        self._write(contact, body, version, taken, now)
        return contact

    def delete(self, contact_id: str) -> bool:
        """Delete a contact; return False if there is none of this id."""
        contact = self._contacts.pop(contact_id, None)
        if contact is None:
            return False
        self._identities.release(contact)
        self._search.remove(contact, self._clock())
        self._deleted.add(contact_id)
        return True

    def merge(self, contact_id: str, *, into: str) -> None:
        """Merge a contact into another one, as users of the CRM can; the API has no endpoint for it.

        The contact `into` keeps its id and its values. From the other contact it gets the tags, the values of fields in
        which it has none, and the e-mails and phones as secondary ones. The other contact is gone. Only that one id
        stays was observed; what happens to the values is a guess of this sandbox.

        Raises:
            KeyError: one of the contacts does not exist.
            ValueError: both are the same contact.
        """
        if contact_id == into:
            raise ValueError("a contact can't be merged into itself")
        merged, contact = self._contacts[contact_id], self._contacts[into]
        now = self._clock()
        self._search.keep(contact, now)
        self.delete(contact_id)
        for identity in IDENTITIES:
            for value in merged.identities(identity):
                self._identities.add_secondary(contact, identity, value)
        contact.fields = {**merged.fields, **contact.fields}
        contact.custom = {**merged.custom, **contact.custom}
        contact.tags = list(dict.fromkeys([*contact.tags, *merged.tags]))
        contact.updated_at = contact.identified_at = now

    def add_secondary_email(self, contact_id: str, email: str) -> None:
        """Give a contact a further e-mail, as users of the CRM can; the sandbox has no endpoint for it."""
        contact = self._contacts[contact_id]
        self._search.keep(contact, self._clock())
        self._identities.add_secondary(contact, "email", email.lower())

    def add_tags(self, contact: SandboxContact, tags: list[str]) -> TagChange:
        """Add tags to those that the contact has."""
        before = tuple(contact.tags)
        added = tuple(tag for tag in stored_tags(tags) if tag not in before)
        self._write_tags(contact, [*before, *added])
        return TagChange(before, added=added)

    def remove_tags(self, contact: SandboxContact, tags: list[str]) -> TagChange:
        """Remove tags from those that the contact has."""
        before = tuple(contact.tags)
        removed = tuple(tag for tag in stored_tags(tags) if tag in before)
        self._write_tags(contact, [tag for tag in before if tag not in removed])
        return TagChange(before, removed=removed)

    def custom_field(self, entry: Mapping[str, Any]) -> SandboxCustomField | None:
        """Return the custom field of an entry of `customFields`, by its id or else by its key; None for none."""
        key = "contact." + entry.get("key", "").removeprefix("contact.")
        return self._fields_by_id.get(entry["id"]) or self._fields_by_key.get(key)

    def _match(self, body: Mapping[str, Any]) -> tuple[SandboxContact | None, tuple[Identity, ...]]:
        """Return the contact that an upsert updates, and the identities of the body that are ignored then."""
        matched: SandboxContact | None = None
        ignored: tuple[Identity, ...] = ()
        for identity in self.priority:
            holders = self._identities.holders(identity, stored_identity(identity, body.get(identity)))
            if holders and matched is None:
                matched = holders[0]
            elif holders and matched is not None and matched not in holders:
                ignored = (identity,)
        return matched, ignored

    def _taken(self, contact: SandboxContact | None, body: Mapping[str, Any]) -> dict[Identity, SandboxContact]:
        """Return the identities of a body that belong to other contacts, each with the contact that holds it."""
        taken: dict[Identity, SandboxContact] = {}
        for identity in () if self.allow_duplicates else self.priority:
            holders = self._identities.holders(identity, stored_identity(identity, body.get(identity)))
            if holders and contact not in holders:
                taken[identity] = holders[0]
        return taken

    def _create(self, now: float) -> SandboxContact:
        contact = SandboxContact(secrets.token_hex(10), added_at=now, updated_at=now, identified_at=now)
        self._contacts[contact.id] = contact
        self._search.add(contact, now)
        return contact

    def _write(
        self,
        contact: SandboxContact,
        body: Mapping[str, Any],
        version: ApiVersion,
        ignored: Container[Identity],
        now: float,
    ) -> None:
        for identity in IDENTITIES:
            if identity not in body or identity in ignored:
                continue
            value = stored_identity(identity, body[identity])
            wanted = value is not None or (self.clears_identities and not body[identity])
            if wanted and self._identities.assign(contact, identity, value):
                contact.identified_at = now
        write_fields(contact, body, version, self.custom_field)
        contact.updated_at = now

    def _write_tags(self, contact: SandboxContact, tags: list[str]) -> None:
        now = self._clock()
        self._search.keep(contact, now)
        contact.tags = tags
        contact.updated_at = now
