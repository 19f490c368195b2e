"""What one row becomes: its columns' values, converted, checked and put together as a contact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from leadway_provider.contacts.contact import Contact, JsonValue, Reason, Rejection
from leadway_provider.contacts.reasons import UnfitError, reason
from leadway_provider.contacts.rules import ContactRules

OnBlank: TypeAlias = Literal["skip", "null", "note"]
"""Whether a blank means nothing, sends null, or is noted as not clearable."""


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """Which column feeds which field.

    Attributes:
        column: the column's name in the query's result, or None where a constant feeds the field.
        target: the field as the user writes it; a row's reasons name it so.
        wire: the field's place in the request, such as `firstName` or `customFields.<id>`; `not_kept` names it so.
    """

    column: str | None
    target: str
    wire: str


@dataclass(frozen=True, slots=True)
class Step:
    """One column's way into the contact.

    Attributes:
        position: where the column stands in the row.
        label: the target as the user writes it.
        wire: the field's place in the request.
        on_blank: what a blank does.
        convert: makes the value that is sent, or None of a blank; takes the row's region too where it reads phones.
    """

    position: int
    label: str
    wire: str
    on_blank: OnBlank
    convert: Callable[..., JsonValue]


@dataclass(frozen=True, slots=True)
class ContactMapping:
    """What the rows of one query mean; made by `compile_mapping`.

    Attributes:
        key_positions: where the key's columns stand in a row.
        digest: 16 bytes that change if and only if another contact may come of the same row. The same in every process.
        columns: which column feeds which field, in the result's order.
        rules: how forgiving it is.
        steps: how the columns are read, but for phone numbers.
        phone_steps: how phone numbers are read, once the row's country is known.
        constants: what every contact gets, by place in the request.
        labels: how the user writes each field, by place in the request.
    """

    key_positions: tuple[int, ...]
    digest: bytes
    columns: tuple[MappedColumn, ...]
    rules: ContactRules = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)
    phone_steps: tuple[Step, ...] = field(repr=False)
    constants: Mapping[str, JsonValue] = field(repr=False)
    labels: Mapping[str, str] = field(repr=False)

    @property
    def fed(self) -> tuple[MappedColumn, ...]:
        """Every field that is fed, by a column or by a constant."""
        return (*self.columns, *(MappedColumn(None, self.labels[wire], wire) for wire in self.constants))

    def contact(self, row: Sequence[object]) -> Contact | Rejection:
        """What the row becomes. Never raises, whatever its values; no reason holds a value.

        A value that its field can't take is withheld, and the others are sent. The row is rejected, with all its
        reasons, where no identity is usable, where the first identity is bad, and under strict rules for any bad value.
        """
        values = dict(self.constants)
        bad: dict[str, Reason] = {}
        notes: list[Reason] = []
        _fill(values, self.steps, row, bad, notes)
        if self.phone_steps:
            region = values.get("country") or self.rules.phone_region
            _fill(values, self.phone_steps, row, bad, notes, region)
        fields = self._nested(values, bad)
        reasons = tuple(bad.values())
        if not any(fields.get(name) for name in self.rules.identity):
            first = next(name for name in self.rules.identity if name in self.labels)
            return Rejection((*reasons, reason(self.labels[first], "no_identity")))
        if bad and (self.rules.strict or self.rules.identity[0] in bad):
            return Rejection(reasons)
        return self._with_tags(fields, reasons, tuple(notes))

    def _with_tags(
        self, fields: dict[str, JsonValue], withheld: tuple[Reason, ...], notes: tuple[Reason, ...]
    ) -> Contact:
        mode = self.rules.tags_mode
        contact = Contact(fields, withheld=withheld, notes=notes)
        if mode == "replace" or not isinstance(tags := fields.pop("tags", None), list):
            return contact
        names = tuple(str(tag) for tag in tags)
        return replace(contact, add_tags=names) if mode == "add" else replace(contact, remove_tags=names)

    def _nested(self, values: Mapping[str, JsonValue], bad: dict[str, Reason]) -> dict[str, JsonValue]:
        """The request's body: paths become objects, custom fields a list; a channel without a status is withheld."""
        fields: dict[str, JsonValue] = {}
        custom: list[JsonValue] = []
        channels: dict[str, dict[str, dict[str, JsonValue]]] = {}
        for wire, value in values.items():
            head, _, rest = wire.partition(".")
            if not rest:
                fields[head] = value
            elif head == "customFields":
                custom.append({"id": rest, "field_value": value})
            else:
                channel, _, part = rest.partition(".")
                channels.setdefault(head, {}).setdefault(channel, {})[part] = value
        if custom:
            fields["customFields"] = custom
        for head, settings in channels.items():
            kept: dict[str, JsonValue] = {}
            for channel, setting in settings.items():
                if "status" in setting:
                    kept[channel] = dict(setting)
                else:
                    wire = f"{head}.{channel}.{next(iter(setting))}"
                    bad.setdefault(wire, reason(self.labels[wire], "status_missing"))
            if kept:
                fields[head] = kept
        return fields


def _fill(
    values: dict[str, JsonValue],
    steps: tuple[Step, ...],
    row: Sequence[object],
    bad: dict[str, Reason],
    notes: list[Reason],
    *context: JsonValue,
) -> None:
    for step in steps:
        try:
            found = step.convert(row[step.position], *context)
        except UnfitError as unfit:
            bad[step.wire] = reason(step.label, unfit.code, unfit.detail)
            continue
        if found is not None:
            values[step.wire] = found
        elif step.on_blank == "null":
            values[step.wire] = None
        elif step.on_blank == "note":
            notes.append(reason(step.label, "blank_not_clearable"))
