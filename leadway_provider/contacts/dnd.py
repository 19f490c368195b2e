"""Do not disturb: statuses by channel, from plain columns or from one JSON column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.reasons import UnfitError
from leadway_provider.contacts.text import boolean, text

CHANNELS: Final[Mapping[str, str]] = {
    "call": "Call",
    "email": "Email",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "gmb": "GMB",
    "fb": "FB",
}
"""The channels as a target names them, and as version 2021-07-28 of the API does."""
_INBOUND: Final[Mapping[str, str]] = {"all": "all"}

_STATUSES: Final = ("active", "inactive", "permanent")
_INBOUND_STATUSES: Final = ("active", "inactive")


def status(value: object) -> str | None:
    """`active` (do not disturb), `inactive` or `permanent`, or a yes or no; None for a blank."""
    return _status(value, _STATUSES)


def inbound_status(value: object) -> str | None:
    """`active` or `inactive`, or a yes or no; None for a blank."""
    return _status(value, _INBOUND_STATUSES)


def settings(value: object) -> dict[str, JsonValue] | None:
    """A JSON object of channels, each with a status or with an object of status, message and code.

    Raises:
        UnfitError: it is no such object, or names a channel or a key that the API doesn't know.
    """
    return _settings(value, CHANNELS, _STATUSES, ("message", "code"))


def inbound_settings(value: object) -> dict[str, JsonValue] | None:
    """A JSON object whose one key `all` holds a status or an object of status and message.

    Raises:
        UnfitError: it is no such object.
    """
    return _settings(value, _INBOUND, _INBOUND_STATUSES, ("message",))


def _status(value: object, statuses: tuple[str, ...]) -> str | None:
    try:
        found = boolean(value)
    except UnfitError as unfit:
        if unfit.code != "boolean_malformed":
            raise
    else:
        return None if found is None else "active" if found else "inactive"
    if (written := str(text(value)).lower()) in statuses:
        return written
    raise UnfitError("status_unknown")


def _settings(
    value: object, channels: Mapping[str, str], statuses: tuple[str, ...], texts: tuple[str, ...]
) -> dict[str, JsonValue] | None:
    found: dict[str, JsonValue] = {}
    for name, setting in _object(value).items():
        channel = channels.get(str(name).casefold())
        if channel is None:
            raise UnfitError("json_malformed", f"Its keys can be {', '.join(channels.values())}.")
        if (made := _setting(setting, statuses, texts)) is not None:
            found[channel] = made
    return found or None


def _setting(value: object, statuses: tuple[str, ...], texts: tuple[str, ...]) -> dict[str, JsonValue] | None:
    parts = value if isinstance(value, dict) else {"status": value}
    if not parts.keys() <= {"status", *texts}:
        raise UnfitError("json_malformed", f"A channel's keys can be status, {', '.join(texts)}.")
    made: dict[str, JsonValue] = {part: found for part in texts if (found := text(parts.get(part))) is not None}
    stated = _status(parts.get("status"), statuses)
    if stated is not None:
        return {"status": stated, **made}
    if made:
        raise UnfitError("status_missing")
    return None


def _object(value: object) -> Mapping[object, object]:
    if not isinstance(value, dict):
        written = text(value)
        try:
            value = {} if written is None else json.loads(written)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, dict):
        raise UnfitError("json_malformed")
    return value
