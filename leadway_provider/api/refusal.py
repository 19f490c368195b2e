"""The error for a call that the API refused: whose turn it is to act, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from leadway_provider.api.answer import Fatal, WrongSetting
from leadway_provider.api.call import Call
from leadway_provider.api.credentials import PrivateToken
from leadway_provider.api.sentences import Sentence
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.exceptions import (
    ApiError,
    AuthenticationError,
    ConnectionSettingsError,
    ContactNotFoundError,
    IdentityTakenError,
    LeadwayError,
    RefusedError,
)

SCOPES: Final = (
    "contacts.write, contacts.readonly and locations/customFields.readonly, and users.readonly for assigned_to"
)
"""The scopes that a sync needs, as messages list them."""

_SHORTEST_PART: Final = 3
_SHORTEST_VALUE: Final = 6
_WRONG_SETTING: Final = {
    "host": "Connection {conn_id!r}: its host redirects ({status}), and a token is never sent to another address. "
    "Set the host to the API's own address.",
    "api_version": "Connection {conn_id!r}: the API does not accept the version header ({status}). "
    "Correct the extra `api_version`.",
}


def error_of(
    result: Fatal | WrongSetting, call: Call[Any], settings: ConnectionSettings, location_id: str
) -> LeadwayError:
    """Return the error to raise for a refusal. It holds no text of the answer, and so no value and no secret.

    Args:
        result: what the answer means.
        call: the call that was refused.
        settings: the connection.
        location_id: the account.
    """
    if isinstance(result, WrongSetting):
        return ConnectionSettingsError(
            _WRONG_SETTING[result.setting].format(conn_id=settings.conn_id, status=result.status)
        )
    reasons = tuple(reason.text for reason in result.reasons)
    return _kind_of_error(result, call)(
        f"{call.name}: refused with {result.status}: {'; '.join(reasons) or 'no reason given'}."
        + _advice(result, settings, location_id),
        call=call.name,
        status=result.status,
        reasons=reasons,
        fields=tuple(_field(reason, call) for reason in result.reasons),
        trace_id=unquoted(result.trace_id, call),
    )


def unquoted(answered: str | None, call: Call[Any]) -> str | None:
    """Return an id of the answer, or None if it is a part of what was sent, or holds something that was sent.

    An id can be any text, so this is a comparison. Shorter texts may be the same by chance.
    """
    if answered is None:
        return None
    written = answered.casefold()
    for text in map(str.casefold, _texts(call.sent)):
        if (len(written) >= _SHORTEST_PART and written in text) or (len(text) >= _SHORTEST_VALUE and text in written):
            return None
    return answered


def _texts(parts: Iterable[object]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, (str, int, float)) and not isinstance(part, bool):
            yield str(part)
        elif isinstance(part, Mapping):
            yield from _texts(part.values())
        elif isinstance(part, (list, tuple)):
            yield from _texts(part)


def _field(reason: Sentence, call: Call[Any]) -> str:
    """Return the API path of the field that a reason is about, in which a custom field is named by its id."""
    if reason.position is None:
        return reason.field
    values = (call.json or {}).get("customFields")
    value = values[reason.position] if isinstance(values, list) and reason.position < len(values) else None
    return f"customFields.{value['id']}" if isinstance(value, dict) and "id" in value else reason.field


def _kind_of_error(result: Fatal, call: Call[Any]) -> Callable[..., ApiError]:
    if taken := result.taken:
        return partial(IdentityTakenError, contact_id=unquoted(taken.contact_id, call), field=taken.field)
    if result.no_contact and call.contact_id is not None:
        return ContactNotFoundError
    return result.error


def _advice(result: Fatal, settings: ConnectionSettings, location_id: str) -> str:
    """Return a sentence that says what to do, with a blank before it; empty if only the request can be changed."""
    if issubclass(result.error, RefusedError):
        return ""
    conn_id = settings.conn_id
    if issubclass(result.error, AuthenticationError):
        if isinstance(settings.credentials, PrivateToken):
            return f" The password of connection {conn_id!r} must be a valid private integration token of the account."
        return (
            f" The API refuses a token of connection {conn_id!r} that was renewed a moment ago: connect its app to the "
            "account again, and put the new refresh token into its extra `refresh_token`."
        )
    if result.status == 401:  # noqa: PLR2004 - the status of a missing scope (observed)
        return f" The token of connection {conn_id!r} lacks a scope that this call needs; a sync needs {SCOPES}."
    return (
        f" Check that the token of connection {conn_id!r} belongs to location {location_id!r} and has the scopes that "
        "this call needs."
    )
