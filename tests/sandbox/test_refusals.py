"""What the API refuses, with the documented body of each status; and that no body makes it fall over."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.sandbox.service import Service, Settings
from leadway_provider.sandbox.validation import COUNTRY_CODES, WIRE_FORMS, complaints
from tests.sandbox.office import LOCATION, Office

ANN: dict[str, Any] = {"email": "ann@example.com"}


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({"email": ""}, ["email must be an email"]),
        ({"email": "ann"}, ["email must be an email"]),
        ({"email": " ann@example.com"}, ["email must be an email"]),
        (ANN | {"id": "x"}, ["property id should not exist"]),
        (ANN | {"additionalEmails": []}, ["property additionalEmails should not exist"]),
        (ANN | {"first_name": "Ann"}, ["property first_name should not exist"]),
        (ANN | {"firstName": 1}, ["firstName must be a string"]),
        (ANN | {"postalCode": 35061}, ["postalCode must be a string"]),
        (ANN | {"gender": None}, ["gender must be a string"]),
        (ANN | {"source": None}, ["source must be a string"]),
        (ANN | {"assignedTo": None}, ["assignedTo must be a string"]),
        (ANN | {"postalCode": None}, ["postalCode must be a string"]),
        (ANN | {"country": "Atlantis"}, ["country must be a valid enum value"]),
        (ANN | {"country": "us"}, ["country must be a valid enum value"]),
        (ANN | {"country": None}, ["country must be a valid enum value"]),
        (ANN | {"dnd": "true"}, ["dnd must be a boolean value"]),
        (ANN | {"createNewIfDuplicateAllowed": 1}, ["createNewIfDuplicateAllowed must be a boolean value"]),
        (ANN | {"dateOfBirth": "25/09/1990"}, ["dateOfBirth must be a valid date"]),
        (ANN | {"dateOfBirth": "1990-09/25"}, ["dateOfBirth must be a valid date"]),
        (ANN | {"tags": "vip"}, ["tags must be an array"]),
        (ANN | {"tags": ["vip", 1]}, ["each value in tags must be a string"]),
        (ANN | {"dndSettings": {"Fax": {"status": "active"}}}, ["dndSettings.property Fax should not exist"]),
        (
            ANN | {"dndSettings": {"SMS": {"status": "on", "code": 1}}},
            [
                "dndSettings.SMS.status must be one of the following values: active, inactive, permanent",
                "dndSettings.SMS.code must be a string",
            ],
        ),
        (
            ANN | {"inboundDndSettings": {"all": {"status": "permanent"}}},
            ["inboundDndSettings.all.status must be one of the following values: active, inactive"],
        ),
        (ANN | {"customFields": {}}, ["customFields must be an array"]),
        (ANN | {"customFields": [{"field_value": "x"}]}, ["customFields.0.id must be a string"]),
        (
            ANN | {"customFields": [{"id": "x", "value": "x"}]},
            ["customFields.0.property value should not exist"],
        ),
        (
            ANN | {"customFields": [{"id": "x", "field_value": True}]},
            ["customFields.0.field_value must be a string, a number, an array of strings or an object"],
        ),
        (
            {"email": "", "dnd": 1, "x": 2},
            ["email must be an email", "dnd must be a boolean value", "property x should not exist"],
        ),
    ],
)
def test_a_body_against_the_description_is_422_with_every_reason(
    office: Office, fields: dict[str, Any], reasons: list[str]
) -> None:
    """The message is a list, and nothing is written."""
    expected = {"statusCode": 422, "message": reasons, "error": "Unprocessable Entity"}
    assert office.upsert(**fields) == (422, expected)
    assert len(office.service.account) == 0


@pytest.mark.parametrize(
    "fields", [{}, {"firstName": "Ann"}, {"phone": ""}, {"phone": "  "}, {"email": None, "phone": None}]
)
def test_neither_email_nor_phone_is_400(office: Office, fields: dict[str, Any]) -> None:
    """The sentence was observed as it is."""
    message = "Pass at least one of number, email query parameter"
    assert office.upsert(**fields) == (400, {"statusCode": 400, "message": message})


def test_the_country_list_is_the_published_one() -> None:
    """It has Kosovo and the Netherlands Antilles, and is neither ISO 3166 nor complete."""
    assert len(COUNTRY_CODES) == 247
    assert {"XK", "AN", "GB", "US"} <= COUNTRY_CODES
    assert not {"UK", "BQ", "CW", "SS"} & COUNTRY_CODES


@pytest.mark.parametrize("body", [None, [], "text", 1])
def test_a_body_that_is_no_object_is_400(office: Office, body: object) -> None:
    """Broken JSON arrives here as None."""
    assert office.call("POST", "/contacts/upsert", body)[0] == 400


def test_a_missing_location_is_422(office: Office) -> None:
    """The one field that is required."""
    status, payload = office.call("POST", "/contacts/upsert", ANN)
    assert (status, payload["message"]) == (422, ["locationId must be a string"])


def test_another_location_is_403_everywhere(office: Office) -> None:
    """A token is good for its own location."""
    expected = (
        403,
        {"statusCode": 403, "message": "The token does not have access to this location", "error": "Forbidden"},
    )
    assert office.call("POST", "/contacts/upsert", {"locationId": "other", **ANN}) == expected
    assert office.call("GET", "/locations/other/customFields") == expected
    assert office.call("GET", "/locations/other") == expected
    assert office.call("GET", "/users/", query={"locationId": "other"}) == expected
    assert office.call("GET", "/contacts/search/duplicate", query={"locationId": "other", "email": "a@b.c"}) == expected


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_an_unknown_token_is_401(office: Office, token: str | None) -> None:
    """With the three documented keys."""
    office.token = token
    expected = {"statusCode": 401, "message": "Invalid JWT", "error": "Unauthorized"}
    assert office.call("GET", f"/locations/{LOCATION}") == (401, expected)


@pytest.mark.parametrize("version", [None, "2020-01-01"])
def test_a_missing_or_unknown_version_is_401(office: Office, version: str | None) -> None:
    """Observed: not 400, and the message begins with the header's name."""
    office.version = version
    status, payload = office.upsert(**ANN)
    assert status == 401
    assert payload["message"].startswith("version header ")


def test_an_unknown_path_is_404(office: Office) -> None:
    """In the form of the other errors."""
    assert office.call("GET", "/nowhere")[1] == {
        "statusCode": 404,
        "message": "Cannot GET /nowhere",
        "error": "Not Found",
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "email",
        "phone",
        "firstName",
        "tags",
        "customFields",
        "dndSettings",
        "inboundDndSettings",
        "dateOfBirth",
        "dnd",
        "x",
    ]
)
SETTING = st.fixed_dictionaries({}, optional={"status": JSON, "message": JSON, "code": JSON})
ENTRY = st.fixed_dictionaries({}, optional={"id": JSON, "key": JSON, "field_value": JSON})
NESTED = st.lists(ENTRY, max_size=2) | st.dictionaries(st.sampled_from(["Email", "all", "x"]), SETTING, max_size=2)


@given(st.dictionaries(NAMES, JSON | NESTED, max_size=4))
def test_any_body_is_answered(body: dict[str, Any]) -> None:
    """Whatever JSON comes, the answer is 200, 201, 400 or 422, and what is refused leaves nothing behind."""
    office = Office(Service(Settings()))
    status, _ = office.upsert(**body)
    assert status in (200, 201, 400, 422)
    assert (status == 422) == bool(complaints(body | {"locationId": LOCATION}, WIRE_FORMS["2021-07-28"]))
    assert len(office.service.account) == (status == 201)
