"""One location's contacts: whom an upsert matches, and what it changes. Plain Python, no HTTP.

Documented: the account's setting says which of e-mail and phone are compared, and in which order; where they belong to
two contacts, the first one's contact is updated and the other value is ignored. Observed: it is ignored in silence.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from leadway_provider.sandbox.contact import Contact, stored_phone, stored_tags
from leadway_provider.sandbox.custom_fields import DEFAULT_CUSTOM_FIELDS, CustomField
from leadway_provider.sandbox.validation import WIRE_FORMS, WireForm, iso_birth_date

Identity = Literal["email", "phone"]
IDENTITIES: tuple[Identity, ...] = ("email", "phone")

_PLAIN_FIELDS = (
    "firstName",
    "lastName",
    "name",
    "address1",
    "city",
    "state",
    "postalCode",
    "website",
    "timezone",
    "dnd",
    "inboundDndSettings",
    "source",
    "country",
    "companyName",
    "assignedTo",
)
_CURRENT_FORM = WIRE_FORMS["2021-07-28"]


@dataclass(frozen=True, slots=True)
class User:
    """Somebody of the account's staff, to whom contacts can be assigned."""

    id: str
    first_name: str
    last_name: str
    email: str

    def as_json(self, location_id: str) -> dict[str, Any]:
        """The user as `GET /users/` lists them."""
        return {
            "id": self.id,
            "name": f"{self.first_name} {self.last_name}",
            "firstName": self.first_name,
            "lastName": self.last_name,
            "email": self.email,
            "phone": "",
            "extension": "",
            "roles": {"type": "account", "role": "user", "locationIds": [location_id]},
            "deleted": False,
        }


DEFAULT_USERS = (
    User("sandboxUserAdaLovell", "Ada", "Lovell", "ada.lovell@example.com"),
    User("sandboxUserBenOkafor", "Ben", "Okafor", "ben.okafor@example.com"),
    User("sandboxUserCarlaDiaz", "Carla", "Diaz", "carla.diaz@example.com"),
)


