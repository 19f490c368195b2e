"""Which contact an upsert matches, and what it changes."""

from __future__ import annotations

from typing import Any

import pytest

from leadway_provider.sandbox.contact import Identity
from tests.sandbox.clock import Clock
from tests.sandbox.direct_client import LOCATION, DirectClient, api_with

ANN: dict[str, Any] = {"email": "ann@example.com", "phone": "+12025550101", "firstName": "Ann"}
BOB: dict[str, Any] = {"email": "bob@example.com", "phone": "+12025550102", "firstName": "Bob"}


def test_a_new_contact_is_201_and_a_known_one_200(api: DirectClient) -> None:
    """An upsert answers 201 and `new` for a new contact, and 200 for an existing one."""
    first, again = api.upsert(**ANN), api.upsert(**ANN)
    assert (first[0], first[1]["new"]) == (201, True)
    assert (again[0], again[1]["new"]) == (200, False)
    assert first[1]["contact"]["id"] == again[1]["contact"]["id"]
    assert first[1]["traceId"] != again[1]["traceId"]


def test_the_answer_has_the_published_shape(api: DirectClient, clock: Clock) -> None:
    """The answer has the names and formats of the published description, and no fields without a value."""
    clock.now = 1_625_203_106.704
    contact = api.contact(**ANN, lastName="Example", city="Springfield", tags=["new"])
    assert contact == {
        "id": contact["id"],
        "locationId": LOCATION,
        "email": "ann@example.com",
        "emailLowerCase": "ann@example.com",
        "phone": "+12025550101",
        "firstName": "Ann",
        "firstNameLowerCase": "ann",
        "lastName": "Example",
        "lastNameLowerCase": "example",
        "name": "Ann Example",
        "fullNameLowerCase": "ann example",
        "city": "Springfield",
        "tags": ["new"],
        "customFields": [],
        "dateAdded": "2021-07-02T05:18:26.704Z",
        "dateUpdated": "2021-07-02T05:18:26.704Z",
    }


def test_an_email_is_matched_and_kept_in_lower_case(api: DirectClient) -> None:
    """E-mails that differ only in case are the same e-mail."""
    assert api.contact(email="Ann@Example.COM")["email"] == "ann@example.com"
    assert api.upsert(email="ANN@example.com")[0] == 200


@pytest.mark.parametrize(
    ("priority", "expected"), [(("email", "phone"), "Ann"), (("phone", "email"), "Bob")], ids=["email", "phone"]
)
def test_if_two_contacts_match_the_second_field_is_ignored(priority: tuple[Identity, ...], expected: str) -> None:
    """An upsert with the e-mail of one contact and the phone of another updates one of them, and no identity moves."""
    api = api_with(priority=priority)
    api.contact(**ANN)
    api.contact(**BOB)
    status, payload = api.upsert(email=ANN["email"], phone=BOB["phone"], city="Springfield")
    assert status == 200
    assert payload["contact"]["firstName"] == expected
    kept = {(c.first_name, c.email, c.phone, c.fields.get("city")) for c in api.service.account.contacts}
    assert kept == {
        ("Ann", ANN["email"], ANN["phone"], "Springfield" if expected == "Ann" else None),
        ("Bob", BOB["email"], BOB["phone"], "Springfield" if expected == "Bob" else None),
    }


def test_a_new_email_with_a_known_phone_updates_the_contact_of_the_phone(api: DirectClient) -> None:
    """The contact of the phone gets the new e-mail, and its former e-mail is free."""
    ann = api.contact(**ANN)
    eve = api.contact(email="eve@example.com", phone=ANN["phone"])
    assert eve["id"] == ann["id"]
    assert eve["email"] == "eve@example.com"
    assert api.upsert(email=ANN["email"])[0] == 201


def test_with_one_field_checked_the_other_may_be_shared() -> None:
    """If only the e-mail is compared, two e-mails with one phone are two contacts."""
    api = api_with(priority=("email",))
    api.contact(**ANN)
    status, payload = api.upsert(email="eve@example.com", phone=ANN["phone"])
    assert status == 201
    assert payload["contact"]["phone"] == ANN["phone"]


@pytest.mark.parametrize(("allowed", "status"), [(True, 201), (False, 200)])
def test_a_duplicate_is_created_only_if_the_account_allows_it(*, allowed: bool, status: int) -> None:
    """`createNewIfDuplicateAllowed` is ignored if the account allows no duplicates."""
    api = api_with(allow_duplicates=allowed)
    api.contact(**ANN)
    assert api.upsert(**ANN, createNewIfDuplicateAllowed=True)[0] == status
    assert api.upsert(**ANN)[0] == 200


def test_of_duplicates_the_oldest_is_matched() -> None:
    """An upsert without `createNewIfDuplicateAllowed` updates the oldest of several duplicates."""
    api = api_with(allow_duplicates=True)
    first = api.contact(**ANN)
    api.contact(**ANN, createNewIfDuplicateAllowed=True)
    assert api.contact(**ANN)["id"] == first["id"]


