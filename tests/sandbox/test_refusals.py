"""What the API refuses, with the documented body of each status."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.sandbox.service import Service, Settings
from leadway_provider.sandbox.validation import COUNTRY_CODES, upsert_errors
from leadway_provider.sandbox.version import VERSIONS
from tests.sandbox.direct_client import LOCATION, DirectClient

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
    api: DirectClient, fields: dict[str, Any], reasons: list[str]
) -> None:
    """The message lists every reason, and nothing is written."""
    expected = {"statusCode": 422, "message": reasons, "error": "Unprocessable Entity"}
    assert api.upsert(**fields) == (422, expected)
    assert len(api.service.account) == 0


@pytest.mark.parametrize(
    "fields", [{}, {"firstName": "Ann"}, {"phone": ""}, {"phone": "  "}, {"email": None, "phone": None}]
)
def test_neither_email_nor_phone_is_400(api: DirectClient, fields: dict[str, Any]) -> None:
    """An upsert without e-mail and phone is refused with the observed message."""
    message = "Pass at least one of number, email query parameter"
    assert api.upsert(**fields) == (400, {"statusCode": 400, "message": message})


def test_the_country_list_is_the_published_one() -> None:
    """The list holds Kosovo and the Netherlands Antilles, and lacks some codes of ISO 3166."""
    assert len(COUNTRY_CODES) == 247
    assert {"XK", "AN", "GB", "US"} <= COUNTRY_CODES
    assert not {"UK", "BQ", "CW", "SS"} & COUNTRY_CODES


@pytest.mark.parametrize("body", [None, [], "text", 1])
def test_a_body_that_is_not_an_object_is_400(api: DirectClient, body: object) -> None:
    """The body must be a JSON object, and broken JSON is None here."""
    assert api.call("POST", "/contacts/upsert", body)[0] == 400


def test_a_missing_location_is_422(api: DirectClient) -> None:
    """`locationId` is the one required property."""
    status, payload = api.call("POST", "/contacts/upsert", ANN)
    assert (status, payload["message"]) == (422, ["locationId must be a string"])


def test_another_location_is_403_everywhere(api: DirectClient) -> None:
    """A token is valid for its own location only."""
    expected = (
        403,
        {"statusCode": 403, "message": "The token does not have access to this location", "error": "Forbidden"},
    )
    assert api.call("POST", "/contacts/upsert", {"locationId": "other", **ANN}) == expected
    assert api.call("GET", "/locations/other/customFields") == expected
    assert api.call("GET", "/locations/other") == expected
    assert api.call("GET", "/users/", query={"locationId": "other"}) == expected
    assert api.call("GET", "/contacts/search/duplicate", query={"locationId": "other", "email": "a@b.c"}) == expected


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_an_unknown_token_is_401(api: DirectClient, token: str | None) -> None:
    """The answer has the three documented keys."""
    api.token = token
    expected = {"statusCode": 401, "message": "Invalid JWT", "error": "Unauthorized"}
    assert api.call("GET", f"/locations/{LOCATION}") == (401, expected)


@pytest.mark.parametrize("version", [None, "2020-01-01"])
def test_a_missing_or_unknown_version_is_401(api: DirectClient, version: str | None) -> None:
    """The message begins with the name of the header (observed)."""
    api.version = version
    status, payload = api.upsert(**ANN)
    assert status == 401
    assert payload["message"].startswith("version header ")


def test_an_unknown_path_is_404(api: DirectClient) -> None:
    """The answer has the form of the other errors."""
    assert api.call("GET", "/nowhere")[1] == {
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
def test_any_body_of_an_upsert_is_answered(body: dict[str, Any]) -> None:
    """The status is 200, 201, 400 or 422 for any JSON, and a refused body writes nothing."""
    api = DirectClient(Service(Settings()))
    status, _ = api.upsert(**body)
    assert status in (200, 201, 400, 422)
    assert (status == 422) == bool(upsert_errors(body | {"locationId": LOCATION}, VERSIONS["2021-07-28"]))
    assert len(api.service.account) == (status == 201)


@given(st.dictionaries(NAMES, JSON | NESTED, max_size=4))
def test_any_body_of_an_update_is_answered(body: dict[str, Any]) -> None:
    """The status is 200 or 422 for any JSON, and a refused body changes nothing."""
    api = DirectClient(Service(Settings()))
    ann = api.contact(**ANN)
    status, _ = api.update(ann["id"], **body)
    assert status in (200, 422)
    if status == 422:
        assert api.call("GET", f"/contacts/{ann['id']}")[1]["contact"] == ann


FILTER = st.fixed_dictionaries(
    {},
    optional={
        "field": JSON | st.sampled_from(["email", "tags", "dnd", "dateAdded", "customFields.x"]),
        "operator": JSON | st.sampled_from(["eq", "not_contains", "range", "exists"]),
        "value": JSON | st.dictionaries(st.sampled_from(["gte", "lt"]), JSON, max_size=2),
        "group": JSON | st.sampled_from(["AND", "OR"]),
        "filters": JSON,
    },
)
ENTRY_OF_SORT = st.fixed_dictionaries(
    {"field": JSON | st.sampled_from(["email", "dnd"]), "direction": JSON | st.sampled_from(["asc", "desc"])}
)
SEARCHES = st.fixed_dictionaries(
    {},
    optional={
        "pageLimit": JSON | st.integers(1, 500),
        "page": JSON | st.integers(1, 20),
        "searchAfter": JSON | st.lists(JSON | st.just(ANN["email"]), max_size=3),
        "filters": JSON | st.lists(FILTER, max_size=2),
        "sort": JSON | st.lists(ENTRY_OF_SORT, max_size=2),
        "query": JSON,
        "x": JSON,
    },
)


@given(SEARCHES)
def test_any_body_of_a_search_is_answered(body: dict[str, Any]) -> None:
    """The status is 200 or 422 for any JSON."""
    api = DirectClient(Service(Settings()))
    api.contact(**ANN, dnd=True)
    api.contact(email="bob@example.com", tags=["a"])
    assert api.search(**body)[0] in (200, 422)
