"""The fields by which contacts are filtered and sorted: their types, and their values in comparable form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from leadway_provider.sandbox.contact import SandboxContact, milliseconds
from leadway_provider.sandbox.custom_fields import DataType, SandboxCustomField

FieldType = Literal["text", "number", "time", "boolean", "object"]
Comparable = str | int | float | bool
"""Text in lower case, a number, a time in milliseconds since 1970, or a boolean."""


@dataclass(frozen=True, slots=True)
class SearchField:
    """A field of contacts.

    Attributes:
        name: the name in requests.
        type: the type of its values. Values of type `object` can't be compared.
        values: returns the values that a contact has in it: none, one, or, of tags and choices, several.
        sortable: whether contacts can be sorted by it.
    """

    name: str
    type: FieldType
    values: Callable[[SandboxContact], list[Any]]
    sortable: bool = False

    def value(self, contact: SandboxContact) -> Comparable | None:
        """Return the first value of a contact; None if it has none."""
        return next(iter(self.values(contact)), None)

    def comparable(self, value: object) -> Comparable | None:
        """Return a value of a request in comparable form; None if it is not of the field's type."""
        match self.type:
            case "text":
                return value.lower() if isinstance(value, str) else None
            case "boolean":
                return value if isinstance(value, bool) else None
            case "number":
                return _number(value)
            case "time":
                return _time(value) if isinstance(value, str) else _number(value)
            case "object":
                return None


def search_field(name: str, custom_fields: Mapping[str, SandboxCustomField]) -> SearchField | None:
    """Return the field of a name; None if there is none. `custom_fields` are those of the account, by id."""
    field_id = name.removeprefix("customFields.")
    if field_id == name:
        return _FIELDS.get(name)
    field = custom_fields.get(field_id)
    return SearchField(name, _CUSTOM_TYPES[field.data_type], _custom_values(field)) if field else None


def _plain_values(name: str) -> Callable[[SandboxContact], list[Any]]:
    def values(contact: SandboxContact) -> list[Any]:
        value = contact.fields.get(name)
        if value is None:
            return []
        return [value.lower() if isinstance(value, str) else value]

    return values


def _custom_values(field: SandboxCustomField) -> Callable[[SandboxContact], list[Any]]:
    def values(contact: SandboxContact) -> list[Any]:
        value = contact.custom.get(field.id)
        if value is None:
            return []
        if field.data_type == "DATE":
            return [_time(value)]
        return [item.lower() if isinstance(item, str) else item for item in _listed(value)]

    return values


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _number(value: object) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _time(text: str) -> int | None:
    """Return an ISO 8601 date or time as milliseconds since 1970. Without a zone it is in UTC."""
    try:
        time = datetime.fromisoformat(text)
        return milliseconds((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


_TEXTS = (
    "email",
    "phone",
    "firstName",
    "lastName",
    "address1",
    "city",
    "state",
    "postalCode",
    "website",
    "timezone",
    "source",
    "country",
    "companyName",
    "assignedTo",
    "gender",
    "dateOfBirth",
)
_SAME_AS = {"businessName": "companyName", "firstNameLowerCase": "firstName", "lastNameLowerCase": "lastName"}

_FIELDS: Mapping[str, SearchField] = {
    field.name: field
    for field in (
        *(SearchField(name, "text", _plain_values(name), sortable=True) for name in _TEXTS),
        *(SearchField(name, "text", _plain_values(same), sortable=True) for name, same in _SAME_AS.items()),
        SearchField("id", "text", lambda contact: [contact.id], sortable=True),
        SearchField("name", "text", lambda contact: [contact.name.lower()] if contact.name else [], sortable=True),
        SearchField("tags", "text", lambda contact: contact.tags),
        SearchField("dnd", "boolean", _plain_values("dnd"), sortable=True),
        SearchField("dateAdded", "time", lambda contact: [contact.added_at_milliseconds], sortable=True),
        SearchField("dateUpdated", "time", lambda contact: [milliseconds(contact.updated_at)], sortable=True),
    )
}

_CUSTOM_TYPES: Mapping[DataType, FieldType] = {
    **dict.fromkeys(("NUMERICAL", "MONETORY"), "number"),
    **dict.fromkeys(("FILE_UPLOAD", "SIGNATURE", "TEXTBOX_LIST"), "object"),
    "DATE": "time",
    "TEXT": "text",
    "LARGE_TEXT": "text",
    "PHONE": "text",
    "EMAIL": "text",
    "SINGLE_OPTIONS": "text",
    "MULTIPLE_OPTIONS": "text",
    "RADIO": "text",
    "CHECKBOX": "text",
}