def test_a_secondary_email_becomes_the_primary_one(api: DirectClient) -> None:
    """The former primary e-mail belongs to no contact afterwards (observed)."""
    ann = api.contact(**ANN)
    api.service.account.add_secondary_email(ann["id"], "Ann.Old@example.com")
    assert api.call("GET", f"/contacts/{ann['id']}")[1]["contact"]["additionalEmails"] == ["ann.old@example.com"]
    promoted = api.contact(email="ann.old@example.com")
    assert (promoted["id"], promoted["email"]) == (ann["id"], "ann.old@example.com")
    assert "additionalEmails" not in promoted
    assert api.upsert(email=ANN["email"])[0] == 201


def test_upsert_replaces_all_tags_in_lower_case(api: DirectClient) -> None:
    """The tags of an upsert replace all former tags, in lower case and without repetitions."""
    api.contact(**ANN, tags=["Old"])
    assert api.contact(**ANN, tags=["VIP", "vip", "New York"])["tags"] == ["vip", "new york"]
    assert api.contact(**ANN)["tags"] == ["vip", "new york"]
    assert api.contact(**ANN, tags=[])["tags"] == []


def test_gender_is_stored_only_for_a_new_contact(api: DirectClient) -> None:
    """The gender of an existing contact is accepted with 200 and ignored (observed)."""
    assert api.contact(**ANN, gender="female")["gender"] == "female"
    assert api.contact(**ANN, gender="male")["gender"] == "female"


def test_source_is_overwritten(api: DirectClient) -> None:
    """The contact has the source of the last upsert that sent one."""
    api.contact(**ANN, source="shop")
    assert api.contact(**ANN, source="warehouse")["source"] == "warehouse"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("+1 (202) 555-0101", "+12025550101"),
        ("+44 20 7946.0958", "+442079460958"),
        ("202 555 0101", None),
        ("+1", None),
    ],
)
def test_a_phone_is_stored_as_e164_or_dropped(api: DirectClient, sent: str, kept: str | None) -> None:
    """A national number is dropped without an error (observed)."""
    assert api.contact(email="ann@example.com", phone=sent).get("phone") == kept


def test_a_dropped_phone_leaves_the_stored_one(api: DirectClient) -> None:
    """A national number doesn't clear the stored phone."""
    api.contact(**ANN)
    assert api.contact(email=ANN["email"], phone="202 555 0199")["phone"] == ANN["phone"]


@pytest.mark.parametrize(
    "text",
    [
        "1990/09/25",
        "09/25/1990",
        "1990-09-25",
        "09-25-1990",
        "1990.09.25",
        "09.25.1990",
        "1990_09_25",
        "09_25_1990",
    ],
)
def test_every_documented_date_format_comes_back_as_iso(api: DirectClient, text: str) -> None:
    """Each of the eight documented formats is returned as `YYYY-MM-DD`."""
    assert api.contact(**ANN, dateOfBirth=text)["dateOfBirth"] == "1990-09-25"


def test_null_clears_a_field_and_absence_leaves_it(api: DirectClient) -> None:
    """Null clears a field, and a field that is not sent stays as it is."""
    api.contact(**ANN, city="Springfield", companyName="Example Ltd")
    contact = api.contact(email=ANN["email"], city=None)
    assert "city" not in contact
    assert contact["companyName"] == "Example Ltd"
    assert contact["firstName"] == "Ann"


def test_a_new_first_name_makes_a_new_full_name(api: DirectClient) -> None:
    """A new first name replaces a full name that was sent earlier."""
    api.contact(**ANN, name="Ann of Old")
    assert api.contact(email=ANN["email"], firstName="Anna", lastName="Example")["name"] == "Anna Example"


def test_dnd_channels_are_merged(api: DirectClient) -> None:
    """A channel that is not sent stays as it was, and version v3 has its own names for all channels."""
    api.contact(**ANN, dndSettings={"Email": {"status": "active", "message": "asked"}})
    api.version = "v3"
    contact = api.contact(**ANN, dndSettings={"whatsApp": {"status": "inactive"}})
    assert contact["dndSettings"] == {
        "email": {"status": "active", "message": "asked"},
        "whatsApp": {"status": "inactive"},
    }
    api.version = "2021-07-28"
    assert set(api.contact(**ANN)["dndSettings"]) == {"Email", "WhatsApp"}


def test_a_deleted_contact_is_not_matched(api: DirectClient) -> None:
    """The e-mails and the phone of a deleted contact are free for a new one."""
    ann = api.contact(**ANN)
    api.service.account.add_secondary_email(ann["id"], "ann.old@example.com")
    assert api.call("DELETE", f"/contacts/{ann['id']}") == (200, {"succeded": True})
    assert api.call("GET", f"/contacts/{ann['id']}") == (400, {"statusCode": 400, "message": "Contact not found"})
    assert api.contact(**ANN)["id"] != ann["id"]
    assert api.upsert(email="ann.old@example.com")[0] == 201


def test_an_impossible_priority_is_refused() -> None:
    """The priority must name e-mail, phone or both."""
    with pytest.raises(ValueError, match="priority"):
        api_with(priority=("name",))
