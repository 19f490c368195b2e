"""The normal form of a contact's fields, in which what a row wants and what the account has are equal or not.

It follows the rules by which an answer to a write is compared with what was sent (see `echo`). A normal form is a text
of its own, so its hash can stand for it: nothing needs the value any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from leadway_provider.contacts.choice import folded, items
from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.date import iso_date
from leadway_provider.contacts.dnd import CHANNELS
from leadway_provider.contacts.number import number
from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.row import ContactMapping
from leadway_provider.contacts.targets import CONTACT_ID
from leadway_provider.contacts.text import boolean, text

Normal: TypeAlias = Callable[[JsonValue], str | None]
"""Returns the normal form of a value; None for a blank."""

_UNREADABLE: Final = "\x00"
"""Stands for a value of the account that is not of the field's type; no value that is sent has this form."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MIDNIGHT: Final = re.compile(r"(\d{4}-\d{2}-\d{2})T00:00:00(?:\.0+)?(?:Z|\+00:00)?", re.ASCII)
_NOT_DIGITS: Final = re.compile(r"\D", re.ASCII)
_VALUES: Final = ("value", "field_value", "fieldValue")
_SETTINGS: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "dndSettings": dict.fromkeys(CHANNELS.values(), ("status", "message", "code")),
    "inboundDndSettings": {"all": ("status", "message")},
}
_CHANNEL_NAMES: Final = {name.casefold(): name for channels in _SETTINGS.values() for name in channels}
_NOT_COMPARED: Final = frozenset({CONTACT_ID, "createNewIfDuplicateAllowed", "gender", "tags"})
"""Tags are compared by `ContactForm.tags`. The CRM ignores the gender on a contact that exists (observed)."""


@dataclass(frozen=True, slots=True)
class ContactForm:
    """The fields of a mapping, in one order, each with the normal form of its values.

    Attributes:
        paths: the fields' API paths, without the tags.
        has_tags: whether tags are mapped, too.
    """

    paths: tuple[str, ...] = field(repr=False)
    _normals: Mapping[str, Normal] = field(repr=False)
    has_tags: bool = False

    @classmethod
    def of(cls, mapping: ContactMapping, custom_fields: Iterable[CustomField]) -> ContactForm:
        """Return the form of the contacts that a mapping makes, in an account with these custom fields."""
        return cls.of_paths([column.api_path for column in mapping.columns], custom_fields)

    @classmethod
    def of_paths(cls, api_paths: Iterable[str], custom_fields: Iterable[CustomField]) -> ContactForm:
        """Return the form of contacts with these fields, by API path."""
        types = {f"customFields.{each.id}": each.data_type for each in custom_fields}
        given = list(api_paths)
        paths = dict.fromkeys(path for api_path in given for path in _expanded(api_path))
        normals = {path: _normal_of(path, types.get(path, "")) for path in paths}
        return cls(tuple(paths), normals, has_tags="tags" in given)

    def sent(self, contact: Contact) -> dict[str, str | None]:
        """Return the normal forms of the fields that a contact sends; a field that it does not send is left out."""
        values = _flat(contact.fields)
        if not values.get("name"):
            values.pop("name", None)  # the account shows a name made of first and last name
        return {path: self._normals[path](value) for path, value in values.items() if path in self._normals}

    def held(self, fields: Mapping[str, JsonValue]) -> tuple[str | None, ...]:
        """Return the normal forms of a contact of the account, in the order of `paths`."""
        values = _flat(fields)
        return tuple(normal(values.get(path)) for path, normal in self._normals.items())

    def is_date(self, path: str) -> bool:
        """Return True if a field is compared as a date, so that its normal form is one that the API takes."""
        return self._normals.get(path) is _date

    @staticmethod
    def tags(tags: JsonValue) -> set[str]:
        """Return the normal forms of tags."""
        return set(_items(tags))


def _expanded(api_path: str) -> Iterator[str]:
    """Return the paths of the parts that a field can have."""
    if channels := _SETTINGS.get(api_path):
        yield from (f"{api_path}.{channel}.{part}" for channel, parts in channels.items() for part in parts)
    elif api_path not in _NOT_COMPARED:
        yield api_path


def _flat(fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the values of a contact by API path."""
    found: dict[str, JsonValue] = {}
    for name, value in fields.items():
        if name == "customFields":
            for entry in value if isinstance(value, list) else ():
                if isinstance(entry, dict):
                    found[f"{name}.{entry.get('id')}"] = next((entry[each] for each in _VALUES if each in entry), None)
        elif name in _SETTINGS:
            for channel, setting in value.items() if isinstance(value, dict) else ():
                path = f"{name}.{_CHANNEL_NAMES.get(channel.casefold(), channel)}"
                parts = setting.items() if isinstance(setting, dict) else ()
                found.update((f"{path}.{part}", each) for part, each in parts)
        else:
            found[name] = value
    return found


def _normal_of(path: str, data_type: str) -> Normal:
    if path.startswith("customFields."):
        return _CUSTOM.get(data_type, _plain)
    if path.endswith(".status"):
        return _status
    return _STANDARD.get(path, _plain)


def _plain(value: JsonValue) -> str | None:
    """Return a text with single spaces; a list of one item is the item, and midnight of a day is the day."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool):
        return str(value).lower()
    written = _read(text, value)
    if not isinstance(written, str):
        return None
    midnight = _MIDNIGHT.fullmatch(written)
    return midnight[1] if midnight else " ".join(written.split())


def _folded(value: JsonValue) -> str | None:
    written = _read(text, value)
    return folded(written) if isinstance(written, str) else None


def _digits(value: JsonValue) -> str | None:
    written = _read(text, value)
    return _NOT_DIGITS.sub("", written) or written if isinstance(written, str) else None


def _website(value: JsonValue) -> str | None:
    written = _folded(value)
    if written is None:
        return None
    return written.removeprefix("https://").removeprefix("http://").rstrip("/")


def _date(value: JsonValue) -> str | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return (_EPOCH + timedelta(milliseconds=value)).date().isoformat()
        except (OverflowError, ValueError):
            return _UNREADABLE
    found = _read(lambda each: iso_date(each, day_first=False), value)
    return found if isinstance(found, str) else None


def _number(value: JsonValue) -> str | None:
    found = _read(lambda each: number(each, decimal_separator="."), value)
    return None if found is None else str(found)


def _flag(value: JsonValue) -> str | None:
    return str(bool(_read(boolean, value))).lower()


def _status(value: JsonValue) -> str | None:
    """Return the status of a channel; a channel that is not there is inactive."""
    return _plain(value) or "inactive"


def _options(value: JsonValue) -> str | None:
    """Return chosen options, whatever their order."""
    return "\x1f".join(sorted(set(_items(value)))) or None


def _items(value: JsonValue) -> list[str]:
    try:
        return [folded(name) for name in items(value) or ()]
    except UnfitError:
        return [_UNREADABLE]


def _read(reader: Callable[[object], JsonValue], value: JsonValue) -> JsonValue:
    try:
        return reader(value)
    except UnfitError:
        return _UNREADABLE


_STANDARD: Final[Mapping[str, Normal]] = {
    **dict.fromkeys(("email", "firstName", "lastName", "name", "timezone"), _folded),
    "phone": _digits,
    "website": _website,
    "dateOfBirth": _date,
    "dnd": _flag,
}
_CUSTOM: Final[Mapping[str, Normal]] = {
    "DATE": _date,
    **dict.fromkeys(("NUMERICAL", "MONETORY"), _number),
    **dict.fromkeys(("CHECKBOX", "MULTIPLE_OPTIONS"), _options),
    "PHONE": _plain,
}
