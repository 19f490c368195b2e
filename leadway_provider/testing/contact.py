"""One contact in memory: how e-mails, phones and tags are stored, and how the body of a call changes the contact."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from leadway_provider.contacts.contact import JsonValue

SECONDARY: Final = {"email": "additionalEmails", "phone": "additionalPhones"}
"""Where a contact keeps further e-mails and phones; merging two contacts leaves some."""

_NOT_STORED: Final = frozenset({"locationId", "createNewIfDuplicateAllowed", "gender"})
_E164: Final = re.compile(r"\+[1-9]\d{6,14}")
_PHONE_PUNCTUATION: Final = re.compile(r"[\s().-]")


def stored_identity(name: str, value: object) -> str | None:
    """Return an e-mail in small letters, or a phone as E.164; None for a blank and for a national number."""
    if not isinstance(value, str) or not value:
        return None
    if name == "email":
        return value.lower()
    number = _PHONE_PUNCTUATION.sub("", value)
    return number if _E164.fullmatch(number) else None


def identities_of(contact: Mapping[str, Any], name: str) -> list[str]:
    """Return the e-mails or the phones of a contact, the primary one first."""
    primary = contact.get(name)
    return [*([primary] if primary else []), *contact.get(SECONDARY[name], ())]


def stored_tags(tags: Sequence[object]) -> list[str]:
    """Return tags as the account keeps them: in small letters, each once, without blank ones."""
    return list(dict.fromkeys(tag for each in tags if (tag := str(each).strip().lower())))


def write_identity(contact: dict[str, Any], name: str, value: object, *, clears: bool) -> None:
    """Give a contact its e-mail or phone, or clear it; a further value of the contact becomes the primary one."""
    stored = stored_identity(name, value)
    if stored is None and (value or not clears):
        return
    further = [each for each in contact.get(SECONDARY[name], ()) if each != stored]
    _set(contact, SECONDARY[name], further)
    _set(contact, name, stored)


def write_fields(contact: dict[str, Any], fields: Mapping[str, JsonValue]) -> None:
    """Write all fields but e-mail and phone to a contact; a field that is not given stays as it is."""
    if "name" not in fields and ("firstName" in fields or "lastName" in fields):
        contact.pop("name", None)
    for name, value in fields.items():
        if name == "customFields" and isinstance(value, list):
            _write_custom(contact, value)
        elif name == "dndSettings" and isinstance(value, dict):
            contact[name] = {**contact.get(name, {}), **value}
        elif name == "tags" and isinstance(value, list):
            contact[name] = stored_tags(value)
        elif name not in SECONDARY and name not in _NOT_STORED:
            _set(contact, name, value)


def merge_into(contact: dict[str, Any], merged: Mapping[str, Any]) -> None:
    """Give a contact what it lacks of another one, whose e-mails and phones become further ones."""
    for name in SECONDARY:
        for value in identities_of(merged, name):
            if not contact.get(name):
                contact[name] = value
            elif value not in identities_of(contact, name):
                contact.setdefault(SECONDARY[name], []).append(value)
    for name, value in merged.items():
        if name not in (*SECONDARY, *SECONDARY.values()):
            contact.setdefault(name, value)
    contact["tags"] = list(dict.fromkeys([*contact.get("tags", ()), *merged.get("tags", ())]))


def shown(contact_id: str, contact: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Return a contact as an answer shows it."""
    first_and_last = [str(contact[name]) for name in ("firstName", "lastName") if contact.get(name)]
    name = contact.get("name") or " ".join(first_and_last)
    return {"id": contact_id, "tags": [], **({"name": name} if name else {}), **contact}


def _write_custom(contact: dict[str, Any], entries: list[JsonValue]) -> None:
    held = {each["id"]: each["value"] for each in contact.get("customFields", ())}
    for entry in entries:
        if isinstance(entry, dict):
            held[entry["id"]] = entry.get("field_value")
    kept = [{"id": field_id, "value": value} for field_id, value in held.items() if value not in (None, "", [])]
    _set(contact, "customFields", kept)


def _set(contact: dict[str, Any], name: str, value: object) -> None:
    """Store a value; null, blank text and an empty list clear the field."""
    if value is None or value in ("", []):
        contact.pop(name, None)
    else:
        contact[name] = value
