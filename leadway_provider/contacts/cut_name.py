"""Column names that a database has cut, so that a target's name may be the beginning of another one's.

PostgreSQL cuts a longer name to 63 bytes, at a whole character, and says so in a notice only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from leadway_provider.contacts.choice import folded
from leadway_provider.contacts.custom_field import CustomField, custom_field_finder
from leadway_provider.contacts.targets import CUSTOM_PREFIX, Kind, find_target
from leadway_provider.exceptions import MappingError

_WIDEST: Final = 4
"""The bytes of the longest character."""


def refuse_cut_names(
    columns: Sequence[str], *, left_out: Collection[str], custom_fields: Sequence[CustomField], limit: int
) -> None:
    """Raise MappingError for a column whose name may have been cut and would then mean another target, or none.

    Args:
        columns: the names of the result's columns.
        left_out: columns whose names are not their targets: those of the key, and those that `mapping` renames.
        custom_fields: the account's custom fields for contacts.
        limit: the bytes to which the database cuts a name.
    """
    others = {name.casefold() for name in left_out}
    candidates = [name for name in columns if name.casefold() not in others and _is_full(name, limit)]
    problems = [problem for name in candidates if (problem := _problem(name, custom_fields, limit))]
    if problems:
        raise MappingError(
            f"{' '.join(problems)} Give the column a shorter alias, and name its target in mapping; a custom field can "
            f"also be named by its id: {CUSTOM_PREFIX}<id>."
        )


def _is_full(name: str, limit: int) -> bool:
    """Return True if another character, perhaps a wide one, would not have had room."""
    size = len(name.encode())
    return size == limit or (limit - _WIDEST < size < limit)


def _problem(name: str, custom_fields: Sequence[CustomField], limit: int) -> str | None:
    longer = sorted({target for target in _targets(custom_fields) if _is_cut_to(name, target, limit)})
    about = f"Column {name!r} has {len(name.encode())} bytes, and the database cuts longer names to {limit}"
    if longer:
        return f"{about}: it may have been {' or '.join(map(repr, longer))}."
    if len(name.encode()) == limit and not _is_target(name, custom_fields):
        return f"{about}: it may have been longer, and as it is, it names no target."
    return None


def _targets(custom_fields: Iterable[CustomField]) -> Iterator[str]:
    """Return every way to write the target of a custom field; the other targets are short."""
    for field in custom_fields:
        for name in (field.id, field.name, field.short_key, field.field_key):
            yield f"{CUSTOM_PREFIX}{name}"


def _is_cut_to(name: str, target: str, limit: int) -> bool:
    encoded = target.encode()
    if len(encoded) <= limit:
        return False
    return folded(encoded[:limit].decode(errors="ignore")) == folded(name)


def _is_target(name: str, custom_fields: Sequence[CustomField]) -> bool:
    try:
        if find_target(name).kind is Kind.CUSTOM:
            custom_field_finder(custom_fields)(name, name.strip()[len(CUSTOM_PREFIX) :])
    except MappingError:
        return False
    return True
