"""From one row to a contact: its values are converted, checked and put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal, TypeAlias

from leadway_provider.contacts.contact import Contact, JsonValue, Reason, Rejection
from leadway_provider.contacts.reasons import UnfitError, reason
from leadway_provider.contacts.stamps import Stamp
from leadway_provider.contacts.targets import CONTACT_ID
from leadway_provider.contacts.unreadable import UnreadableValue
from leadway_provider.policies import ContactRules

OnBlank: TypeAlias = Literal["skip", "null", "note"]
"""What a blank does: nothing, send null, or add a note that the field can't be cleared."""


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """A column, or a constant, and the field that it feeds.

    Attributes:
        column: the column's name in the query's result, or None where a constant feeds the field.
        target: the field as the user writes it, and as a row's reasons name it.
        api_path: the field's place in the request, such as `firstName` or `customFields.<id>`, as `not_kept` names it.
    """

    column: str | None
    target: str
    api_path: str


@dataclass(frozen=True, slots=True)
class Step:
    """How one column of a row becomes a field of the contact.

    Attributes:
        position: the column's position in the row.
        target: the field as the user writes it.
        api_path: the field's place in the request.
        on_blank: what a blank does.
        convert: returns the value to send, or None for a blank. A converter of phones takes the row's region too.
    """

    position: int
    target: str
    api_path: str
    on_blank: OnBlank
    convert: Callable[..., JsonValue]


