"""What an HTTP answer means for the call that was made.

Success       200 or 201 with a JSON object
RateLimited   429, whatever the body
Transient     5xx, a time-out of the gateway, or a body that is not a JSON object or is too large: a later attempt may
              succeed
Fatal         the API refuses the request, the token or the access: a later attempt would be refused too
WrongSetting  the host of the connection is not the API, or its version does not exist
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, Final, Literal, TypeAlias

import msgspec

from leadway_provider.api.sentences import LONGEST as _LONGEST_TEXT
from leadway_provider.api.sentences import Sentence, known_sentence
from leadway_provider.exceptions import AccessDeniedError, AuthenticationError, IdentityField, RefusedError

_MOST_TEXTS: Final = 20
_LONGEST_ID: Final = 64
_LONGEST_TRACE_ID: Final = 128
_LONGEST_WAIT: Final = 48 * 3600.0
_NO_DUPLICATES: Final = "does not allow duplicated contacts"
_MOST_PARTS: Final = 75_000
"""More objects, lists, names and items of lists than any answer needs: an account's largest list has some thousands."""
_LONG_NUMBER: Final = b"0" * 1000
"""Python reads a number in a time that grows with the square of its digits."""
_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")


@dataclass(frozen=True, slots=True)
class Success:
    """The call succeeded.

    Attributes:
        json: the decoded body.
        status: the HTTP status.
    """

    json: dict[str, Any] = field(repr=False)
    status: int


@dataclass(frozen=True, slots=True)
class RateLimited:
    """The quota is used up.

    Attributes:
        retry_after: the seconds that the API asked to wait, or None if it did not.
    """

    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Transient:
    """The call failed, and a later attempt may succeed.

    Attributes:
        reason: what happened, for a person.
        maybe_received: whether the request may have reached the account, so that a write may have happened.
        status: the HTTP status, or None if no answer came.
        retry_after: the seconds that the server asked to wait.
        trace_id: the CRM's id of the call.
    """

    reason: str
    maybe_received: bool
    status: int | None = None
    retry_after: float | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class TakenIdentity:
    """What a refusal says about the contact that has an e-mail or a phone already; its name is left out.

    Attributes:
        contact_id: the id of that contact, or None if the answer does not say.
        field: which of its fields it is, or None if the answer does not say.
    """

    contact_id: str | None
    field: IdentityField | None


@dataclass(frozen=True, slots=True)
class Fatal:
    """The call failed, and a later attempt would fail too.

    Attributes:
        error: the type of the exception, which says who must act.
        status: the HTTP status.
        reasons: what the API said, as far as it is known; no text of the answer is in it.
        trace_id: the CRM's id of the call.
        no_contact: whether the reason is that a contact does not exist.
        taken: the contact that has the e-mail or the phone already, if that is the reason.
    """

    error: type[AuthenticationError | AccessDeniedError | RefusedError]
    status: int
    reasons: tuple[Sentence, ...] = field(repr=False)
    trace_id: str | None
    no_contact: bool = False
    taken: TakenIdentity | None = None


@dataclass(frozen=True, slots=True)
class WrongSetting:
    """The answer does not come from the API that the connection should reach.

    Attributes:
        setting: the part of the connection to correct.
        status: the HTTP status.
    """

    setting: Literal["host", "api_version"]
    status: int


_ERRORS: Final[Mapping[int, type[AuthenticationError | AccessDeniedError]]] = {
    401: AuthenticationError,
    403: AccessDeniedError,
}
Result: TypeAlias = Success | RateLimited | Transient | Fatal | WrongSetting


def _finite(written: str) -> float:
    """Return a decimal. Python reads long ones several times faster than msgspec, and has a value for infinity."""
    if not isfinite(number := float(written)):
        raise ValueError("JSON has no infinity")
    return number


_decode = msgspec.json.Decoder(float_hook=_finite).decode


def interpret(status: int, headers: Mapping[str, str], body: bytes) -> Result:
    """Return what an answer means.

    Args:
        status: the HTTP status.
        headers: the headers, names in lower case.
        body: the whole body, decompressed.
    """
    if status == 429:
        return RateLimited(retry_after(headers))
    if 300 <= status < 400:
        return WrongSetting("host", status)
    if _takes_long(body):
        reason = "the answer has too many parts or too long numbers"
        return Transient(reason, maybe_received=True, status=status, retry_after=retry_after(headers))
    try:
        json = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        json = None
    if not isinstance(json, dict):
        return Transient("the answer is not JSON", maybe_received=True, status=status, retry_after=retry_after(headers))
    if status in (200, 201):
        return Success(json, status)
    return _failure(status, headers, json)


