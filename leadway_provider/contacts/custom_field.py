"""The account's custom fields, and how the field of a `custom.…` target is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from leadway_provider.contacts.choice import folded
from leadway_provider.contacts.nearest import nearest
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
        allows_custom_option: whether a choice takes values that are none of its options too.
        unusable: why a column can't fill the field, as the end of a sentence; blank if nothing is known against it.
    """

    id: str
    name: str
    field_key: str
    data_type: str
    options: tuple[str, ...] = ()
    allows_custom_option: bool = False
    unusable: str = ""

    @property
    def short_key(self) -> str:
        """The merge key without its prefix `contact.`."""
        return self.field_key.removeprefix("contact.")


_Spelling: TypeAlias = Callable[[str], str]
_Namesakes: TypeAlias = dict[str, CustomField]
"""The fields that share one name, by id."""


def custom_field_finder(fields: Sequence[CustomField]) -> Callable[[str, str], CustomField]:
    """Return a function that finds a field by id, field key or name: first as written, then without case.

    The function takes the whole target as the user writes it, for the error's text, and the part after `custom.`. It
    raises MappingError if no field or more than one field has that name, or if a column can't fill it. A field that
    can't be filled is found only by a name that no other field has.

    Args:
        fields: the account's custom fields, which may be thousands.
    """
    usable = [field for field in fields if not field.unusable]
    spellings: tuple[_Spelling, ...] = (str.strip, folded)
    indexes = [
        (spelling, _index(part, spelling))
        for part in (usable, [field for field in fields if field.unusable])
        for spelling in spellings
    ]
    return partial(_find, usable, indexes)


def _find(
    fields: Sequence[CustomField],
    indexes: Iterable[tuple[_Spelling, Mapping[str, _Namesakes]]],
    target: str,
    wanted: str,
) -> CustomField:
    for spelling, index in indexes:
        matches = index.get(spelling(wanted), {})
        if len(matches) > 1:
            keys = ", ".join(f"custom.{field.short_key or field.id}" for field in matches.values())
            raise MappingError(f"{target!r} could mean {len(matches)} custom fields: write one of {keys}.")
        if matches:
            return _fillable(target, next(iter(matches.values())))
    raise MappingError(f"{target!r} is not a custom field of the account{_nearest(wanted, fields)}.")


def _fillable(target: str, field: CustomField) -> CustomField:
    if field.unusable:
        raise MappingError(
            f"{target!r} is a custom field that a column can't fill: {field.unusable}. Leave the column out, or "
            "correct the field in the account."
        )
    if field.data_type in FILE_TYPES:
        raise MappingError(
            f"{target!r} is a custom field that holds files ({field.data_type}); a column can't fill it. "
            "Leave the column out, or map it to a text field."
        )
    return field


def _index(fields: Iterable[CustomField], spelling: _Spelling) -> dict[str, _Namesakes]:
    """Return the fields by name, so that finding one of thousands doesn't compare it with all."""
    index: dict[str, _Namesakes] = {}
    for field in fields:
        for name in (field.id, field.field_key, field.short_key, field.name):
            if name:
                index.setdefault(spelling(name), {})[field.id] = field
    return index


def _nearest(wanted: str, fields: Sequence[CustomField]) -> str:
    names = {folded(name): name for field in fields for name in (field.short_key, field.name) if name}
    closest = nearest(folded(wanted), names)
    return f"; the nearest is 'custom.{names[closest]}'" if closest else ", which has no custom fields for contacts"
