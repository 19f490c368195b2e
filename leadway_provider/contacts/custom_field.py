"""The account's custom fields: how a `custom.…` target finds its field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Final, TypeAlias

from leadway_provider.contacts.choice import folded
from leadway_provider.exceptions import MappingError

FILE_TYPES: Final = frozenset({"FILE_UPLOAD", "SIGNATURE"})


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field of the account's contacts.

    Attributes:
        id: the API's id, by which values are sent.
        name: what people see, such as `Lifetime Value`.
        field_key: the merge key, such as `contact.lifetime_value`.
        data_type: the API's type, such as `TEXT`, `NUMERICAL`, `MONETORY`, `SINGLE_OPTIONS`.
        options: what can be chosen, as the account writes it; empty for types without a choice.
    """

    id: str
    name: str
    field_key: str
    data_type: str
    options: tuple[str, ...] = ()

    @property
    def short_key(self) -> str:
        """The merge key without its `contact.`."""
        return self.field_key.removeprefix("contact.")


_Spelling: TypeAlias = Callable[[str], str]
_Named: TypeAlias = dict[str, CustomField]
"""The fields of one name, by id."""


def custom_field_finder(fields: Sequence[CustomField]) -> Callable[[str, str], CustomField]:
    """A function that finds a field by id, field key or name: first as written, then without regard to case.

    It takes the whole target as the user writes it, for the error's text, and the part of it behind `custom.`; and
    raises MappingError where no field, or more than one, has that name, or where the field holds files.

    Args:
        fields: the account's custom fields, which may be thousands.
    """
    spellings: tuple[_Spelling, ...] = (str.strip, folded)
    indexes = {spelling: _index(fields, spelling) for spelling in spellings}
    return partial(_found, fields, indexes)


def _found(
    fields: Sequence[CustomField], indexes: Mapping[_Spelling, Mapping[str, _Named]], target: str, wanted: str
) -> CustomField:
    for spelling, index in indexes.items():
        matches = index.get(spelling(wanted), {})
        if len(matches) > 1:
            keys = ", ".join(f"custom.{field.short_key}" for field in matches.values())
            raise MappingError(f"{target!r} could mean {len(matches)} custom fields: write one of {keys}.")
        if matches:
            return _fillable(target, next(iter(matches.values())))
    raise MappingError(f"{target!r} is no custom field of the account{_nearest(wanted, fields)}.")


def _fillable(target: str, field: CustomField) -> CustomField:
    if field.data_type in FILE_TYPES:
        raise MappingError(
            f"{target!r} is a custom field that holds files ({field.data_type}); a column can't fill it. "
            "Leave the column out, or map it to a text field."
        )
    return field


def _index(fields: Iterable[CustomField], spelling: _Spelling) -> dict[str, _Named]:
    """Who has which name, so that a column for each of thousands of fields doesn't look at all of them."""
    index: dict[str, _Named] = {}
    for field in fields:
        for name in (field.id, field.field_key, field.short_key, field.name):
            index.setdefault(spelling(name), {})[field.id] = field
    return index


def _nearest(wanted: str, fields: Sequence[CustomField]) -> str:
    names = {folded(name): name for field in fields for name in (field.short_key, field.name)}
    close = get_close_matches(folded(wanted), names, n=1, cutoff=0.0)
    return f"; the nearest is 'custom.{names[close[0]]}'" if close else ", which has no custom fields for contacts"
