"""From a target's kind, or a custom field's type, to the function that reads its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeAlias

from leadway_provider.contacts import choice, dnd, identity, text
from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.country import country
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.date import iso_date
from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.rules import ContactRules
from leadway_provider.contacts.targets import Kind
from leadway_provider.exceptions import MappingError

Converter: TypeAlias = Callable[..., JsonValue]
"""Takes a value, and for a phone its region; gives what the API takes, or None for a blank; raises UnfitError."""

_PLAIN: Final[Mapping[Kind, Converter]] = {
    Kind.TEXT: text.text,
    Kind.EMAIL: identity.email,
    Kind.PHONE: identity.phone,
    Kind.COUNTRY: country,
    Kind.WEBSITE: text.website,
    Kind.TIMEZONE: text.timezone,
    Kind.BOOLEAN: text.boolean,
    Kind.TAGS: choice.tags,
    Kind.DND_STATUS: dnd.status,
    Kind.DND_SETTINGS: dnd.settings,
    Kind.INBOUND_STATUS: dnd.inbound_status,
    Kind.INBOUND_SETTINGS: dnd.inbound_settings,
}

_CUSTOM: Final[Mapping[str, Converter]] = {
    "TEXT": text.free_text,
    "LARGE_TEXT": text.free_text,
    "NUMERICAL": text.number,
    "MONETORY": text.number,
    "PHONE": identity.phone,
    "EMAIL": identity.email,
}
_CHOICES: Final[Mapping[str, Converter]] = {
    "SINGLE_OPTIONS": choice.option,
    "RADIO": choice.option,
    "CHECKBOX": choice.selection,
    "MULTIPLE_OPTIONS": choice.selection,
}
_DATE: Final = "DATE"


def converter(kind: Kind, rules: ContactRules, users: Mapping[str, str]) -> tuple[Converter, list[JsonValue]]:
    """The converter of a target that is no custom field, and the settings that its results depend on."""
    if kind is Kind.DATE:
        return partial(iso_date, day_first=rules.day_first), [rules.day_first]
    if kind is Kind.USER:
        ids = {email.casefold(): user for email, user in sorted(users.items())}
        return partial(user_id, users=ids), [[email, user] for email, user in ids.items()]
    settings: dict[Kind, list[JsonValue]] = {Kind.PHONE: [rules.phone_region], Kind.TAGS: [rules.tags_mode]}
    return _PLAIN[kind], settings.get(kind, [])


def custom_converter(label: str, field: CustomField, rules: ContactRules) -> tuple[Converter, list[JsonValue]]:
    """The converter of a custom field's type, and the settings that its results depend on.

    Raises:
        MappingError: no column can fill a field of that type.
    """
    kind = field.data_type
    if kind == _DATE:
        return partial(iso_date, day_first=rules.day_first), [kind, rules.day_first]
    if choose := _CHOICES.get(kind):
        return partial(choose, options=choice.by_name(field.options)), [kind, *field.options]
    if plain := _CUSTOM.get(kind):
        return plain, [kind, rules.phone_region] if plain is identity.phone else [kind]
    known = ", ".join(sorted({*_CUSTOM, *_CHOICES, _DATE}))
    raise MappingError(f"{label!r} is a custom field of type {kind!r}; a column can fill {known}.")


def user_id(value: object, *, users: Mapping[str, str]) -> str | None:
    """A user's id as it is, or the id of the user with that e-mail address.

    Raises:
        UnfitError: no user has that address.
    """
    written = text.text(value)
    if written is None or "@" not in written:
        return written
    try:
        return users[written.casefold()]
    except KeyError:
        raise UnfitError("user_unknown") from None
