"""The contact's fields that a sync writes, and what feeds each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.row import ContactMapping
from leadway_provider.contacts.targets import CUSTOM_PREFIX, find_target
from leadway_provider.exceptions import MappingError


@dataclass(frozen=True, slots=True)
class ContactField:
    """A field of the contacts.

    Attributes:
        name: as the documentation writes it: `first_name`, `custom.Lifetime Value`.
        type: how values are read, such as `email`; for a custom field the account's own type, as far as it is known.
        column: the result's column that feeds it, or None where the task's `constants` do.
    """

    name: str
    type: str
    column: str | None = None


def contact_fields(mapping: ContactMapping, custom_fields: Sequence[CustomField]) -> tuple[ContactField, ...]:
    """The fields of a compiled mapping; custom ones by the names that people see."""
    by_wire = {f"customFields.{field.id}": field for field in custom_fields}

    def named(label: str, wire: str, column: str | None) -> ContactField:
        if field := by_wire.get(wire):
            return ContactField(f"{CUSTOM_PREFIX}{field.name}", field.data_type, column)
        target = find_target(label)
        return ContactField(target.name, target.kind.value, column)

    return tuple(named(each.target, each.wire, each.column) for each in mapping.fed)


def expected_fields(
    columns: Sequence[str], mapping: Mapping[str, str], constants: Sequence[str]
) -> tuple[ContactField, ...]:
    """The fields as far as names alone tell, before the account was asked; a column without a target feeds none."""
    renamed = {column.casefold(): label for column, label in mapping.items()}
    labels = [(renamed.get(column.casefold(), column), column) for column in columns]
    return tuple(_found([*labels, *((label, None) for label in constants)]))


def _found(labels: Sequence[tuple[str, str | None]]) -> Iterator[ContactField]:
    for label, column in labels:
        try:
            target = find_target(label)
        except MappingError:
            continue
        yield ContactField(target.name, target.kind.value, column)
