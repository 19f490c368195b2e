"""Why a body of a contact is refused with 422, in the words of the published description and of observed answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from leadway_provider.sandbox.version import ApiVersion

_COUNTRIES = """
AD AE AF AG AI AL AM AN AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BV BW BY BZ CA
CC CD CF CG CH CI CK CL CM CN CO CR CU CV CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA
GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO
JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA
RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR
TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
COUNTRY_CODES = frozenset(_COUNTRIES.split())
"""The two-letter codes of the service's published country list."""

_EMAIL = re.compile(r"[^@\s\"(),:;<>\[\]\\]+@[^@\s.]+(\.[^@\s.]+)+")
_YEAR_FIRST = re.compile(r"(\d{4})([-/._])(\d\d)\2(\d\d)")
_MONTH_FIRST = re.compile(r"(\d\d)([-/._])(\d\d)\2(\d{4})")


def upsert_errors(body: Mapping[str, Any], version: ApiVersion) -> list[str]:
    """Return every reason for which the body of an upsert is refused; none if the body is valid."""
    found = _checked(body, version, _CHECKS)
    if "locationId" not in body:
        found.append("locationId must be a string")
    return found


def create_errors(body: Mapping[str, Any], version: ApiVersion) -> list[str]:
    """Return every reason for which the body of a creation is refused; none if the body is valid."""
    found = _checked(body, version, _CREATE_CHECKS)
    if "locationId" not in body:
        found.append("locationId must be a string")
    return found


def update_errors(body: Mapping[str, Any], version: ApiVersion) -> list[str]:
    """Return every reason for which the body of an update is refused; none if the body is valid."""
    return _checked(body, version, _UPDATE_CHECKS)


def _checked(body: Mapping[str, Any], version: ApiVersion, checks: Mapping[str, _Check]) -> list[str]:
    found: list[str] = []
    for name, value in body.items():
        check = checks.get(name)
        found.extend(check(name, value, version) if check else _unknown(name))
    return found


def iso_birth_date(text: str) -> str | None:
    """Return a date as `YYYY-MM-DD`; None if it is not in one of the eight documented formats."""
    if found := _YEAR_FIRST.fullmatch(text):
        year, _, month, day = found.groups()
    elif found := _MONTH_FIRST.fullmatch(text):
        month, _, day, year = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def string_list_errors(name: str, value: object) -> Sequence[str]:
    """Return the reasons for which a value is refused as a list of strings; none if it is one."""
    if not isinstance(value, list):
        return (f"{name} must be an array",)
    return () if all(isinstance(item, str) for item in value) else (f"each value in {name} must be a string",)


def _unknown(name: str) -> Sequence[str]:
    return (f"property {name} should not exist",)


def _text(name: str, value: object, _version: ApiVersion) -> Sequence[str]:
    return () if isinstance(value, str) else (f"{name} must be a string",)


def _nullable_text(name: str, value: object, _version: ApiVersion) -> Sequence[str]:
    return () if value is None or isinstance(value, str) else (f"{name} must be a string",)


def _boolean(name: str, value: object, _version: ApiVersion) -> Sequence[str]:
    return () if isinstance(value, bool) else (f"{name} must be a boolean value",)


def _email(name: str, value: object, _version: ApiVersion) -> Sequence[str]:
    return (
        () if value is None or (isinstance(value, str) and _EMAIL.fullmatch(value)) else (f"{name} must be an email",)
    )


def _country(name: str, value: object, _version: ApiVersion) -> Sequence[str]:
    return () if isinstance(value, str) and value in COUNTRY_CODES else (f"{name} must be a valid enum value",)


def _birth_date(name: str, value: object, _version: ApiVersion) -> Sequence[str]:
    return (
        () if value is None or (isinstance(value, str) and iso_birth_date(value)) else (f"{name} must be a valid date",)
    )


def _tags(name: str, value: object, _version: ApiVersion) -> Sequence[str]:
    return string_list_errors(name, value)


def _dnd_settings(name: str, value: object, version: ApiVersion) -> Sequence[str]:
    return _channels(name, value, version.channels, ("active", "inactive", "permanent"), ("message", "code"))


def _inbound_dnd_settings(name: str, value: object, _version: ApiVersion) -> Sequence[str]:
    return _channels(name, value, {"all": "all"}, ("active", "inactive"), ("message",))


def _channels(
    name: str, value: object, channels: Mapping[str, str], statuses: tuple[str, ...], texts: tuple[str, ...]
) -> Sequence[str]:
    if not isinstance(value, dict):
        return (f"{name} must be an object",)
    found: list[str] = []
    for channel, setting in value.items():
        path = f"{name}.{channel}"
        if channel not in channels:
            found.append(f"{name}.property {channel} should not exist")
        elif not isinstance(setting, dict):
            found.append(f"{path} must be an object")
        else:
            if setting.get("status") not in statuses:
                found.append(f"{path}.status must be one of the following values: {', '.join(statuses)}")
            found += [f"{path}.{key} must be a string" for key in texts if not isinstance(setting.get(key, ""), str)]
            found += [f"{path}.property {key} should not exist" for key in setting if key not in ("status", *texts)]
    return found


def _custom_fields(name: str, value: object, version: ApiVersion) -> Sequence[str]:
    if not isinstance(value, list):
        return (f"{name} must be an array",)
    found: list[str] = []
    for position, entry in enumerate(value):
        path = f"{name}.{position}"
        if not isinstance(entry, dict):
            found.append(f"{path} must be an object")
            continue
        if not isinstance(entry.get("id"), str):
            found.append(f"{path}.id must be a string")
        if not isinstance(entry.get("key", ""), str):
            found.append(f"{path}.key must be a string")
        if not _is_field_value(version.value(entry)):
            value_key = version.value_keys[0]
            found.append(f"{path}.{value_key} must be a string, a number, an array of strings or an object")
        known = ("id", "key", *version.value_keys)
        found += [f"{path}.property {key} should not exist" for key in entry if key not in known]
    return found


def _is_field_value(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return value is None or (isinstance(value, str | int | float | dict) and not isinstance(value, bool))


_Check = Callable[[str, object, ApiVersion], Sequence[str]]
_CHECKS: Mapping[str, _Check] = {
    "locationId": _text,
    **dict.fromkeys(
        (
            "firstName",
            "lastName",
            "name",
            "phone",
            "address1",
            "city",
            "state",
            "website",
            "timezone",
            "companyName",
        ),
        _nullable_text,
    ),
    **dict.fromkeys(("gender", "postalCode", "source", "assignedTo"), _text),
    **dict.fromkeys(("dnd", "createNewIfDuplicateAllowed"), _boolean),
    "email": _email,
    "country": _country,
    "dateOfBirth": _birth_date,
    "tags": _tags,
    "dndSettings": _dnd_settings,
    "inboundDndSettings": _inbound_dnd_settings,
    "customFields": _custom_fields,
}
_CREATE_CHECKS: Mapping[str, _Check] = {
    name: check for name, check in _CHECKS.items() if name != "createNewIfDuplicateAllowed"
}
_NOT_UPDATED = ("locationId", "gender", "companyName", "createNewIfDuplicateAllowed")
_UPDATE_CHECKS: Mapping[str, _Check] = {
    **{name: check for name, check in _CHECKS.items() if name not in _NOT_UPDATED},
    **dict.fromkeys(("source", "assignedTo"), _nullable_text),
}
