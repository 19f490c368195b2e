"""What the CRM's answer shows otherwise than it was sent."""

from __future__ import annotations

from typing import Any

import pytest

from leadway_provider.contacts.echo import not_kept


def findings(sent: dict[str, Any], kept: dict[str, Any], *, new: bool = False) -> dict[str, str]:
    """Code by place."""
    return {found.field: found.code for found in not_kept(sent, kept, new=new)}


@pytest.mark.parametrize(
    ("wire", "sent", "kept"),
    [
        ("email", "ada@example.com", "Ada@Example.com"),
        ("phone", "+12025550123", "+1 202-555-0123"),
        ("firstName", "Ada", "ada"),
        ("name", "Ada  Lovelace", "ada lovelace"),
        ("postalCode", "35061", 35061),
        ("address1", "1 Main St\r\nRear", "1 Main St\nRear"),
        ("website", "https://Example.com/", "example.com"),
        ("timezone", "America/Chicago", "america/chicago"),
        ("dateOfBirth", "1990-09-25", "1990-09-25T00:00:00.000Z"),
        ("dateOfBirth", "1990-09-25", 654220800000),
        ("dateOfBirth", "1990-09-25", "09/25/1990"),
        ("tags", ["b", "a"], ["A", "b"]),
        ("dnd", True, "true"),
        ("dnd", False, None),
        ("city", None, None),
        ("city", None, ""),
        ("createNewIfDuplicateAllowed", True, None),
        ("inboundDndSettings", {"all": {"status": "active"}}, None),
        ("inboundDndSettings", {"all": {"status": "active"}}, {"all": {"status": "active"}}),
        ("dndSettings", {"Call": {"status": "active"}}, {"call": {"status": "active", "code": "1"}, "SMS": {}}),
        ("dndSettings", {"Call": {"status": "inactive"}}, None),
    ],
)
def test_the_apis_own_forms_are_no_differences(wire: str, sent: object, kept: object) -> None:
    """What the API only writes in another form was kept."""
    assert findings({wire: sent}, {wire: kept}) == {}
    assert findings({wire: sent}, {wire: kept}, new=True) == {}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (12.5, "12.50"),
        (1000, 1000.0),
        ("12", 12),
        ("2030-01-31", "2030-01-31T00:00:00.000Z"),
        ("2030-01-31", 1896048000000),
        (["Sea", "Hills"], ["Hills", "Sea"]),
        (["Sea"], "Sea"),
        (["Sea", "Hills"], "Sea, Hills"),
        ("Gold", ["Gold"]),
        ("two  words", "two words"),
    ],
)
@pytest.mark.parametrize("form", ["value", "field_value", "fieldValue"])
def test_custom_fields_are_found_by_id(sent: object, kept: object, form: str) -> None:
    """Custom values are compared by id, whatever form the answer gives them."""
    others = [{"id": "other", form: "x"}, None]
    assert (
        findings(
            {"customFields": [{"id": "f", "field_value": sent}]}, {"customFields": [*others, {"id": "f", form: kept}]}
        )
        == {}
    )


@pytest.mark.parametrize(
    ("sent", "kept", "expected"),
    [
        ({"city": "Bern"}, {}, {"city": "dropped"}),
        ({"city": "Bern"}, {"city": "Basel"}, {"city": "changed"}),
        ({"city": None}, {"city": "Basel"}, {"city": "not_cleared"}),
        ({"postalCode": "00123"}, {"postalCode": 123}, {"postalCode": "changed"}),
        ({"dnd": True}, {}, {"dnd": "dropped"}),
        ({"dnd": False}, {"dnd": True}, {"dnd": "changed"}),
        ({"dateOfBirth": "1990-09-25"}, {"dateOfBirth": "1990-09-24"}, {"dateOfBirth": "changed"}),
        ({"dateOfBirth": "1990-09-25"}, {"dateOfBirth": 10**30}, {"dateOfBirth": "changed"}),
        ({"dateOfBirth": "1990-09-25"}, {"dateOfBirth": {}}, {"dateOfBirth": "changed"}),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}, {"tags": "changed"}),
        ({"tags": ["a"]}, {"tags": {"a": 1}}, {"tags": "changed"}),
        ({"phone": "+12025550123"}, {"phone": None}, {"phone": "dropped"}),
        ({"country": "US"}, {"country": True}, {"country": "changed"}),
        ({"customFields": [{"id": "f", "field_value": "x"}]}, {}, {"customFields.f": "dropped"}),
        ({"customFields": [{"id": "f", "field_value": 1}]}, {"customFields": "?"}, {"customFields.f": "dropped"}),
        (
            {"customFields": [{"id": "f", "field_value": 1}]},
            {"customFields": [{"id": "f", "value": "one"}]},
            {"customFields.f": "changed"},
        ),
        (
            {"dndSettings": {"Call": {"status": "permanent", "message": "m"}, "SMS": {"status": "active"}}},
            {"dndSettings": {"Call": {"status": "active"}}},
            {
                "dndSettings.Call.status": "changed",
                "dndSettings.Call.message": "dropped",
                "dndSettings.SMS.status": "changed",
            },
        ),
        (
            {"inboundDndSettings": {"all": {"status": "active"}}},
            {"inboundDndSettings": {"all": {"status": "inactive"}}},
            {"inboundDndSettings.all.status": "changed"},
        ),
        (
            {"createNewIfDuplicateAllowed": True},
            {"createNewIfDuplicateAllowed": False},
            {"createNewIfDuplicateAllowed": "changed"},
        ),
    ],
)
def test_differences(sent: dict[str, Any], kept: dict[str, Any], expected: dict[str, str]) -> None:
    """Each field that was dropped, changed or not cleared is told once."""
    assert findings(sent, kept) == expected


def test_a_phone_that_another_contact_owns() -> None:
    """Where the e-mail matched and the phone did not stick, the phone is another contact's."""
    sent = {"email": "ada@example.com", "phone": "+12025550123"}
    assert findings(sent, {"email": "ada@example.com"}) == {"phone": "phone_owned_by_other"}
    assert findings(sent, {"email": "ada@example.com", "phone": "+12025550199"}) == {"phone": "phone_owned_by_other"}
    assert findings(sent, {"email": "ada@example.com"}, new=True) == {"phone": "dropped"}
    assert findings(sent, {}) == {"email": "dropped", "phone": "dropped"}


def test_an_e_mail_that_another_contact_owns() -> None:
    """The same where the account matches by phone first."""
    sent = {"email": "ada@example.com", "phone": "+12025550123"}
    assert findings(sent, {"email": "bo@example.com", "phone": "+12025550123"}) == {"email": "email_owned_by_other"}


def test_gender_is_set_on_new_contacts_alone() -> None:
    """The answer has no place for gender; on a contact that existed it is known to be ignored."""
    assert findings({"gender": "female"}, {}) == {"gender": "gender_ignored"}
    assert findings({"gender": "female"}, {"gender": "male"}) == {"gender": "gender_ignored"}
    assert findings({"gender": "female"}, {"gender": "female"}) == {}
    assert findings({"gender": "female"}, {}, new=True) == {}
    assert findings({"gender": "female"}, {"gender": "male"}, new=True) == {"gender": "changed"}


def test_reasons_hold_no_value() -> None:
    """What differs is told by field and code; the values stay out of it."""
    (found,) = not_kept({"city": "Bern"}, {"city": "Basel"}, new=False)
    assert "Bern" not in repr(found)
    assert "Basel" not in repr(found)
