"""The values of a contact by the targets that a user knows, and what stands for a value that is not shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.contacts.mapping import ContactMapping
from leadway_provider.words import counted

_ABSENT: Final = object()


def contact_values(contact: Contact, mapping: ContactMapping) -> Iterator[tuple[str, str | None, JsonValue]]:
    """Return target, column and value of each field that a contact fills."""
    for each in mapping.columns:
        value = _value_at(contact, each.api_path)
        if value is not _ABSENT:
            yield each.target, each.column, value


def _value_at(contact: Contact, api_path: str) -> Any:
    """Return what a contact has at an API path, tags however they are sent; a private object where it has nothing."""
    if api_path == "contactId":
        return contact.contact_id or _ABSENT
    if api_path == "tags" and (tags := contact.add_tags or contact.remove_tags):
        return list(tags)
    head, _, rest = api_path.partition(".")
    value: Any = contact.fields.get(head, _ABSENT)
    if head == "customFields" and isinstance(value, list):
        return next((each["field_value"] for each in value if each["id"] == rest), _ABSENT)
    for part in filter(None, rest.split(".")):
        value = value.get(part, _ABSENT) if isinstance(value, dict) else _ABSENT
    return value


def masked(value: Any) -> str:
    """Return what kind of value it is, and how long, and nothing of the value itself."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "number"
        case str():
            return f"text of {counted(len(value), 'character')}"
        case list():
            return f"list of {len(value):,}"
        case _:
            return "object"
