"""The names that version `v3` of the API writes differently, translated from and to version 2021-07-28.

The rest of the provider uses the names of version 2021-07-28. Version `v3` (published in June 2026) has its own names
for the value of a custom field (`fieldValue`), for the channels of do-not-disturb (`call`, `whatsApp`), and for
everything in calls about tokens (`refreshToken`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, TypeAlias, TypeVar

from leadway_provider.api.call import Call

JsonObject: TypeAlias = dict[str, Any]
T = TypeVar("T")

VERSION: Final = "v3"
"""The value of the `Version` header."""
_V3_CHANNELS: Final = {
    "Call": "call",
    "Email": "email",
    "SMS": "sms",
    "WhatsApp": "whatsApp",
    "GMB": "gmb",
    "FB": "fb",
}
_TOKEN_PATHS: Final = {"/oauth/locationToken": "/oauth/location-token"}
_TOKEN_NAMES: Final = {
    "client_id": "clientId",
    "client_secret": "clientSecret",
    "grant_type": "grantType",
    "refresh_token": "refreshToken",
    "user_type": "userType",
    "access_token": "accessToken",
    "expires_in": "expiresIn",
}
_CHANNELS: Final = {v3: channel for channel, v3 in _V3_CHANNELS.items()}


def to_v3(body: JsonObject) -> JsonObject:
    """Return the body of a request with the names of v3."""
    translated = dict(body)
    if isinstance(values := body.get("customFields"), list):
        translated["customFields"] = [_renamed(value, "field_value", "fieldValue") for value in values]
    if isinstance(channels := body.get("dndSettings"), dict):
        translated["dndSettings"] = {_V3_CHANNELS.get(channel, channel): it for channel, it in channels.items()}
    return translated


def from_v3(contact: JsonObject) -> JsonObject:
    """Return a contact of an answer with the names of version 2021-07-28."""
    translated = dict(contact)
    if isinstance(values := contact.get("customFields"), list):
        translated["customFields"] = [_renamed(value, "fieldValue", "value") for value in values]
    if isinstance(channels := contact.get("dndSettings"), dict):
        translated["dndSettings"] = {_CHANNELS.get(channel, channel): it for channel, it in channels.items()}
    return translated


def to_v3_token_call(call: Call[T]) -> Call[T]:
    """Return a call about tokens with the path and the names of v3."""
    form = {_TOKEN_NAMES.get(name, name): value for name, value in (call.form or {}).items()}
    return replace(call, template=_TOKEN_PATHS.get(call.template, call.template), form=form)


def token_value(answer: JsonObject, name: str) -> Any:
    """Return a value of an answer about tokens in the names of either version, because tokens can't be asked for twice.

    Args:
        answer: the answer.
        name: the name in version 2021-07-28.
    """
    return answer.get(name) or answer.get(_TOKEN_NAMES[name])


def _renamed(value: Any, old: str, new: str) -> Any:
    if not isinstance(value, dict):
        return value
    return {new if name == old else name: item for name, item in value.items()}