@dataclass(frozen=True, slots=True)
class ContactMapping:
    """How the rows of one query become contacts. `compile_mapping` makes it.

    Attributes:
        key_positions: the positions of the key's columns in a row.
        digest: 16 bytes that change if and only if the same row may become another contact. They are the same in every
            process.
        columns: the fields that are fed, first by columns in the result's order, then by constants.
        rules: how values are read, and what happens to wrong ones.
        steps: how columns are read, except for phone numbers.
        phone_steps: how phone numbers are read, once the row's country is known.
        constants: the values that every contact gets, by API path.
        targets: the fields as the user writes them, by API path.
        users_digest: 8 bytes that stand for the account's users, whose list no row's digest holds; none where no field
            needs them.
        stamps: the fields that are written with whatever is sent anyway; no digest holds them.
        once: the API paths of the fields that are written only where a contact is made.
        if_empty: those of the fields that are written only where the CRM holds nothing in them.
        if_unedited: those of the fields that are written unless somebody has edited them in the CRM.
    """

    key_positions: tuple[int, ...]
    digest: bytes
    columns: tuple[MappedColumn, ...]
    rules: ContactRules = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)
    phone_steps: tuple[Step, ...] = field(repr=False)
    constants: Mapping[str, JsonValue] = field(repr=False)
    targets: Mapping[str, str] = field(repr=False)
    users_digest: bytes = field(default=b"", repr=False)
    stamps: tuple[Stamp, ...] = ()
    once: frozenset[str] = field(default=frozenset(), repr=False)
    if_empty: frozenset[str] = field(default=frozenset(), repr=False)
    if_unedited: frozenset[str] = field(default=frozenset(), repr=False)

    def contact(self, row: Sequence[object]) -> Contact | Rejection:
        """Return the contact of a row, or its rejection with every reason. It never raises, whatever the values.

        A value that its field can't take is withheld, and the others are sent. No reason holds a value. The row is
        rejected if

        - it has neither a contact id nor a usable identity;
        - its contact id is malformed;
        - it has no contact id, and its first identity is malformed;
        - any value can't be sent, under strict rules.
        """
        values = dict(self.constants)
        bad: dict[str, Reason] = {}
        notes: list[Reason] = []
        _fill(values, self.steps, row, bad, notes)
        if self.phone_steps:
            # A country that was given and not understood does not make the number one of the default region.
            region = values.get("country") or (None if "country" in bad else self.rules.phone_region)
            _fill(values, self.phone_steps, row, bad, notes, region)
            self._explain_regions(bad)
        given = values.pop(CONTACT_ID, None)
        contact_id = given if isinstance(given, str) else None
        for path in self.if_empty:
            if path in values and values[path] is None:
                del values[path]  # there is nothing to clear where the CRM holds nothing
        fields = self._nested(values, bad)
        reasons = tuple(bad.values())
        if contact_id is None and not any(fields.get(name) for name in self.rules.identity):
            first = next(name for name in (*self.rules.identity, CONTACT_ID) if name in self.targets)
            return Rejection((*reasons, reason(self.targets[first], "no_identity")))
        if bad and (self.rules.strict or self._is_misdirected(bad, contact_id)):
            return Rejection(reasons)
        add_tags, remove_tags = self._take_tags(fields)
        made = Contact(fields, add_tags, remove_tags, reasons, tuple(notes), contact_id)
        if not (self.once or self.if_empty or self.if_unedited):
            return made
        return replace(
            made,
            once=self.once.intersection(values),
            if_empty=self.if_empty.intersection(values),
            if_unedited=self.if_unedited.intersection(values),
        )

    def _explain_regions(self, bad: dict[str, Reason]) -> None:
        """Say of phones without a known country that the row has one, but for a value that was not understood."""
        for step in self.phone_steps if "country" in bad else ():
            if (found := bad.get(step.api_path)) and found.code == "phone_region_unknown":
                detail = "The row's country was given and not understood."
                bad[step.api_path] = reason(step.target, found.code, detail)

    def _is_misdirected(self, bad: Mapping[str, Reason], contact_id: str | None) -> bool:
        """Return True if what should choose the contact is malformed, so that another value would choose it."""
        return CONTACT_ID in bad or (contact_id is None and self.rules.identity[0] in bad)

    def _take_tags(self, fields: dict[str, JsonValue]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Remove tags from the body, unless they replace all others. Return those to add and those to remove."""
        mode = self.rules.tags_mode
        if mode == "replace" or not isinstance(tags := fields.pop("tags", None), list):
            return (), ()
        names = tuple(str(tag) for tag in tags)
        return (names, ()) if mode == "add" else ((), names)

    def _nested(self, values: Mapping[str, JsonValue], bad: dict[str, Reason]) -> dict[str, JsonValue]:
        """Return the request's body, with an object for each path and a list of custom fields.

        A do-not-disturb channel without a status is left out and added to `bad`.
        """
        fields: dict[str, JsonValue] = {}
        custom: list[JsonValue] = []
        channels: dict[str, dict[str, dict[str, JsonValue]]] = {}
        for api_path, value in values.items():
            head, rest = _split(api_path)
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
                    api_path = f"{head}.{channel}.{next(iter(setting))}"
                    status = bad.get(f"{head}.{channel}.status")
                    code = status.code if status else "status_missing"
                    bad.setdefault(api_path, reason(self.targets[api_path], code))
            if kept:
                fields[head] = kept
        return fields


@lru_cache(maxsize=1024)
def _split(api_path: str) -> tuple[str, str]:
    """Return the first part of a path, and the others; blank where there is one part only."""
    head, _, rest = api_path.partition(".")
    return head, rest


def _fill(
    values: dict[str, JsonValue],
    steps: tuple[Step, ...],
    row: Sequence[object],
    bad: dict[str, Reason],
    notes: list[Reason],
    *context: JsonValue,
) -> None:
    for step in steps:
        value = row[step.position]
        if isinstance(value, UnreadableValue):
            bad[step.api_path] = reason(step.target, value.code, value.detail)
            continue
        try:
            found = step.convert(value, *context)
        except UnfitError as unfit:
            bad[step.api_path] = reason(step.target, unfit.code, unfit.detail)
            if unfit.rest is not None:
                values[step.api_path] = unfit.rest
            continue
        if found is not None:
            values[step.api_path] = found
        elif step.on_blank == "null":
            values[step.api_path] = None
        elif step.on_blank == "note":
            notes.append(reason(step.target, "blank_not_clearable"))
