"""`PUT /contacts/{contactId}`: what it takes, what it writes, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from leadway_provider.sandbox.custom_fields import DEFAULT_CUSTOM_FIELDS
from tests.sandbox.clock import Clock
from tests.sandbox.direct_client import LOCATION, DirectClient, api_with

ANN: dict[str, Any] = {"email": "ann@example.com", "phone": "+12025550101", "firstName": "Ann", "lastName": "Example"}
BOB: dict[str, Any] = {"email": "bob@example.com", "phone": "+12025550102", "firstName": "Bob"}
PLAN = next(field for field in DEFAULT_CUSTOM_FIELDS if field.name == "Plan").id


def contact_of(api: DirectClient, contact_id: str) -> dict[str, Any]:
    """Return a contact as the API returns it."""
    contact: dict[str, Any] = api.call("GET", f"/contacts/{contact_id}")[1]["contact"]
    return contact


def test_an_update_writes_its_fields_and_no_others(api: DirectClient, clock: Clock) -> None:
    """The answer has the published keys and shows the contact after the update."""
    ann = api.contact(**ANN, city="Springfield", tags=["a", "b"])
    clock.advance(60.0)
    fields = {"email": "Ann.New@example.com", "tags": ["C"], "customFields": [{"id": PLAN, "field_value": "Pro"}]}
    status, payload = api.update(ann["id"], **fields)
    assert (status, set(payload), payload["succeded"]) == (200, {"succeded", "contact"}, True)
    assert payload["contact"] == contact_of(api, ann["id"])
    assert payload["contact"] == {
        **ann,
        "email": "ann.new@example.com",
        "emailLowerCase": "ann.new@example.com",
        "tags": ["c"],
        "customFields": [{"id": PLAN, "value": "Pro"}],
        "dateUpdated": payload["contact"]["dateUpdated"],
    }
    assert payload["contact"]["dateUpdated"] > ann["dateUpdated"]


def test_a_changed_email_matches_afterwards(api: DirectClient) -> None:
    """An upsert finds the contact by its new e-mail, and the former e-mail is free."""
    ann = api.contact(**ANN)
    api.update(ann["id"], email="new@example.com")
    assert api.contact(email="new@example.com")["id"] == ann["id"]
    assert api.upsert(email=ANN["email"])[0] == 201


@pytest.mark.parametrize(
    "name", ["firstName", "lastName", "email", "phone", "city", "website", "source", "assignedTo", "dateOfBirth"]
)
def test_null_clears_a_nullable_field(api: DirectClient, name: str) -> None:
    """`source` and `assignedTo` are nullable in an update, unlike in an upsert."""
    more = {"city": "X", "website": "https://x.example", "source": "s", "assignedTo": "u", "dateOfBirth": "1990-09-25"}
    ann = api.contact(**ANN, **more)
    status, payload = api.update(ann["id"], **{name: None})
    assert status == 200
    assert name in ann
    assert name not in payload["contact"]


def test_a_contact_may_have_neither_email_nor_phone(api: DirectClient) -> None:
    """The cleared e-mail and phone are free for another contact."""
    ann = api.contact(**ANN)
    status, payload = api.update(ann["id"], email=None, phone=None)
    assert status == 200
    assert not {"email", "emailLowerCase", "phone"} & set(payload["contact"])
    assert api.contact(**ANN)["id"] != ann["id"]


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({"locationId": LOCATION}, ["property locationId should not exist"]),
        ({"gender": "female"}, ["property gender should not exist"]),
        ({"companyName": None}, ["property companyName should not exist"]),
        ({"createNewIfDuplicateAllowed": False}, ["property createNewIfDuplicateAllowed should not exist"]),
        ({"id": "x", "email": ""}, ["property id should not exist", "email must be an email"]),
        ({"postalCode": None}, ["postalCode must be a string"]),
        ({"country": None}, ["country must be a valid enum value"]),
        ({"source": 1}, ["source must be a string"]),
    ],
)
def test_a_body_against_the_description_is_422(api: DirectClient, fields: dict[str, Any], reasons: list[str]) -> None:
    """The message lists every reason, and nothing is written."""
    ann = api.contact(**ANN)
    expected = {"statusCode": 422, "message": reasons, "error": "Unprocessable Entity"}
    assert api.update(ann["id"], city="Springfield", **fields) == (422, expected)
    assert contact_of(api, ann["id"]) == ann


def test_an_unknown_or_deleted_contact_is_400(api: DirectClient) -> None:
    """An update of a contact that doesn't exist creates nothing."""
    ann = api.contact(**ANN)
    api.call("DELETE", f"/contacts/{ann['id']}")
    for contact_id in ("unknown", ann["id"]):
        assert api.update(contact_id, **ANN) == (400, {"statusCode": 400, "message": "Contact not found"})
    assert len(api.service.account) == 0


