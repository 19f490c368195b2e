"""The CRM's answer to an upsert against what was sent: what it dropped or changed without saying so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from leadway_provider.contacts.choice import folded, items
from leadway_provider.contacts.contact import JsonValue, Reason
from leadway_provider.contacts.date import iso_date
from leadway_provider.contacts.reasons import UnfitError, reason
from leadway_provider.contacts.text import boolean, number, text

Finding: TypeAlias = tuple[str, str]
"""The field's place in the request, and the code of what became of it."""

_BLANK: Final[tuple[JsonValue, ...]] = (None, "", [])
_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NEVER_SHOWN: Final = frozenset({"createNewIfDuplicateAllowed", "gender", "inboundDndSettings", "locationId"})
"""What the published answer has no place for; compared all the same where an answer shows it, but for the id."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def not_kept(sent: Mapping[str, JsonValue], kept: Mapping[str, JsonValue], *, new: bool) -> tuple[Reason, ...]:
    """Every field that the answer shows otherwise than it was sent, whichever of the API's forms it is shown in.

    Not differences: the case of e-mail, tags and names, the order of tags and options, numbers as text, dates with a
    time behind them, a web address with or without scheme, and a channel without a status for an inactive one.
    Fields that the answer has no place for are compared only where it shows them; of these, `gender` is known to be
    ignored (observed) on a contact that existed.

    Args:
        sent: the request's fields, as `Contact.fields` has them.
        kept: the contact in the answer.
        new: whether the CRM made the contact just now.

    Returns:
        One reason for each such field. Its `field` is the place in the request, such as `firstName`,
        `customFields.<id>` or `dndSettings.Call.status`, which `ContactMapping.labels` maps to the user's target.
    """
    findings = dict(_findings(sent, kept, new=new))
    if not new:
        _name_the_owner(findings, sent)
    return tuple(reason(wire, code) for wire, code in findings.items())


def _findings(sent: Mapping[str, JsonValue], kept: Mapping[str, JsonValue], *, new: bool) -> Iterable[Finding]:
    for wire, value in sent.items():
        shown = kept.get(wire)
        if wire == "name" and value in _BLANK and (kept.get("firstName") or kept.get("lastName")):
            continue  # the account composes the name that it shows of the two
        if wire in _NEVER_SHOWN and shown is None:
            if wire == "gender" and not new:
                yield wire, "gender_ignored"
        elif wire == "customFields":
            yield from _custom(value, shown)
        elif wire in ("dndSettings", "inboundDndSettings"):
            yield from _channels(wire, value, shown)
        elif code := _difference(value, shown, _SAME.get(wire, _same)):
            yield wire, "gender_ignored" if wire == "gender" and not new else code


def _name_the_owner(findings: dict[str, str], sent: Mapping[str, JsonValue]) -> None:
    """Where one identity matched and the other was dropped, another contact owns the other."""
    lost = ("dropped", "changed")
    for dropped, matched in (("phone", "email"), ("email", "phone")):
        if findings.get(dropped) in lost and sent.get(matched) is not None and matched not in findings:
            findings[dropped] = f"{dropped}_owned_by_other"


def _difference(sent: JsonValue, shown: JsonValue, same: Callable[[JsonValue, JsonValue], bool]) -> str | None:
    if sent in _BLANK:
        return None if shown in _BLANK else "not_cleared"
    if same(sent, shown):
        return None
    return "dropped" if shown in _BLANK else "changed"


def _custom(sent: JsonValue, shown: JsonValue) -> Iterable[Finding]:
    values = {}
    for entry in shown if isinstance(shown, list) else []:
        if isinstance(entry, dict):
            forms = ("value", "field_value", "fieldValue")
            values[entry.get("id")] = next((entry[form] for form in forms if form in entry), None)
    for entry in sent if isinstance(sent, list) else []:
        if isinstance(entry, dict):
            field_id = entry["id"]
            if code := _difference(entry.get("field_value"), values.get(field_id), _same_custom):
                yield f"customFields.{field_id}", code


def _channels(wire: str, sent: JsonValue, shown: JsonValue) -> Iterable[Finding]:
    settings = {name.casefold(): setting for name, setting in shown.items()} if isinstance(shown, dict) else {}
    for channel, setting in sent.items() if isinstance(sent, dict) else ():
        kept = settings.get(channel.casefold())
        parts = {"status": "inactive"} | (kept if isinstance(kept, dict) else {})
        for part, value in setting.items() if isinstance(setting, dict) else ():
            if code := _difference(value, parts.get(part), _same):
                yield f"{wire}.{channel}.{part}", code


def _same(sent: JsonValue, shown: JsonValue) -> bool:
    if isinstance(sent, bool) or isinstance(shown, bool):
        return _read(boolean, shown) == _read(boolean, sent)
    if isinstance(sent, (int, float)):
        return _read(number, shown) == sent
    written, kept = _read(text, sent), _read(text, shown)
    return isinstance(written, str) and isinstance(kept, str) and written.split() == kept.split()


def _same_folded(sent: JsonValue, shown: JsonValue) -> bool:
    return isinstance(sent, str) and isinstance(shown, str) and folded(sent) == folded(shown)


def _same_phone(sent: JsonValue, shown: JsonValue) -> bool:
    return re.sub(r"\D", "", str(sent)) == re.sub(r"\D", "", str(shown))


def _same_website(sent: JsonValue, shown: JsonValue) -> bool:
    bare = re.compile(r"\A(?:https?://)?(.*?)/*\Z", re.DOTALL)
    addresses = [bare.sub(r"\1", str(address).strip().casefold()) for address in (sent, shown)]
    return addresses[0] == addresses[1]


def _same_date(sent: JsonValue, shown: JsonValue) -> bool:
    if isinstance(shown, (int, float)) and not isinstance(shown, bool):
        try:
            shown = (_EPOCH + timedelta(milliseconds=shown)).date().isoformat()
        except (OverflowError, ValueError):
            return False
    return _read(lambda value: iso_date(value, day_first=False), shown) == sent


def _same_list(sent: JsonValue, shown: JsonValue) -> bool:
    try:
        return {folded(name) for name in items(sent) or ()} == {folded(name) for name in items(shown) or ()}
    except UnfitError:
        return False


def _same_custom(sent: JsonValue, shown: JsonValue) -> bool:
    if isinstance(sent, list):
        return _same_list(sent, shown)
    if isinstance(shown, list) and len(shown) == 1:
        shown = shown[0]
    return _same(sent, shown) or (
        isinstance(sent, str) and _ISO_DATE.fullmatch(sent) is not None and _same_date(sent, shown)
    )


def _read(reader: Callable[[object], JsonValue], value: JsonValue) -> JsonValue:
    """What the reader makes of the value; None where it can't be read, which is never what was sent."""
    try:
        return reader(value)
    except UnfitError:
        return None


_SAME: Final[Mapping[str, Callable[[JsonValue, JsonValue], bool]]] = {
    "email": _same_folded,
    "firstName": _same_folded,
    "lastName": _same_folded,
    "name": _same_folded,
    "timezone": _same_folded,
    "phone": _same_phone,
    "website": _same_website,
    "dateOfBirth": _same_date,
    "tags": _same_list,
    "dnd": lambda sent, shown: sent == bool(_read(boolean, shown)),
}
