"""The way back of one contact: which fields a run changed, and what of them can be written as it was before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.contacts.targets import TARGETS
from leadway_provider.contacts.write_policy import without_paths
from leadway_provider.sync.before import KeptContact, custom_value, setting_of, with_fields
from leadway_provider.sync.identities import IDENTITIES

_CLEARED_BY_NULL: Final = frozenset(target.api_path for target in TARGETS.values() if target.nullable) | {
    "source",
    "assignedTo",
}
"""The fields that may be null in an update by id (documented); the company name may in the upsert, which writes it."""
_CUSTOM: Final = "customFields"
_SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "dndSettings": ("status", "message", "code"),
    "inboundDndSettings": ("status", "message"),
}
"""The parts of a channel that a call takes (documented); the status is required."""
_BLANK: Final[tuple[JsonValue, ...]] = (None, "", [])


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


def way_back(kept: KeptContact, current: Mapping[str, JsonValue], form: ContactForm) -> WayBack:
    """Return the way back of a contact.

    Args:
        kept: what it was before the run, and how the run left it.
        current: its fields now.
        form: the fields that the run maps.
    """
    before = kept.before or {}
    after = with_fields(before, kept.after)  # what the run did not write is as it was
    held = [dict(zip(form.paths, form.held(fields), strict=True)) for fields in (before, after, current)]
    if form.has_tags:
        for values, fields in zip(held, (before, after, current), strict=True):
            values["tags"] = "\n".join(sorted(form.tags(fields.get("tags")))) or None
    was, left, now = held
    wanted = [path for path in was if was[path] != now[path]]
    touched = {_unit(path) for path in wanted if now[path] != left[path]}
    edited = [path for path in wanted if _unit(path) in touched]
    restored = [path for path in wanted if path not in edited]
    dates = {path for path in restored if form.is_date(path)}
    fields, missing = _written([path for path in restored if path not in dates], before, current, was)
    _write_dates(fields, {path: was[path] for path in dates})
    _write_company(fields, missing, current)
    if "inboundDndSettings" not in before and "inboundDndSettings" not in current:
        # Answers do not have it (documented), so that nobody knows what it was, and what it is.
        missing += [path for path in was if path.startswith("inboundDndSettings.") and left[path] != was[path]]
    return WayBack(fields, tuple(edited), tuple(missing))


def left_alone(contact: Contact, edited: Collection[str]) -> Contact:
    """Return what is still written of a planned way back, where somebody has edited these API paths since then."""
    left = without_paths(contact, edited)
    fields = dict(left.fields)
    for name in _SETTINGS:
        if isinstance(channels := fields.get(name), dict):
            units = {_unit(path) for path in edited}
            kept = {channel: each for channel, each in channels.items() if f"{name}.{channel}" not in units}
            fields.pop(name) if not kept else fields.update({name: kept})
    return replace(left, fields=fields)


def _unit(path: str) -> str:
    """Return the part of a contact that is written as a whole: a channel of do-not-disturb, or one field."""
    name, _, rest = path.partition(".")
    return f"{name}.{rest.partition('.')[0]}" if name in _SETTINGS else path


def _written(
    paths: Collection[str],
    before: Mapping[str, JsonValue],
    current: Mapping[str, JsonValue],
    was: Mapping[str, str | None],
) -> tuple[dict[str, JsonValue], list[str]]:
    """Return the body that writes these fields as they were, and those that the API can't write so."""
    fields: dict[str, JsonValue] = {}
    missing = []
    for path in paths:
        name, _, part = path.partition(".")
        value = custom_value(before, part) if name == _CUSTOM else before.get(name)
        if name in _SETTINGS:
            _write_setting(fields, path, before, current)
        elif name == "tags":
            fields[name] = value if isinstance(value, list) else []
        elif name == "dnd":
            fields[name] = was[path] == "true"
        elif name == _CUSTOM:
            held = custom_value(current, part)
            if value in _BLANK and isinstance(held, dict):
                missing.append(path)  # the API documents no value that stands for no file
            else:
                blank: JsonValue = [] if isinstance(held, list) else ""
                _write_custom(fields, part, blank if value in _BLANK else value)
        elif value in _BLANK and path not in _CLEARED_BY_NULL:
            missing.append(path)
        else:
            fields[name] = None if value in _BLANK else value
    return fields, missing


def _write_setting(
    fields: dict[str, JsonValue], path: str, before: Mapping[str, JsonValue], current: Mapping[str, JsonValue]
) -> None:
    """Let the body have one part of a channel as it was; a call takes whole channels, so the others are in it."""
    name, channel, part = path.split(".")
    channels = fields.setdefault(name, {})
    assert isinstance(channels, dict)  # noqa: S101 - for the type checker
    if channel not in channels:
        # A status that is sent without a message may have taken the message away.
        was, now = setting_of(before, name, channel), setting_of(current, name, channel)
        parts = {each: value for each in _SETTINGS[name] if (value := now.get(each) or was.get(each))}
        channels[channel] = {"status": "inactive", **parts}
    setting = channels[channel]
    assert isinstance(setting, dict)  # noqa: S101 - the same
    setting[part] = setting_of(before, name, channel).get(part) or ("inactive" if part == "status" else "")


def _write_dates(fields: dict[str, JsonValue], dates: Mapping[str, str | None]) -> None:
    """Let the body have dates in the form that the API takes, in which it need not show them."""
    for path, value in dates.items():
        name, _, part = path.partition(".")
        if name == _CUSTOM:
            _write_custom(fields, part, value or "")
        else:
            fields[name] = value


def _write_custom(fields: dict[str, JsonValue], field_id: str, value: JsonValue) -> None:
    entries = fields.setdefault(_CUSTOM, [])
    assert isinstance(entries, list)  # noqa: S101 - for the type checker
    entries.append({"id": field_id, "field_value": value})


def _write_company(fields: dict[str, JsonValue], missing: list[str], current: Mapping[str, JsonValue]) -> None:
    """Let the body have more than a company name, which the call by id does not take.

    The upsert that writes it finds the contact by its e-mail or phone, so that a contact with neither is left as it is.
    """
    if "companyName" not in fields:
        return
    if not any(fields.get(name, current.get(name)) for name in IDENTITIES):
        del fields["companyName"]
        missing.append("companyName")
    elif len(fields) == 1:
        fields |= {name: current[name] for name in IDENTITIES if current.get(name)}