@dataclass(frozen=True, slots=True)
class TagChange:
    """What one contact's tags were, and what a request did to them."""

    before: tuple[str, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Account:
    """A location with its contacts, custom fields and users.

    Args:
        location_id: the API's id of the account.
        priority: what is compared to find an existing contact, in this order: both fields or one of them.
        allow_duplicates: the setting that lets `createNewIfDuplicateAllowed` create without looking.
        custom_fields: the fields that the account has defined.
        users: the account's staff.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        location_id: str,
        *,
        priority: Sequence[Identity] = ("email", "phone"),
        allow_duplicates: bool = False,
        custom_fields: Sequence[CustomField] = DEFAULT_CUSTOM_FIELDS,
        users: Sequence[User] = DEFAULT_USERS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not priority or len(set(priority)) != len(priority) or not set(priority) <= set(IDENTITIES):
            raise ValueError("the priority names email, phone or both, each once")
        self.location_id = location_id
        self.priority = tuple(priority)
        self.allow_duplicates = allow_duplicates
        self.custom_fields = tuple(custom_fields)
        self.users = tuple(users)
        self._clock = clock
        self._fields_by_id = {field.id: field for field in self.custom_fields}
        self._fields_by_key = {field.key: field for field in self.custom_fields}
        self.clear()

    def clear(self) -> None:
        """Forget every contact."""
        self._contacts: dict[str, Contact] = {}
        self._deleted: set[str] = set()
        self._holders: dict[Identity, dict[str, tuple[str, ...]]] = {"email": {}, "phone": {}}

    def __len__(self) -> int:
        return len(self._contacts)

    @property
    def contacts(self) -> list[Contact]:
        """Every contact, oldest first."""
        return list(self._contacts.values())

    def contact(self, contact_id: str) -> Contact | None:
        """The contact of this id."""
        return self._contacts.get(contact_id)

    def was_deleted(self, contact_id: str) -> bool:
        """Whether a contact of this id existed and was deleted."""
        return contact_id in self._deleted

    def holder(self, identity: Identity, value: str) -> Contact | None:
        """The oldest contact that holds the e-mail (its primary or a secondary one) or the phone."""
        stored = value.lower() if identity == "email" else stored_phone(value)
        holders = self._holders[identity].get(stored) if stored else None
        return self._contacts[holders[0]] if holders else None

    def upsert(self, body: Mapping[str, Any], form: WireForm = _CURRENT_FORM) -> tuple[bool, Contact]:
        """Create or update the contact of a body that was found valid; True where it was created."""
        now = self._clock()
        identities: dict[Identity, str | None] = {
            "email": email.lower() if (email := body.get("email")) else None,
            "phone": stored_phone(phone) if (phone := body.get("phone")) else None,
        }
        matched: Contact | None = None
        ignored: Identity | None = None
        if not (self.allow_duplicates and body.get("createNewIfDuplicateAllowed")):
            matched, ignored = self._match(identities)
        contact = matched or self._create(now)
        if matched is None and body.get("gender"):
            contact.fields["gender"] = body["gender"]  # observed: accepted and ignored on an existing contact
        for identity in IDENTITIES:
            if identity in body and identity != ignored and (identities[identity] or not body[identity]):
                self._identify(contact, identity, identities[identity], now)
        self._write(contact, body, form)
        contact.updated_at = now
        return matched is None, contact

    def delete(self, contact_id: str) -> bool:
        """Delete a contact; False where there is none. A merge ends the same way for the contact that loses its id."""
        contact = self._contacts.get(contact_id)
        if contact is None:
            return False
        for identity in IDENTITIES:
            self._release(identity, contact.fields.get(identity), contact_id)
        for email in contact.secondary_emails:
            self._release("email", email, contact_id)
        del self._contacts[contact_id]
        self._deleted.add(contact_id)
        return True

    def add_secondary_email(self, contact_id: str, email: str) -> None:
        """Give a contact a further address, as people do in the CRM itself; no endpoint served here can."""
        self._contacts[contact_id].secondary_emails.append(email.lower())
        self._hold("email", email.lower(), contact_id)

    def add_tags(self, contact: Contact, tags: list[str]) -> TagChange:
        """Add tags to those that the contact has."""
        before = tuple(contact.tags)
        added = tuple(tag for tag in stored_tags(tags) if tag not in before)
        contact.tags = [*before, *added]
        contact.updated_at = self._clock()
        return TagChange(before, added=added)

    def remove_tags(self, contact: Contact, tags: list[str]) -> TagChange:
        """Remove tags from those that the contact has."""
        before = tuple(contact.tags)
        removed = tuple(tag for tag in stored_tags(tags) if tag in before)
        contact.tags = [tag for tag in before if tag not in removed]
        contact.updated_at = self._clock()
        return TagChange(before, removed=removed)

    def _match(self, identities: Mapping[Identity, str | None]) -> tuple[Contact | None, Identity | None]:
        matched: Contact | None = None
        ignored: Identity | None = None
        for identity in self.priority:
            value = identities[identity]
            holders = self._holders[identity].get(value) if value else None
            if holders and matched is None:
                matched = self._contacts[holders[0]]
            elif holders and matched is not None and matched.id not in holders:
                ignored = identity
        return matched, ignored

    def _create(self, now: float) -> Contact:
        contact = Contact(secrets.token_hex(10), added_at=now, updated_at=now, identified_at=now)
        self._contacts[contact.id] = contact
        return contact

    def _identify(self, contact: Contact, identity: Identity, value: str | None, now: float) -> None:
        held = contact.fields.get(identity)
        if value == held:
            return
        self._release(identity, held, contact.id)
        contact.identified_at = now
        if value is None:
            del contact.fields[identity]
            return
        if identity == "email" and value in contact.secondary_emails:
            contact.secondary_emails.remove(value)  # observed: it is promoted, and the primary one is gone
        else:
            self._hold(identity, value, contact.id)
        contact.fields[identity] = value

    def _write(self, contact: Contact, body: Mapping[str, Any], form: WireForm) -> None:
        fields = contact.fields
        if "name" not in body and ("firstName" in body or "lastName" in body):
            fields.pop("name", None)
        for name in _PLAIN_FIELDS:
            if name in body:
                _set(fields, name, body[name])
        if "dateOfBirth" in body:
            _set(fields, "dateOfBirth", iso_birth_date(body["dateOfBirth"] or ""))
        if "dndSettings" in body:
            sent = {form.channels[channel]: setting for channel, setting in body["dndSettings"].items()}
            fields["dndSettings"] = {**fields.get("dndSettings", {}), **sent}
        if "tags" in body:
            contact.tags = stored_tags(body["tags"])  # documented: all of the contact's tags are replaced
        for entry in body.get("customFields", ()):
            self._write_custom(contact, entry, form.value_key)

    def _write_custom(self, contact: Contact, entry: Mapping[str, Any], value_key: str) -> None:
        key = "contact." + entry.get("key", "").removeprefix("contact.")
        field = self._fields_by_id.get(entry["id"]) or self._fields_by_key.get(key)
        if field is None:
            return  # observed: an unknown field is dropped in silence
        value = entry.get(value_key)
        if value in (None, "", []):
            contact.custom.pop(field.id, None)
        elif (kept := field.kept(value)) is not None:
            contact.custom[field.id] = kept

    def _hold(self, identity: Identity, value: str, contact_id: str) -> None:
        holders = self._holders[identity]
        holders[value] = (*holders.get(value, ()), contact_id)

    def _release(self, identity: Identity, value: str | None, contact_id: str) -> None:
        if value is None:
            return
        holders = self._holders[identity]
        left = tuple(holder for holder in holders[value] if holder != contact_id)
        if left:
            holders[value] = left
        else:
            del holders[value]


def _set(fields: dict[str, Any], name: str, value: object) -> None:
    """Keep a value; a null or blank one clears the field, which is this sandbox's guess at what nobody documented."""
    if value is None or value == "":
        fields.pop(name, None)
    else:
        fields[name] = value
