"""The CRM's answer to a write, compared with what was sent: the CRM drops and changes values without an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeAlias

from leadway_provider.contacts.choice import folded, items
from leadway_provider.contacts.contact import JsonValue, Reason
from leadway_provider.contacts.date import iso_date
from leadway_provider.contacts.number import number
from leadway_provider.contacts.reasons import UnfitError, reason
from leadway_provider.contacts.text import boolean, text

FieldCode: TypeAlias = tuple[str, str]
"""A field's API path, and the code of what happened to its value."""

_BLANK: Final[tuple[JsonValue, ...]] = (None, "", [])
_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NOT_IN_ANSWERS: Final = frozenset({"createNewIfDuplicateAllowed", "gender", "inboundDndSettings"})
"""Fields that an answer does not have (documented). They are compared only where an answer shows a value."""
_IDENTITIES: Final = ("email", "phone")
_LOST: Final = frozenset({"dropped", "changed"})
"""Codes of a value that the contact does not have."""
_ROOM: Final = 10
"""How many times longer an answer may write a value than it was sent. A longer one is another value and is not read."""
_LEAST_ROOM: Final = 1000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def not_kept(
    sent: Mapping[str, JsonValue], kept: Mapping[str, JsonValue], *, new: bool, by_id: bool = False
) -> tuple[Reason, ...]:
    """Return a reason for every field whose value in the answer is not the one that was sent.

    These are not differences: the case of e-mail, tags and names, the order of tags and options, numbers as text,
    dates with a time of day, a web address with or without scheme, and a missing channel for an inactive one. Fields
    that an answer does not show at all are not compared; one of them is `gender`, which the CRM ignores on a contact
    that existed (observed). E-mail and phone are the exception, because an answer leaves out the one that the contact
    does not have: they are compared where it shows one of them.

    Args:
        sent: the request's fields, as `Contact.fields` or `Contact.update_fields` has them.
        kept: the contact in the answer.
        new: whether the CRM created the contact with this call.
        by_id: whether the call named the contact by its id, as `PUT /contacts/{id}` does. The CRM matched nothing then,
            so an e-mail or phone that was not kept is another contact's.

    Returns:
        Reasons whose `field` is the API path, such as `firstName`, `customFields.<id>` or `dndSettings.Call.status`.
        `ContactMapping.targets` maps it to the target as the user writes it.
    """
    codes = dict(_differences(sent, kept, new=new))
    if by_id:
        codes |= {name: "identity_taken" for name in ("email", "phone") if codes.get(name) in _LOST}
    elif not new:
        _name_the_owner(codes, sent)
    return tuple(reason(api_path, code) for api_path, code in codes.items())


def _differences(sent: Mapping[str, JsonValue], kept: Mapping[str, JsonValue], *, new: bool) -> Iterable[FieldCode]:
    for api_path, value in sent.items():
        shown = kept.get(api_path)
        if api_path == "name" and value in _BLANK and (kept.get("firstName") or kept.get("lastName")):
            continue  # the account shows a name made of these two
        if not _is_shown(api_path, kept):
            if api_path == "gender" and not new:
                yield api_path, "gender_ignored"
        elif api_path == "customFields":
            yield from _custom(value, shown)
        elif api_path in ("dndSettings", "inboundDndSettings"):
            yield from _channels(api_path, value, shown)
        elif code := _code(value, shown, _SAME.get(api_path, _same)):
            yield api_path, "gender_ignored" if api_path == "gender" and not new else code


def _is_shown(api_path: str, kept: Mapping[str, JsonValue]) -> bool:
    """Return True if the answer says what the contact has in a field, or that it has nothing."""
    if api_path in _IDENTITIES:
        return any(name in kept for name in _IDENTITIES)
    return kept.get(api_path) is not None if api_path in _NOT_IN_ANSWERS else api_path in kept


def _name_the_owner(codes: dict[str, str], sent: Mapping[str, JsonValue]) -> None:
    """Mark an identity as another contact's if it was not kept while the other identity matched."""
    for identity, matched in (("phone", "email"), ("email", "phone")):
        if codes.get(identity) in _LOST and sent.get(matched) is not None and matched not in codes:
            codes[identity] = f"{identity}_owned_by_other"


def _code(sent: JsonValue, shown: JsonValue, same: Callable[[JsonValue, JsonValue], bool]) -> str | None:
    if type(sent) is str and sent == shown:  # as most values are
        return None
    if sent in _BLANK:
        return None if shown in _BLANK else "not_cleared"
    if not _is_far_longer(shown, sent) and same(sent, shown):
        return None
    return "dropped" if shown in _BLANK else "changed"


def _is_far_longer(shown: JsonValue, sent: JsonValue) -> bool:
    """Return True if comparing the values would take the time of a long text, although a short one was sent."""
    if isinstance(shown, list):
        length = len(shown) + sum(len(each) for each in shown if isinstance(each, str))
    else:
        length = len(shown) if isinstance(shown, str) else 0
    return length > _LEAST_ROOM and length > _ROOM * len(str(sent))


def _custom(sent: JsonValue, shown: JsonValue) -> Iterable[FieldCode]:
    values: dict[object, JsonValue] = {}
    for entry in shown if isinstance(shown, list) else []:
        if isinstance(entry, dict) and isinstance(shown_id := entry.get("id"), str):
            forms = ("value", "field_value", "fieldValue")
            values[shown_id] = next((entry[form] for form in forms if form in entry), None)
    for entry in sent if isinstance(sent, list) else []:
        if isinstance(entry, dict):
            field_id = entry["id"]
            if code := _code(entry.get("field_value"), values.get(field_id), _same_custom):
                yield f"customFields.{field_id}", code


def _channels(api_path: str, sent: JsonValue, shown: JsonValue) -> Iterable[FieldCode]:
    settings = {name.casefold(): setting for name, setting in shown.items()} if isinstance(shown, dict) else {}
    for channel, setting in sent.items() if isinstance(sent, dict) else ():
        kept = settings.get(channel.casefold())
        parts = {"status": "inactive"} | (kept if isinstance(kept, dict) else {})
        for part, value in setting.items() if isinstance(setting, dict) else ():
            if code := _code(value, parts.get(part), _same):
                yield f"{api_path}.{channel}.{part}", code


def _same(sent: JsonValue, shown: JsonValue) -> bool:
    if isinstance(sent, bool) or isinstance(shown, bool):
        return _read(boolean, shown) == _read(boolean, sent)
    if isinstance(sent, (int, float)):
        return _read(partial(number, decimal_separator="."), shown) == sent
    written, kept = _read(text, sent), _read(text, shown)
    return isinstance(written, str) and isinstance(kept, str) and written.split() == kept.split()


def _same_folded(sent: JsonValue, shown: JsonValue) -> bool:
    return isinstance(sent, str) and isinstance(shown, str) and folded(sent) == folded(shown)


def _same_phone(sent: JsonValue, shown: JsonValue) -> bool:
    return _digits(sent) == _digits(shown)


def _digits(phone: JsonValue) -> str:
    return re.sub(r"\D", "", str(_read(text, phone)))


def _same_website(sent: JsonValue, shown: JsonValue) -> bool:
    return isinstance(shown, str) and _without_scheme(sent) == _without_scheme(shown)


def _without_scheme(address: JsonValue) -> str:
    """Return a web address in lower case, without scheme and the slashes at its end."""
    written = str(address).strip().casefold()
    scheme = next((each for each in ("https://", "http://") if written.startswith(each)), "")
    return written.removeprefix(scheme).rstrip("/")


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
    """Return the value as `reader` reads it; None where it can't be read, which never equals what was sent."""
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
