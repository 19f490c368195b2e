"""How the body of a request changes the fields of a contact, except e-mail and phone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadway_provider.sandbox.contact import SandboxContact, stored_tags
from leadway_provider.sandbox.custom_fields import FindCustomField, SandboxCustomField
from leadway_provider.sandbox.validation import iso_birth_date
from leadway_provider.sandbox.version import ApiVersion

PLAIN_FIELDS = (
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
"""The API's names of the fields that are stored as they were sent."""


def write_fields(contact: SandboxContact, body: Mapping[str, Any], version: ApiVersion, find: FindCustomField) -> None:
    """Write the fields of a valid body into a contact. A field that the body doesn't have stays as it is.

    Args:
        contact: the contact to change.
        body: the body of an upsert or of an update.
        version: the API version in which the body is written.
        find: finds the custom field of an entry.
    """
    fields = contact.fields
    if "name" not in body and ("firstName" in body or "lastName" in body):
        fields.pop("name", None)
    for name in PLAIN_FIELDS:
        if name in body:
            _set(fields, name, body[name])
    if "dateOfBirth" in body:
        _set(fields, "dateOfBirth", iso_birth_date(body["dateOfBirth"] or ""))
    if "dndSettings" in body:
        sent = {version.channels[channel]: setting for channel, setting in body["dndSettings"].items()}
        fields["dndSettings"] = {**fields.get("dndSettings", {}), **sent}
    if "tags" in body:
        contact.tags = stored_tags(body["tags"])  # documented: all of the contact's tags are replaced
    for entry in body.get("customFields", ()):
        _write_custom(contact, find(entry), version.value(entry))


def _write_custom(contact: SandboxContact, field: SandboxCustomField | None, value: object) -> None:
    if field is None:
        return  # observed: an unknown field is dropped without an error
    if value in (None, "", []):
        contact.custom.pop(field.id, None)
    elif (kept := field.kept(value)) is not None:
        contact.custom[field.id] = kept


def _set(fields: dict[str, Any], name: str, value: object) -> None:
    """Store a value. Null or blank text clears the field, which is a guess of this sandbox."""
    if value is None or value == "":
        fields.pop(name, None)
    else:
        fields[name] = value
