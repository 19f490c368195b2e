"""The functions that convert values, by the kind of target or the type of custom field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeAlias

from leadway_provider.contacts import choice, dnd, identity, text
from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.country import country
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.date import iso_date
from leadway_provider.contacts.number import number
from leadway_provider.contacts.phone import phone
from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.targets import Kind
from leadway_provider.exceptions import MappingError
from leadway_provider.policies import ContactRules

Converter: TypeAlias = Callable[..., JsonValue]
"""Takes a value, and for a phone its region. Returns what the API takes, or None for a blank. Raises UnfitError."""

_PLAIN: Final[Mapping[Kind, Converter]] = {
    Kind.TEXT: text.text,
    Kind.EMAIL: identity.email,
    Kind.PHONE: phone,
    Kind.CONTACT_ID: identity.contact_id,
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
    "LARGE_TEXT": text.free_lines,
    "PHONE": phone,
    "EMAIL": identity.email,
}
_CHOICES: Final[Mapping[str, Converter]] = {
    "SINGLE_OPTIONS": choice.option,
    "RADIO": choice.option,
    "CHECKBOX": choice.selection,
    "MULTIPLE_OPTIONS": choice.selection,
}
_NUMBERS: Final = ("NUMERICAL", "MONETORY")
_DATE: Final = "DATE"


def converter(kind: Kind, rules: ContactRules, users: Mapping[str, str]) -> tuple[Converter, list[JsonValue]]:
    """Return the converter of a target that is not a custom field, and the settings that its results depend on.

    Args:
        kind: how the target's values are read.
        rules: the task's rules.
        users: user id by e-mail address.
    """
    if kind is Kind.DATE:
        return partial(iso_date, day_first=rules.day_first), [rules.day_first]
    if kind is Kind.USER:
        # The list is not a setting: where it can't be read for a time, what was sent with it is still right.
        return partial(user_id, users={email.casefold(): user for email, user in sorted(users.items())}), []
    settings: dict[Kind, list[JsonValue]] = {Kind.PHONE: [rules.phone_region], Kind.TAGS: [rules.tags_mode]}
    return _PLAIN[kind], settings.get(kind, [])


def custom_converter(target: str, field: CustomField, rules: ContactRules) -> tuple[Converter, list[JsonValue]]:
    """Return the converter of a custom field, and the settings that its results depend on.

    Args:
        target: the field as the user writes it, for the error's text.
        field: the field.
        rules: the task's rules.

    Raises:
        MappingError: a column can't fill a field of that type.
    """
    kind = field.data_type
    if kind == _DATE:
        return partial(iso_date, day_first=rules.day_first), [kind, rules.day_first]
    if kind in _NUMBERS:
        return partial(number, decimal_separator=rules.decimal_separator), [kind, rules.decimal_separator]
    if choose := _CHOICES.get(kind):
        options = choice.options_of(field.options, are_open=field.allows_custom_option)
        return partial(choose, options=options), [kind, field.allows_custom_option, *field.options]
    if plain := _CUSTOM.get(kind):
        return plain, [kind, rules.phone_region] if plain is phone else [kind]
    known = ", ".join(sorted({*_CUSTOM, *_CHOICES, *_NUMBERS, _DATE}))
    raise MappingError(f"{target!r} is a custom field of type {kind!r}; a column can fill only these: {known}.")


def user_id(value: object, *, users: Mapping[str, str]) -> str | None:
    """Return a user's id as it is, or the id of the user with that e-mail address; None for a blank.

    Args:
        value: an id or an e-mail address.
        users: user id by e-mail address, in lower case.

    Raises:
        UnfitError: no user of the account has that address.
    """
    written = text.text(value)
    if written is None or "@" not in written:
        return written
    try:
        return users[written.casefold()]
    except KeyError:
        raise UnfitError("user_unknown") from None
