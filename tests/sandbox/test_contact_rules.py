"""Whom an upsert matches and what it changes: each documented rule and each observed habit."""

from __future__ import annotations

from typing import Any

import pytest

from leadway_provider.sandbox.account import Identity
from leadway_provider.sandbox.service import Service, Settings
from tests.sandbox.clock import Clock
from tests.sandbox.office import LOCATION, Office

ANN: dict[str, Any] = {"email": "ann@example.com", "phone": "+12025550101", "firstName": "Ann"}
BOB: dict[str, Any] = {"email": "bob@example.com", "phone": "+12025550102", "firstName": "Bob"}


def office_with(**settings: Any) -> Office:
    """The API of a sandbox with other settings."""
    return Office(Service(Settings(**settings)))


def test_a_new_contact_is_201_and_a_known_one_200(office: Office) -> None:
    """The status and `new` say which of the two it was."""
    first, again = office.upsert(**ANN), office.upsert(**ANN)
    assert (first[0], first[1]["new"]) == (201, True)
    assert (again[0], again[1]["new"]) == (200, False)
    assert first[1]["contact"]["id"] == again[1]["contact"]["id"]
    assert first[1]["traceId"] != again[1]["traceId"]


def test_the_answer_has_the_published_shape(office: Office, clock: Clock) -> None:
    """Names, places and times as the description of a contact shows them; nothing that has no value."""
    clock.now = 1_625_203_106.704
    contact = office.contact(**ANN, lastName="Example", city="Springfield", tags=["new"])
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


def test_an_email_is_matched_and_kept_in_lower_case(office: Office) -> None:
    """Case makes no other person."""
    assert office.contact(email="Ann@Example.COM")["email"] == "ann@example.com"
    assert office.upsert(email="ANN@example.com")[0] == 200


@pytest.mark.parametrize(
    ("priority", "expected"), [(("email", "phone"), "Ann"), (("phone", "email"), "Bob")], ids=["email", "phone"]
)
def test_of_two_contacts_the_first_field_wins_and_the_second_is_dropped(
    priority: tuple[Identity, ...], expected: str
) -> None:
    """One person's e-mail with another's phone changes one of the two, and leaves both identities where they were."""
    office = office_with(priority=priority)
    office.contact(**ANN)
    office.contact(**BOB)
    status, payload = office.upsert(email=ANN["email"], phone=BOB["phone"], city="Springfield")
    assert status == 200
    assert payload["contact"]["firstName"] == expected
    kept = {(c.first_name, c.email, c.phone, c.fields.get("city")) for c in office.service.account.contacts}
    assert kept == {
        ("Ann", ANN["email"], ANN["phone"], "Springfield" if expected == "Ann" else None),
        ("Bob", BOB["email"], BOB["phone"], "Springfield" if expected == "Bob" else None),
    }


def test_a_new_email_with_somebodys_phone_updates_that_person(office: Office) -> None:
    """This is how shared phones make people vanish into each other."""
    ann = office.contact(**ANN)
    eve = office.contact(email="eve@example.com", phone=ANN["phone"])
    assert eve["id"] == ann["id"]
    assert eve["email"] == "eve@example.com"
    assert office.upsert(email=ANN["email"])[0] == 201


def test_with_one_field_checked_the_other_may_be_shared() -> None:
    """Two e-mails with one phone are two contacts where only the e-mail is compared."""
    office = office_with(priority=("email",))
    office.contact(**ANN)
    status, payload = office.upsert(email="eve@example.com", phone=ANN["phone"])
    assert status == 201
    assert payload["contact"]["phone"] == ANN["phone"]


@pytest.mark.parametrize(("allowed", "status"), [(True, 201), (False, 200)])
def test_creating_a_duplicate_needs_the_accounts_leave(allowed: bool, status: int) -> None:  # noqa: FBT001
    """`createNewIfDuplicateAllowed` is ignored where the account allows no duplicates."""
    office = office_with(allow_duplicates=allowed)
    office.contact(**ANN)
    assert office.upsert(**ANN, createNewIfDuplicateAllowed=True)[0] == status
    assert office.upsert(**ANN)[0] == 200


def test_of_duplicates_the_oldest_is_matched() -> None:
    """An ordinary upsert after a duplicate was made goes to the contact that was there first."""
    office = office_with(allow_duplicates=True)
    first = office.contact(**ANN)
    office.contact(**ANN, createNewIfDuplicateAllowed=True)
    assert office.contact(**ANN)["id"] == first["id"]