def _takes_long(body: bytes) -> bool:
    """Return True if reading the JSON would take long, because of very many parts or of very long numbers.

    The signs between parts are counted. A text may have any number of these signs and digits, so where they are many,
    they are looked for again without the texts.
    """
    if not _is_costly(body):
        return False
    escapes = body.count(b"\\")
    if body.count(b'"') - escapes > 2 * _MOST_PARTS:  # so many texts have as many signs between them
        return True
    if escapes:
        body = body.replace(rb"\\", b"").replace(b'\\"', b"")
    return _is_costly(b"".join(body.split(b'"')[::2]))


def _is_costly(body: bytes) -> bool:
    return sum(map(body.count, (b"[", b"{", b":", b","))) > _MOST_PARTS or _LONG_NUMBER in body.translate(_ZEROS)


def _failure(status: int, headers: Mapping[str, str], json: dict[str, Any]) -> Result:
    texts = _texts(json)
    said = "\n".join(texts).lower()
    reasons = tuple(dict.fromkeys(map(known_sentence, texts)))
    trace_id = read_trace_id(json)
    gateway_timeout = status == 401 and "timed out" in said
    if status >= 500 or status < 300 or status == 408 or gateway_timeout:
        reason = "the gateway timed out" if gateway_timeout else f"the API answered {status}"
        return Transient(
            reason, maybe_received=True, status=status, retry_after=retry_after(headers), trace_id=trace_id
        )
    if status == 401 and "version header" in said:
        return WrongSetting("api_version", status)
    # Observed: the status for a missing scope is 401, although the token is valid.
    error = AccessDeniedError if status == 401 and "scope" in said else _ERRORS.get(status, RefusedError)
    if status not in (400, 404):
        return Fatal(error, status, reasons, trace_id)
    meta = json["meta"] if isinstance(json.get("meta"), dict) else {}
    return Fatal(
        error,
        status,
        reasons,
        trace_id,
        no_contact=_is_contact_missing(said),
        taken=_taken_identity(meta) if "matchingField" in meta or _NO_DUPLICATES in said else None,
    )


def _is_contact_missing(said: str) -> bool:
    """Return True for either wording that was observed, in lower case."""
    _, named, rest = said.partition("contact with id")
    return "contact not found" in said or (bool(named) and "not found" in rest)


def _taken_identity(meta: Mapping[str, Any]) -> TakenIdentity:
    contact_id, field = meta.get("contactId"), meta.get("matchingField")
    return TakenIdentity(
        contact_id=contact_id if isinstance(contact_id, str) and _is_id(contact_id) else None,
        field=field if field in ("email", "phone") else None,
    )


def _is_id(text: str) -> bool:
    """Return True for letters, digits, `-` and `_`: a remark shows the id, and text must not pass for one."""
    return len(text) <= _LONGEST_ID and text.isascii() and text.replace("-", "").replace("_", "").isalnum()


def _texts(json: dict[str, Any]) -> list[str]:
    """Return the texts of a failure; `message` is one text or a list of them. They may quote values."""
    message = json.get("message")
    said = message if isinstance(message, list) else [message]
    texts = [text[: _LONGEST_TEXT + 1] for text in said[:_MOST_TEXTS] if isinstance(text, str) and text]
    return texts or [error[: _LONGEST_TEXT + 1] for error in [json.get("error")] if isinstance(error, str)]


def read_trace_id(json: Mapping[str, Any]) -> str | None:
    """Return the CRM's id of a call, 128 printable characters of it at most; None if the answer has none."""
    trace_id = json.get("traceId")
    if not isinstance(trace_id, str):
        return None
    return "".join(filter(str.isprintable, trace_id[:_LONGEST_TRACE_ID])) or None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of the header `Retry-After`, which is a number, or a date after the answer's own `Date`.

    Return None if the header is missing, unreadable, or more than two days, which is longer than any quota lasts.
    """
    if (value := headers.get("retry-after")) is None:
        return None
    if value.strip().isdecimal():
        wait = float(value)
    else:
        try:
            wait = (parsedate_to_datetime(value) - parsedate_to_datetime(headers["date"])).total_seconds()
        except (KeyError, ValueError, TypeError, OverflowError):
            return None
    return max(0.0, wait) if wait <= _LONGEST_WAIT else None