@pytest.mark.parametrize("identity", ["email", "phone"])
def test_a_taken_identity_is_400(api: DirectClient, identity: str) -> None:
    """The answer names the contact that holds the e-mail or phone, and nothing is written."""
    ann, bob = api.contact(**ANN), api.contact(**BOB)
    assert api.update(bob["id"], city="Springfield", **{identity: ANN[identity]}) == (
        400,
        {
            "statusCode": 400,
            "message": "This location does not allow duplicated contacts.",
            "meta": {"contactId": ann["id"], "matchingField": identity, "contactName": "Ann Example"},
        },
    )
    assert contact_of(api, bob["id"]) == bob


def test_the_field_of_the_refusal_follows_the_priority() -> None:
    """If e-mail and phone are both taken, the answer names the one that is compared first."""
    api = api_with(priority=("phone", "email"))
    ann = api.contact(**ANN)
    eve = api.contact(email="eve@example.com")
    _, payload = api.update(eve["id"], email=ANN["email"], phone=ANN["phone"])
    assert payload["meta"] == {"contactId": ann["id"], "matchingField": "phone", "contactName": "Ann Example"}


def test_a_secondary_email_is_taken_too(api: DirectClient) -> None:
    """The secondary e-mail of another contact is refused."""
    ann, bob = api.contact(**ANN), api.contact(**BOB)
    api.service.account.add_secondary_email(ann["id"], "old@example.com")
    assert api.update(bob["id"], email="old@example.com")[0] == 400


def test_a_contacts_own_identities_are_not_taken(api: DirectClient) -> None:
    """An update may send the e-mail and phone that the contact has already."""
    ann = api.contact(**ANN)
    assert api.update(ann["id"], **ANN)[0] == 200


@pytest.mark.parametrize("settings", [{"priority": ("email",)}, {"allow_duplicates": True}])
def test_an_identity_that_is_not_compared_may_be_shared(settings: dict[str, Any]) -> None:
    """A phone is accepted if only e-mails are compared, or if the account allows duplicates."""
    api = api_with(**settings)
    api.contact(**ANN)
    bob = api.contact(**BOB)
    status, payload = api.update(bob["id"], phone=ANN["phone"])
    assert (status, payload["contact"]["phone"]) == (200, ANN["phone"])


def test_a_taken_identity_may_be_dropped_without_an_error() -> None:
    """With the other habit a taken e-mail is not written, and everything else is."""
    api = api_with(refuses_taken_identities=False)
    api.contact(**ANN)
    bob = api.contact(**BOB)
    status, payload = api.update(bob["id"], email=ANN["email"], phone="+12025550199", city="Springfield")
    contact = payload["contact"]
    assert (status, contact["email"]) == (200, BOB["email"])
    assert (contact["phone"], contact["city"]) == ("+12025550199", "Springfield")
    assert contact_of(api, bob["id"]) == contact


def test_clearing_an_identity_may_be_ignored_without_an_error() -> None:
    """With the other habit e-mail and phone are not cleared, and everything else is written."""
    api = api_with(clears_identities=False)
    ann = api.contact(**ANN)
    status, payload = api.update(ann["id"], email=None, phone=None, city="Springfield")
    contact = payload["contact"]
    assert (status, contact["email"], contact["phone"]) == (200, ANN["email"], ANN["phone"])
    assert contact["city"] == "Springfield"


def test_a_national_phone_leaves_the_stored_one(api: DirectClient) -> None:
    """A national number is dropped without an error, as in an upsert."""
    ann = api.contact(**ANN)
    assert api.update(ann["id"], phone="202 555 0199")[1]["contact"]["phone"] == ANN["phone"]


def test_v3_has_its_own_names(api: DirectClient) -> None:
    """Version v3 has its own names in bodies and answers, and the other version refuses them."""
    ann = api.contact(**ANN)
    api.version = "v3"
    custom, dnd = [{"id": PLAN, "fieldValue": "Pro"}], {"whatsApp": {"status": "active"}}
    status, payload = api.update(ann["id"], customFields=custom, dndSettings=dnd)
    assert (status, set(payload), payload["succeeded"]) == (200, {"succeeded", "contact"}, True)
    assert payload["contact"]["customFields"] == [{"id": PLAN, "value": "Pro"}]
    assert payload["contact"]["dndSettings"] == {"whatsApp": {"status": "active"}}
    api.version = "2021-07-28"
    assert api.update(ann["id"], customFields=custom)[0] == 422
    assert api.update(ann["id"], dndSettings=dnd)[0] == 422