def test_a_secondary_email_is_promoted_and_the_primary_gone(office: Office) -> None:
    """Observed: nothing says so in the answer, and the old address then belongs to nobody."""
    ann = office.contact(**ANN)
    office.service.account.add_secondary_email(ann["id"], "Ann.Old@example.com")
    assert office.call("GET", f"/contacts/{ann['id']}")[1]["contact"]["additionalEmails"] == ["ann.old@example.com"]
    promoted = office.contact(email="ann.old@example.com")
    assert (promoted["id"], promoted["email"]) == (ann["id"], "ann.old@example.com")
    assert "additionalEmails" not in promoted
    assert office.upsert(email=ANN["email"])[0] == 201


def test_upsert_replaces_all_tags_in_lower_case(office: Office) -> None:
    """Tags of before are gone, and a repeated one is kept once."""
    office.contact(**ANN, tags=["Old"])
    assert office.contact(**ANN, tags=["VIP", "vip", "New York"])["tags"] == ["vip", "new york"]
    assert office.contact(**ANN)["tags"] == ["vip", "new york"]
    assert office.contact(**ANN, tags=[])["tags"] == []


def test_gender_is_kept_when_new_and_ignored_afterwards(office: Office) -> None:
    """Observed: accepted with 200 all the same."""
    assert office.contact(**ANN, gender="female")["gender"] == "female"
    assert office.contact(**ANN, gender="male")["gender"] == "female"


def test_source_is_overwritten(office: Office) -> None:
    """The last upsert that names one decides."""
    office.contact(**ANN, source="shop")
    assert office.contact(**ANN, source="warehouse")["source"] == "warehouse"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("+1 (202) 555-0101", "+12025550101"),
        ("+44 20 7946.0958", "+442079460958"),
        ("202 555 0101", None),
        ("+1", None),
    ],
)
def test_a_phone_is_kept_as_e164_or_dropped(office: Office, sent: str, kept: str | None) -> None:
    """A national number disappears in silence."""
    assert office.contact(email="ann@example.com", phone=sent).get("phone") == kept


def test_a_dropped_phone_leaves_the_one_that_was_there(office: Office) -> None:
    """A national number doesn't clear a good one."""
    office.contact(**ANN)
    assert office.contact(email=ANN["email"], phone="202 555 0199")["phone"] == ANN["phone"]


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
def test_every_documented_date_format_comes_back_as_iso(office: Office, text: str) -> None:
    """All eight mean one day."""
    assert office.contact(**ANN, dateOfBirth=text)["dateOfBirth"] == "1990-09-25"


def test_null_clears_a_field_and_absence_leaves_it(office: Office) -> None:
    """What isn't sent isn't touched."""
    office.contact(**ANN, city="Springfield", companyName="Example Ltd")
    contact = office.contact(email=ANN["email"], city=None)
    assert "city" not in contact
    assert contact["companyName"] == "Example Ltd"
    assert contact["firstName"] == "Ann"


def test_a_new_first_name_makes_a_new_full_name(office: Office) -> None:
    """A name that was sent earlier doesn't hide the later one."""
    office.contact(**ANN, name="Ann of Old")
    assert office.contact(email=ANN["email"], firstName="Anna", lastName="Example")["name"] == "Anna Example"


def test_dnd_channels_are_merged(office: Office) -> None:
    """A channel that isn't sent stays as it was; version v3 spells channels in lower case."""
    office.contact(**ANN, dndSettings={"Email": {"status": "active", "message": "asked"}})
    office.version = "v3"
    contact = office.contact(**ANN, dndSettings={"whatsapp": {"status": "inactive"}})
    assert contact["dndSettings"] == {
        "Email": {"status": "active", "message": "asked"},
        "WhatsApp": {"status": "inactive"},
    }


def test_a_deleted_contact_is_matched_by_nothing(office: Office) -> None:
    """Its e-mail and phone are free for a new contact."""
    ann = office.contact(**ANN)
    assert office.call("DELETE", f"/contacts/{ann['id']}") == (200, {"succeded": True})
    assert office.call("GET", f"/contacts/{ann['id']}") == (400, {"statusCode": 400, "message": "Contact not found"})
    assert office.contact(**ANN)["id"] != ann["id"]


def test_an_impossible_priority_is_refused() -> None:
    """The setting names e-mail, phone or both."""
    with pytest.raises(ValueError, match="priority"):
        office_with(priority=("name",))
