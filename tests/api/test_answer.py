"""What HTTP answers mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leadway_provider.api.answer import (
    Fatal,
    RateLimited,
    Success,
    TakenIdentity,
    Transient,
    WrongSetting,
    interpret,
    retry_after,
)
from leadway_provider.api.network import Received
from leadway_provider.api.sentences import NOT_SHOWN, Sentence
from leadway_provider.exceptions import AccessDeniedError, AuthenticationError, RefusedError


def result_of(status: int, message: object = "something", **more: object) -> Any:
    """Return what an error in the API's usual form means."""
    return interpret(status, {}, json.dumps({"statusCode": status, "message": message, **more}).encode())


@pytest.mark.parametrize("status", [200, 201])
def test_success(status: int) -> None:
    """The documented status is 200, and 201 means the same."""
    assert interpret(status, {}, b'{"new": true}') == Success({"new": True}, status)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"new": tr', b'["new"]', b"null", b"\xff\xfe", b"[" * 5000, b'{"a":' * 5000]
)
@pytest.mark.parametrize("status", [200, 400, 401, 404, 502])
def test_a_body_that_is_not_a_json_object_is_transient(status: int, body: bytes) -> None:
    """The page of a gateway, whatever its status is, does not say whether the call was received."""
    answer = interpret(status, {}, body)
    assert isinstance(answer, Transient)
    assert answer.maybe_received


@pytest.mark.parametrize("part", ["[]", "{}", '"a"', '{"a":1}', r'"\\"', r'{"\"":"\\\""}', "[[[]]]"])
@pytest.mark.parametrize("status", [200, 400, 422])
def test_an_answer_of_very_many_parts_is_not_read(status: int, part: str) -> None:
    """It would take the time of thousands of answers, whatever its parts are."""
    body = f'{{"message": [{",".join([part] * 76_000)}]}}'
    answer = interpret(status, {}, body.encode())
    assert isinstance(answer, Transient)
    assert answer.reason == "the answer has too many parts or too long numbers"


@pytest.mark.parametrize("sign", ["[", "{", ":", ",", '"', "\\", '":', '\\":[', '",', "\\\\"])
def test_a_text_may_have_any_number_of_signs(sign: str) -> None:
    """A value that a row may have is not taken for parts of the answer."""
    told = {
        "contact": {"id": "c1", "city": sign * 110_000, "state": f"{sign}x" * 110_000, "phone": "7" * 2000},
        "new": True,
    }
    assert interpret(200, {}, json.dumps(told).encode()) == Success(told, 200)


@pytest.mark.parametrize("number", ["1e400", "-1e309", "NaN", "Infinity", "9" * 5000])
def test_a_number_that_json_does_not_have_is_transient(number: str) -> None:
    """Python's parsers make infinity of some of them, which no later step expects."""
    assert isinstance(interpret(200, {}, f'{{"expires_in": {number}}}'.encode()), Transient)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_server_errors_are_transient(status: int) -> None:
    """The write may have happened, a later attempt may succeed, and the trace id is kept."""
    answer = result_of(status, traceId="trace-1")
    assert isinstance(answer, Transient)
    assert (answer.status, answer.maybe_received, answer.trace_id) == (status, True, "trace-1")


@pytest.mark.parametrize("body", [b'{"statusCode":429,"message":"Too Many Requests"}', b"slow down"])
def test_429(body: bytes) -> None:
    """A 429 with any body means that the quota is used up."""
    assert interpret(429, {}, body) == RateLimited(None)
    assert interpret(429, {"retry-after": "7"}, body) == RateLimited(7.0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
def test_a_redirect_means_a_wrong_host(status: int) -> None:
    """The API does not redirect, so the host of the connection is wrong."""
    assert interpret(status, {"location": "https://example.com"}, b"") == WrongSetting("host", status)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Invalid JWT", "Invalid JWT"),
        ("Invalid token: access token is invalid", "Invalid token: access token is invalid"),
        ("ann@example.com", NOT_SHOWN),
    ],
)
def test_401_means_a_wrong_token(message: str, shown: str) -> None:
    """The API does not accept the token."""
    answer = result_of(401, message, error="Unauthorized")
    assert answer == Fatal(AuthenticationError, 401, (Sentence(shown),), None)


def test_401_of_a_gateway_is_transient() -> None:
    """`Command timed out` has nothing to do with the token (observed)."""
    assert isinstance(result_of(401, "Command timed out"), Transient)


def test_401_for_a_version_means_a_wrong_setting() -> None:
    """The version header comes from the connection (observed)."""
    assert result_of(401, "version header was not found.") == WrongSetting("api_version", 401)


