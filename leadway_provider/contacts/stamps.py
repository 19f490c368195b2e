"""Stamps: fields that say when, by which run and of which row a contact was written, in whatever is sent anyway."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from leadway_provider.contacts.contact import Contact, JsonValue, Reason
from leadway_provider.contacts.converter import Converter, converter, custom_converter
from leadway_provider.contacts.custom_field import CustomField, custom_field_finder
from leadway_provider.contacts.mistakes import Mistakes
from leadway_provider.contacts.nearest import nearest
from leadway_provider.contacts.reasons import UnfitError, reason
from leadway_provider.contacts.targets import CUSTOM_PREFIX, Kind, Target, find_target
from leadway_provider.exceptions import MappingError
from leadway_provider.policies import ContactRules

STAMPS: Final = ("time", "run_id", "key")
"""What a stamp can hold: when the row was planned, in UTC; the run that planned it; the row's source key."""
_KINDS: Final = (Kind.TEXT, Kind.DATE, Kind.CUSTOM)
_SAMPLE: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A field of the contact, and what it is stamped with.

    Attributes:
        target: the field as the user writes it.
        api_path: the field's place in the request: `source`, `customFields.<id>`.
        value: one of `STAMPS`.
        convert: returns what is sent.
    """

    target: str
    api_path: str
    value: str = field(repr=False)
    convert: Converter = field(repr=False)


@dataclass(frozen=True, slots=True)
class RunStamps:
    """The stamps of one run.

    Attributes:
        stamps: the fields.
        run_id: the run.
        time: when it is planned.
    """

    stamps: Sequence[Stamp] = ()
    run_id: str = ""
    time: datetime | None = None

    def stamped(self, contact: Contact, key: str) -> Contact:
        """Return a contact with its stamps; one that its field can't take is left out, which `withheld` says."""
        if not self.stamps:
            return contact
        time = None if self.time is None else self.time.replace(microsecond=0)
        values: dict[str, object] = {"time": time, "run_id": self.run_id, "key": key}
        fields = dict(contact.fields)
        unfit: list[Reason] = []
        for stamp in self.stamps:
            try:
                _fill(fields, stamp.api_path, stamp.convert(values[stamp.value]))
            except UnfitError as error:
                unfit.append(reason(stamp.target, error.code, error.detail))
        paths = {stamp.api_path for stamp in self.stamps}
        differing = None if contact.differing is None else contact.differing | paths
        return replace(contact, fields=fields, differing=differing, withheld=(*contact.withheld, *unfit))


def compile_stamps(
    stamps: Mapping[str, str], *, targets: Mapping[str, str], custom_fields: Sequence[CustomField], rules: ContactRules
) -> tuple[Stamp, ...]:
    """Return the stamps of an account.

    Args:
        stamps: what each target is stamped with.
        targets: the fields that columns and constants fill, as the user writes them, by API path.
        custom_fields: the account's custom fields for contacts.
        rules: how values are read.

    Raises:
        MappingError: a target or a value is wrong, a field can't take the value, or a column or constant fills it. The
            message names all of them.
    """
    mistakes, find = Mistakes(), custom_field_finder(custom_fields)
    found: list[Stamp] = []
    for written, value in stamps.items():
        with mistakes.noted():
            stamp = _stamp(written, value, find, rules)
            taken = dict(targets) | {each.api_path: each.target for each in found}
            if stamp.api_path in taken:
                raise MappingError(
                    f"The stamp {written!r} and {taken[stamp.api_path]!r} fill the same field: leave one of them out."
                )
            found.append(stamp)
    mistakes.raise_if_any()
    return tuple(found)


def check_stamps(stamps: Mapping[str, str]) -> None:
    """Check what does not need the account; raises MappingError for a wrong target or value."""
    mistakes = Mistakes()
    for written, value in stamps.items():
        with mistakes.noted():
            _target(written, value)
    mistakes.raise_if_any()


def _stamp(written: str, value: str, find: Callable[[str, str], CustomField], rules: ContactRules) -> Stamp:
    target = _target(written, value)
    if target.kind is Kind.CUSTOM:
        custom = find(written, target.name.removeprefix(CUSTOM_PREFIX))
        stamp = Stamp(written, f"{target.api_path}.{custom.id}", value, custom_converter(written, custom, rules)[0])
    else:
        stamp = Stamp(written, target.api_path, value, converter(target.kind, rules, {})[0])
    if value != "key":  # whether a field takes a key depends on the key
        try:
            stamp.convert({"time": _SAMPLE, "run_id": "0a1b2c3d4e5f"}[value])
        except (UnfitError, TypeError):
            raise MappingError(f"The stamp {written!r} can't hold {value!r}: name a field of text instead.") from None
    return stamp


def _target(written: str, value: str) -> Target:
    if value not in STAMPS:
        closest = nearest(str(value), STAMPS)
        raise MappingError(f"The stamp {written!r} is {value!r}, which is not a stamp; the nearest is {closest!r}.")
    target = find_target(written)
    if target.kind not in _KINDS or "." in target.api_path:
        raise MappingError(f"The stamp {written!r} is not a field of text, a date or a custom field.")
    return target


def _fill(fields: dict[str, JsonValue], api_path: str, value: JsonValue) -> None:
    head, _, field_id = api_path.partition(".")
    if not field_id:
        fields[head] = value
        return
    custom = fields.get(head)
    fields[head] = [*(custom if isinstance(custom, list) else ()), {"id": field_id, "field_value": value}]
