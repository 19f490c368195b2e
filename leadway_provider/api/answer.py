"""What an HTTP answer means for the call that was made: done, wait, try again, or never.

Success      200 or 201 with a JSON object
RateLimited  429, whatever the body
Transient    5xx, a gateway's time-out, or a body that is no JSON object: a later attempt may succeed
Fatal        the API refuses the request, the token or the access
Misplaced    the connection points elsewhere, or names a version that isn't there
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

import msgspec

from leadway_provider.exceptions import AccessDeniedError, AuthenticationError, RefusedError

_MAX_REASONS = 20
_MAX_REASON_LENGTH = 300
_LONG_VALUE = 100
_LONGEST_WAIT = 48 * 3600.0
_PERSONAL = re.compile(r"[^\s\"'<>@]{1,64}@[^\s\"'<>]+|\+?\d[\d\s().-]{5,30}\d")
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Success:
    """The call did what it should.

    Attributes:
        json: the decoded body.
        status: the HTTP status.
    """

    json: dict[str, Any]
    status: int


@dataclass(frozen=True, slots=True)
class RateLimited:
    """The quota is used up; `retry_after` are seconds, where the API told."""

    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Transient:
    """It failed, and may succeed later.

    Attributes:
        reason: what happened, for a person.
        maybe_received: whether the request may have reached the account, so that a write may have happened.
        status: the HTTP status, or None where no answer came.
        retry_after: seconds that the server asked to wait.
        trace_id: the CRM's id of the call.
    """

    reason: str
    maybe_received: bool
    status: int | None = None
    retry_after: float | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Fatal:
    """It failed, and would fail again.

    Attributes:
        error: the exception that says who must act.
        status: the HTTP status.
        reasons: what the API said, one sentence each, as received: see `redacted`.
        trace_id: the CRM's id of the call.
    """

    error: type[AuthenticationError | AccessDeniedError | RefusedError]
    status: int
    reasons: tuple[str, ...]
    trace_id: str | None


@dataclass(frozen=True, slots=True)
class Misplaced:
    """What answered isn't the API that the connection means; `setting` names what to look at."""

    setting: str
    status: int


_ERRORS: dict[int, type[AuthenticationError | AccessDeniedError]] = {401: AuthenticationError, 403: AccessDeniedError}
Result: TypeAlias = Success | RateLimited | Transient | Fatal | Misplaced


def interpret(status: int, headers: Mapping[str, str], body: bytes) -> Result:
    """Say what an answer means.

    Args:
        status: the HTTP status.
        headers: the headers, names in lower case.
        body: the whole body, decompressed.
    """
    if status == 429:
        return RateLimited(retry_after(headers))
    if 300 <= status < 400:
        return Misplaced("host", status)
    try:
        json = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        json = None
    if not isinstance(json, dict):
        return Transient("the answer is not JSON", maybe_received=True, status=status, retry_after=retry_after(headers))
    if status in (200, 201):
        return Success(json, status)
    return _failure(status, headers, json)


def _failure(status: int, headers: Mapping[str, str], json: dict[str, Any]) -> Result:
    reasons = tuple(_reasons(json))
    said = " ".join(reasons).lower()
    trace_id = json.get("traceId") if isinstance(json.get("traceId"), str) else None
    gateway_timeout = status == 401 and "timed out" in said
    if status >= 500 or status < 300 or status == 408 or gateway_timeout:
        reason = "the gateway timed out" if gateway_timeout else f"the API answered {status}"
        return Transient(
            reason, maybe_received=True, status=status, retry_after=retry_after(headers), trace_id=trace_id
        )
    if status == 401 and "version header" in said:
        return Misplaced("api_version", status)
    # Observed: a missing scope is told with 401, although the token is good.
    error = AccessDeniedError if status == 401 and "scope" in said else _ERRORS.get(status, RefusedError)
    return Fatal(error, status, reasons, trace_id)


def _reasons(json: dict[str, Any]) -> Iterator[str]:
    """Everything the API says of a failure; `message` is a sentence or a list of them."""
    message = json.get("message")
    said = message if isinstance(message, list) else [message]
    texts = [text for text in said if isinstance(text, str) and text]
    if not texts and isinstance(error := json.get("error"), str):
        texts = [error]
    yield from texts[:_MAX_REASONS]


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `Retry-After` as a number or as a date measured against the answer's own `Date`.

    None where it says what no quota can mean: more than two days, or nothing that can be read.
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


def redacted(reasons: Iterable[str], sent: Iterable[object]) -> tuple[str, ...]:
    """The reasons without anything personal: no value that was sent, no e-mail address and no phone number.

    Args:
        reasons: what the API said; it may quote what it dislikes.
        sent: the request's body and query: their texts and numbers of three characters and more are looked for.
    """
    reasons = tuple(reasons)
    said = "\n".join(reasons).casefold()
    values = {text for part in sent for text in _texts(part) if len(text) >= 3 and _beginning(text) in said}
    patterns = map(_pattern, sorted(values, key=len, reverse=True))
    quoted = re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL) if values else None
    clean = []
    for reason in reasons:
        text = quoted.sub("…", reason) if quoted else reason
        clean.append(_PERSONAL.sub("…", text)[:_MAX_REASON_LENGTH])
    return tuple(clean)


def _beginning(text: str) -> str:
    return text[:_LONG_VALUE].casefold()


def _pattern(text: str) -> str:
    """What finds a value; a long one is told by its beginning, and all behind goes with it.

    A pattern as long as a text column can be would take minutes to compile.
    """
    return re.escape(text) if len(text) <= _LONG_VALUE else f"{re.escape(text[:_LONG_VALUE])}.*"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield value.strip()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