def test_403_means_no_access() -> None:
    """The token may not do this, or not for this location."""
    answer = result_of(403, "The token does not have access to this location")
    assert isinstance(answer, Fatal)
    assert answer.error is AccessDeniedError


@pytest.mark.parametrize("status", [400, 404, 405, 409, 413, 415, 422])
def test_refusals_keep_every_reason(status: int) -> None:
    """The message of a refusal is one sentence or a list of sentences."""
    assert result_of(status, "Contact not found").reasons == (Sentence("Contact not found"),)
    many = result_of(status, ["email must be an email", "property gender should not exist"], traceId="trace-2")
    said = (Sentence("email must be an email", "email"), Sentence("property gender should not exist", "gender"))
    assert many == Fatal(RefusedError, status, said, "trace-2")


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        ("Contact not found", True),
        ("Contact with id 9Xy-4 not found", True),
        (["contact not found"], True),
        ("Location not found", False),
        ("Contact is locked", False),
        ("Cannot GET /contacts/9Xy-4", False),
    ],
)
def test_a_missing_contact_is_marked(message: object, missing: bool) -> None:  # noqa: FBT001 - a table's column
    """Both wordings that were observed for a deleted or merged contact are recognized, and no other refusal is."""
    assert result_of(400, message).no_contact is missing
    assert result_of(404, message).no_contact is missing
    assert result_of(422, message).no_contact is False


DUPLICATED = "This location does not allow duplicated contacts."


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        ({"meta": {"contactId": "c1", "matchingField": "email", "contactName": "A B"}}, TakenIdentity("c1", "email")),
        ({"meta": {"contactId": "c1", "matchingField": "phone"}}, TakenIdentity("c1", "phone")),
        ({"meta": {"contactId": 5, "matchingField": "name"}}, TakenIdentity(None, None)),
        ({"meta": {"contactId": "", "matchingField": None}}, TakenIdentity(None, None)),
        ({"meta": {"contactId": "Ann Example", "matchingField": "email"}}, TakenIdentity(None, "email")),
        ({"meta": {"contactId": "ann@example.com", "matchingField": "email"}}, TakenIdentity(None, "email")),
        ({"meta": {"contactId": "c" * 65, "matchingField": "email"}}, TakenIdentity(None, "email")),
        ({"meta": [1]}, TakenIdentity(None, None)),
        ({}, TakenIdentity(None, None)),
    ],
)
def test_a_taken_identity_is_read(more: dict[str, Any], taken: TakenIdentity) -> None:
    """The contact and the field are read if they are there, and odd ones count as absent."""
    assert result_of(400, DUPLICATED, **more).taken == taken


def test_another_refusal_has_no_taken_identity() -> None:
    """Neither another message nor another status means a taken identity."""
    assert result_of(400, "Contact not found", meta={"contactId": "c1"}).taken is None
    assert result_of(422, DUPLICATED).taken is None


def test_the_name_of_the_other_contact_is_not_kept() -> None:
    """No part of the result holds the name, even if the message quotes it."""
    meta = {"contactId": "c1", "matchingField": "email", "contactName": "Ann Example"}
    answer = result_of(400, f"{DUPLICATED} It is ANN EXAMPLE's.", meta=meta)
    assert "ann" not in repr(answer).lower()
    assert answer.taken == TakenIdentity("c1", "email")


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        ({}, ()),
        ({"error": "Conflict"}, (Sentence("Conflict"),)),
        ({"message": [1, None, "why"]}, (Sentence(NOT_SHOWN),)),
        ({"message": 5}, ()),
    ],
)
def test_a_refusal_of_an_unusual_form_is_read(body: dict[str, Any], reasons: tuple[Sentence, ...]) -> None:
    """Such a refusal has as many reasons as can be found."""
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
    """The header is a number of seconds or a date after the server's own date; impossible values count as absent."""
    assert retry_after(headers) == seconds


def test_reasons_are_bounded() -> None:
    """Neither their number nor their length is the API's to choose, and a reason that is repeated is kept once."""
    known = result_of(422, [f"{name} must be a string" for name in ("name", "city", "state") * 200]).reasons
    assert [each.field for each in known] == ["name", "city", "state"]
    odd = result_of(422, ["x y" * 500] * 500 + ["x" * 4_000_000]).reasons
    assert odd == (Sentence(NOT_SHOWN),)


def test_no_answer_shows_its_values() -> None:
    """What the API said is in no `repr`, because tests and debuggers print it."""
    body = b'{"access_token": "secret", "message": "secret"}'
    shown = [interpret(status, {"x": "secret"}, body) for status in (200, 400, 401, 500)]
    assert "secret" not in repr([*shown, Received(200, {"x": "secret"}, body)])
