"""A row of a plan, as a table or a file shows it to a person."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from leadway_provider.contacts.contact import Contact, JsonValue, Reason
from leadway_provider.contacts.row import MappedColumn
from leadway_provider.sync.effect import RowEffect


class PlanEntry(NamedTuple):
    """What a plan would do with one row.

    Attributes:
        source_key: the row's.
        contact_id: the contact, as far as it is known.
        effect: `create`, `update`, `look_up`, `adopt`, `remove`, or the outcome of a row that is not sent.
        changed_fields: the fields that would change, as the user writes them, with commas between.
        reasons: why it is not sent, or which values are left out and why: field and code of each, with commas between.
        new_values: what these fields would be, as a JSON object; None unless values are asked for.
    """

    source_key: str
    contact_id: str | None
    effect: str
    changed_fields: str
    reasons: str
    new_values: str | None = None

    def __repr__(self) -> str:
        return f"PlanEntry({self.source_key!r}, {self.effect!r})"


PLAN_COLUMNS: Final = PlanEntry._fields
"""The columns of a plan that differ from row to row."""

PLAN_TABLE_COLUMNS: Final = ("sync_name", "location_id", "run_id", "created_at", *PLAN_COLUMNS)
"""All columns of a plan."""


def plan_entry(effect: RowEffect, columns: Sequence[MappedColumn], *, with_values: bool) -> PlanEntry:
    """Return a row of a plan.

    Args:
        effect: what would happen.
        columns: which fields are fed.
        with_values: whether the values of the contact are shown too.
    """
    fields = effect.fields(columns)
    values = None
    if with_values and effect.contact is not None:
        found = dict(_values(effect.contact, {each.api_path: each.target for each in columns}))
        values = json.dumps({name: found[name] for name in fields if name in found})
    return PlanEntry(
        effect.source_key,
        effect.contact_id,
        str(effect.effect),
        ", ".join(fields),
        ", ".join(map(_reason, effect.reasons)),
        values,
    )


def _reason(reason: Reason) -> str:
    return f"{reason.field}: {reason.code}" if reason.field else reason.code


def _values(contact: Contact, targets: Mapping[str, str]) -> Iterator[tuple[str, JsonValue]]:
    """Return each field that the contact fills, as the user writes it, with its value."""
    for path, value in _by_path(contact):
        yield targets.get(path, path), value


def _by_path(contact: Contact) -> Iterator[tuple[str, JsonValue]]:
    for name, value in contact.fields.items():
        if name == "customFields" and isinstance(value, list):
            for each in value:
                if isinstance(each, dict):
                    yield f"{name}.{each['id']}", each.get("field_value")
        elif isinstance(value, dict):
            for channel, setting in value.items():
                if isinstance(setting, dict):
                    yield from ((f"{name}.{channel}.{part}", each) for part, each in setting.items())
        else:
            yield name, value
    kinds = (("add", contact.add_tags), ("remove", contact.remove_tags))
    tags: dict[str, JsonValue] = {kind: [*names] for kind, names in kinds if names}
    if tags:
        yield "tags", tags
