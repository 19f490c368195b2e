"""The contact fields that a sync writes, and the column that feeds each."""

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
        type: how values are read, such as `email`; for a custom field the account's own type, once it is known.
        column: the result's column that feeds it, or None where the task's `constants` do.
    """

    name: str
    type: str
    column: str | None = None


def contact_fields(mapping: ContactMapping, custom_fields: Sequence[CustomField]) -> tuple[ContactField, ...]:
    """Return the fields of a compiled mapping. Custom fields have the names that people see in the CRM."""
    by_path = {f"customFields.{field.id}": field for field in custom_fields}

    def contact_field(written: str, api_path: str, column: str | None) -> ContactField:
        if field := by_path.get(api_path):
            return ContactField(f"{CUSTOM_PREFIX}{field.name}", field.data_type, column)
        target = find_target(written)
        return ContactField(target.name, target.kind.value, column)

    return tuple(contact_field(each.target, each.api_path, each.column) for each in mapping.columns)


def expected_fields(
    columns: Sequence[str], mapping: Mapping[str, str], constants: Sequence[str]
) -> tuple[ContactField, ...]:
    """Return the fields that the names alone show, before the account's custom fields were read.

    Args:
        columns: the result's columns. One whose name is not a target feeds no field.
        mapping: the task's `mapping`.
        constants: the names of the fields that the task's `constants` fill.
    """
    renamed = {column.casefold(): written for column, written in mapping.items()}
    targets = [(renamed.get(column.casefold(), column), column) for column in columns]
    return tuple(_fields_of([*targets, *((written, None) for written in constants)]))


def _fields_of(targets: Sequence[tuple[str, str | None]]) -> Iterator[ContactField]:
    for written, column in targets:
        try:
            target = find_target(written)
        except MappingError:
            continue
        yield ContactField(target.name, target.kind.value, column)
