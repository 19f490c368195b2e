"""The way back of one contact: which fields a run changed, and what of them can be written as it was before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.contacts.targets import TARGETS
from leadway_provider.sync.before import KeptContact

_CLEARED_BY_NULL: Final = frozenset(target.api_path for target in TARGETS.values() if target.nullable)
_CUSTOM: Final = "customFields"
_NEVER: Final = frozenset({"gender", "companyName"})
"""The fields that an update by id does not take (documented)."""


@dataclass(frozen=True, slots=True)
class WayBack:
    """What is to be written to a contact, so that it is what it was before the run.

    Attributes:
        fields: what to write, in the API's names; nothing where the contact is what it was.
        edited: the API paths of fields that somebody has changed since the run; they are left alone.
        not_restorable: those of fields that the API can't write as they were.
    """

    fields: Mapping[str, JsonValue] = field(default_factory=dict, repr=False)
    edited: tuple[str, ...] = field(default=(), repr=False)
    not_restorable: tuple[str, ...] = field(default=(), repr=False)


def way_back(kept: KeptContact, current: Mapping[str, JsonValue], form: ContactForm, *, tags: bool) -> WayBack:
    """Return the way back of a contact.

    Args:
        kept: what it was before the run, and how the run left it.
        current: its fields now.
        form: the fields that the run maps.
        tags: whether the run maps tags.
    """
    before = kept.before or {}
    held = [dict(zip(form.paths, form.held(fields), strict=True)) for fields in (before, kept.after, current)]
    if tags:
        for values, fields in zip(held, (before, kept.after, current), strict=True):
            values["tags"] = "\n".join(sorted(form.tags(fields.get("tags")))) or None
    was, left, now = held
    wanted = [path for path in was if was[path] != now[path]]
    edited = [path for path in wanted if now[path] != left[path]]
    fields, missing = _written([path for path in wanted if path not in edited], before)
    return WayBack(fields, tuple(edited), tuple(missing))


def _written(paths: Collection[str], before: Mapping[str, JsonValue]) -> tuple[dict[str, JsonValue], list[str]]:
    """Return the body that writes these fields as they were, and those that the API can't write so."""
    fields: dict[str, JsonValue] = {}
    missing = []
    for path in paths:
        name, _, part = path.partition(".")
        value = _custom(before, part) if name == _CUSTOM else before.get(name)
        if name in _NEVER or (part and name != _CUSTOM):
            missing.append(path)
        elif name == "tags":
            fields[name] = value if isinstance(value, list) else []
        elif value in (None, "", []) and path not in _CLEARED_BY_NULL:
            missing.append(path)
        elif name == _CUSTOM:
            entries = fields.setdefault(name, [])
            assert isinstance(entries, list)  # noqa: S101 - for the type checker
            entries.append({"id": part, "field_value": value})
        else:
            fields[name] = value if value != "" else None
    return fields, missing


def _custom(fields: Mapping[str, JsonValue], field_id: str) -> JsonValue:
    entries = fields.get(_CUSTOM)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("id") == field_id:
            return next((entry[name] for name in ("value", "field_value", "fieldValue") if name in entry), None)
    return None
