"""Do-not-disturb statuses by channel, from plain columns or from one JSON column."""

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
"""The API's names of the channels (version 2021-07-28, documented), by the names in a target."""
_INBOUND: Final[Mapping[str, str]] = {"all": "all"}

_STATUSES: Final = ("active", "inactive", "permanent")
_INBOUND_STATUSES: Final = ("active", "inactive")


def status(value: object) -> str | None:
    """Return `active` (do not disturb), `inactive` or `permanent`; None for a blank.

    Args:
        value: one of these words, or a boolean: true stands for `active` and false for `inactive`.

    Raises:
        UnfitError: the value is not a status.
    """
    return _status(value, _STATUSES)


def inbound_status(value: object) -> str | None:
    """Return `active` or `inactive`; None for a blank. It takes what `status` takes, except for `permanent`.

    Raises:
        UnfitError: the value is not a status.
    """
    return _status(value, _INBOUND_STATUSES)


def settings(value: object) -> dict[str, JsonValue] | None:
    """Return the settings of several channels, in the API's form; None for a blank.

    Args:
        value: a JSON object of channels. Each has a status, or an object of status, message and code.

    Raises:
        UnfitError: the value is not such an object, or has a part that can't be sent, such as a channel that the API
            doesn't document. The error's `rest` has the other parts.
    """
    return _settings(value, CHANNELS, _STATUSES, ("message", "code"))


def inbound_settings(value: object) -> dict[str, JsonValue] | None:
    """Return the inbound setting, in the API's form; None for a blank.

    Args:
        value: a JSON object whose only key `all` has a status, or an object of status and message.

    Raises:
        UnfitError: as for `settings`.
    """
    return _settings(value, _INBOUND, _INBOUND_STATUSES, ("message",))


def _status(value: object, statuses: tuple[str, ...]) -> str | None:
    try:
        active = boolean(value)
    except UnfitError as unfit:
        if unfit.code != "boolean_malformed":
            raise
    else:
        return None if active is None else "active" if active else "inactive"
    if (written := str(text(value)).lower()) in statuses:
        return written
    raise UnfitError("status_unknown")


def _settings(
    value: object, channels: Mapping[str, str], statuses: tuple[str, ...], texts: tuple[str, ...]
) -> dict[str, JsonValue] | None:
    given: dict[str, list[object]] = {}
    unfit: list[UnfitError] = []
    for name, setting in _object(value).items():
        if channel := channels.get(str(name).casefold()):
            given.setdefault(channel, []).append(setting)
        else:
            unfit.append(UnfitError("json_malformed", f"Its keys can be {', '.join(channels.values())}."))
    by_channel: dict[str, JsonValue] = {}
    for channel, settings in given.items():
        try:
            converted = _setting(settings, statuses, texts, unfit)
        except UnfitError as whole:
            unfit.append(UnfitError(whole.code, f"This is in {channel}. {whole.detail}".rstrip()))
        else:
            if converted is not None:
                by_channel[channel] = converted
    if unfit:
        detail = " ".join(dict.fromkeys(each.detail for each in unfit if each.detail))
        raise UnfitError(unfit[0].code, detail, by_channel or None)
    return by_channel or None


def _setting(
    settings: list[object], statuses: tuple[str, ...], texts: tuple[str, ...], unfit: list[UnfitError]
) -> dict[str, JsonValue] | None:
    """Return one channel's setting; what can't be sent beside its status is added to `unfit`.

    Raises:
        UnfitError: nothing of the channel can be sent.
    """
    value, *others = settings
    if any(other != value for other in others):
        raise UnfitError("ambiguous", "It can be the setting of one of two keys that differ only in case.")
    parts = value if isinstance(value, dict) else {"status": value}
    given_status = _status(parts.get("status"), statuses)
    given: dict[str, JsonValue] = {}
    beside: list[UnfitError] = []
    for part, content in parts.items():
        if part in texts:
            try:
                found = text(content)
            except UnfitError as malformed:
                beside.append(malformed)
            else:
                given |= {} if found is None else {part: found}
        elif part != "status":
            beside.append(UnfitError("json_malformed", f"A channel's keys can be status, {', '.join(texts)}."))
    if given_status is None and (given or beside):
        raise UnfitError("status_missing")
    unfit += beside
    return None if given_status is None else {"status": given_status, **given}


def _object(value: object) -> Mapping[object, object]:
    if not isinstance(value, (dict, list)):
        written = text(value)
        try:
            value = {} if written is None else json.loads(written)
        except (ValueError, RecursionError):
            value = None
    if isinstance(value, list) and not value:
        return {}  # some programs write an object without keys so
    if not isinstance(value, dict):
        raise UnfitError("json_malformed")
    return value
