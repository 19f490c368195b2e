"""What answers mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leadway_provider.api.answer import (
    Fatal,
    Misplaced,
    RateLimited,
    Success,
    Transient,
    interpret,
    redacted,
    retry_after,
)
from leadway_provider.exceptions import AccessDeniedError, AuthenticationError, RefusedError


def said(status: int, message: object = "something", **more: object) -> Any:
    """What an error in the API's form means."""
    return interpret(status, {}, json.dumps({"statusCode": status, "message": message, **more}).encode())


@pytest.mark.parametrize("status", [200, 201])
def test_success(status: int) -> None:
    """The documentation says 200; 201 is as good."""
    assert interpret(status, {}, b'{"new": true}') == Success({"new": True}, status)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"new": tr', b'["new"]', b"null", b"\xff\xfe"])
@pytest.mark.parametrize("status", [200, 400, 401, 404, 502])
def test_what_is_no_json_object_is_transient(status: int, body: bytes) -> None:
    """A gateway's page says nothing about the call, whatever its status: the write may have happened."""
    answer = interpret(status, {}, body)
    assert isinstance(answer, Transient)
    assert answer.maybe_received


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_server_errors_are_transient(status: int) -> None:
    """They may pass, and the write may have happened; the trace id is kept for support."""
    answer = said(status, traceId="trace-1")
    assert isinstance(answer, Transient)
    assert (answer.status, answer.maybe_received, answer.trace_id) == (status, True, "trace-1")


@pytest.mark.parametrize("body", [b'{"statusCode":429,"message":"Too Many Requests"}', b"slow down"])
def test_429(body: bytes) -> None:
    """It is a quota's, in whatever words, and not an error of the call."""
    assert interpret(429, {}, body) == RateLimited(None)
    assert interpret(429, {"retry-after": "7"}, body) == RateLimited(7.0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
def test_redirects_are_not_followed(status: int) -> None:
    """Whoever redirects an API call isn't the API; the connection's host is wrong."""
    assert interpret(status, {"location": "https://example.com"}, b"") == Misplaced("host", status)


@pytest.mark.parametrize("message", ["Invalid JWT", "Invalid token: access token is invalid"])
def test_401_is_the_tokens(message: str) -> None:
    """The account doesn't know the token."""
    answer = said(401, message, error="Unauthorized")
    assert answer == Fatal(AuthenticationError, 401, (message,), None)


def test_401_of_a_gateway_is_transient() -> None:
    """`Command timed out` has nothing to do with the token (observed)."""
    assert isinstance(said(401, "Command timed out"), Transient)


def test_401_for_a_version_is_the_connections() -> None:
    """A version header that the API doesn't take is a setting (observed)."""
    assert said(401, "version header was not found.") == Misplaced("api_version", 401)


def test_403() -> None:
    """The token may not do this, or not there."""
    answer = said(403, "The token does not have access to this location")
    assert isinstance(answer, Fatal)
    assert answer.error is AccessDeniedError


@pytest.mark.parametrize("status", [400, 404, 405, 409, 413, 415, 422])
def test_refusals_keep_every_reason(status: int) -> None:
    """Sending it again would be refused again; a message may be one sentence or many."""
    assert said(status, "Contact not found").reasons == ("Contact not found",)
    many = said(status, ["email must be an email", "property x should not exist"], traceId="trace-2")
    assert many == Fatal(RefusedError, status, ("email must be an email", "property x should not exist"), "trace-2")


@pytest.mark.parametrize(
    ("body", "reasons"),
    [({}, ()), ({"error": "Conflict"}, ("Conflict",)), ({"message": [1, None, "why"]}, ("why",)), ({"message": 5}, ())],
)
def test_odd_refusals(body: dict[str, Any], reasons: tuple[str, ...]) -> None:
    """An error in another form is a refusal too, with as many reasons as can be found."""
    assert interpret(400, {}, json.dumps(body).encode()) == Fatal(RefusedError, 400, reasons, None)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "172800"}, 172800.0),
        ({"retry-after": "172801"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": f"Wed, 21 Oct {9**20} 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:29:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, or a date that is measured against the server's own clock; what no quota can mean counts for nothing."""
    assert retry_after(headers) == seconds


def test_reasons_hold_no_value_that_was_sent() -> None:
    """Whatever the request holds is taken out of what the API says about it, in any case and wherever it was."""
    sent = {"firstName": "Ada", "customFields": [{"id": "f1x", "field_value": ["Blue Plan", 1234]}], "city": "St"}
    reasons = ("ADA is no name", "value blue plan not allowed", "1234 is too much", "St is short")
    assert redacted(reasons, [sent]) == ("… is no name", "value … not allowed", "… is too much", "St is short")


def test_a_long_value_is_told_by_its_beginning() -> None:
    """A megabyte that was sent is found without a pattern of its size, and all behind its beginning is left out."""
    long = "Lorem ipsum " * 87_000
    said = redacted((f"bio {long.upper()} is too long", "bio is too long", f"{long[:150]}… is no bio"), [{"bio": long}])
    assert said == ("bio …", "bio is too long", "…")


def test_reasons_hold_no_address_and_no_number() -> None:
    """An e-mail address or phone is taken out even where the API has rewritten it."""
    said = redacted(["ada@example.com is taken", "phone +1 (202) 555-0123 exists", "use 12025550123"], [])
    assert said == ("… is taken", "phone … exists", "use …")


def test_reasons_are_bounded() -> None:
    """An API that talks without end doesn't fill the log."""
    answer = said(422, ["x" * 5000] * 500)
    reasons = redacted(answer.reasons, [])
    assert len(reasons) <= 20
    assert max(map(len, reasons)) <= 300
