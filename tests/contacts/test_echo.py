"""The differences between the CRM's answer and what was sent."""

from __future__ import annotations

from typing import Any

import pytest

from leadway_provider.contacts.echo import not_kept


def differences(sent: dict[str, Any], kept: dict[str, Any], *, new: bool = False) -> dict[str, str]:
    """Return the code of each difference, by API path."""
    return {reason.field: reason.code for reason in not_kept(sent, kept, new=new)}


@pytest.mark.parametrize(
    ("api_path", "sent", "kept"),
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
def test_another_form_of_the_same_value_is_not_a_difference(api_path: str, sent: object, kept: object) -> None:
    """A value that the API writes in another form was kept."""
    assert differences({api_path: sent}, {api_path: kept}) == {}
    assert differences({api_path: sent}, {api_path: kept}, new=True) == {}


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
def test_custom_fields_are_compared_by_id(sent: object, kept: object, form: str) -> None:
    """A custom field is found in the answer by its id, in all three forms of an answer."""
    others = [{"id": "other", form: "x"}, None]
    assert (
        differences(
            {"customFields": [{"id": "f", "field_value": sent}]}, {"customFields": [*others, {"id": "f", form: kept}]}
        )
        == {}
    )


@pytest.mark.parametrize(
    ("sent", "kept", "expected"),
    [
        ({"city": "Bern"}, {"city": None}, {"city": "dropped"}),
        ({"city": "Bern"}, {"city": "Basel"}, {"city": "changed"}),
        ({"city": None}, {"city": "Basel"}, {"city": "not_cleared"}),
        ({"postalCode": "00123"}, {"postalCode": 123}, {"postalCode": "changed"}),
        ({"dnd": True}, {"dnd": None}, {"dnd": "dropped"}),
        ({"dnd": False}, {"dnd": True}, {"dnd": "changed"}),
        ({"dateOfBirth": "1990-09-25"}, {"dateOfBirth": "1990-09-24"}, {"dateOfBirth": "changed"}),
        ({"dateOfBirth": "1990-09-25"}, {"dateOfBirth": 10**30}, {"dateOfBirth": "changed"}),
        ({"dateOfBirth": "1990-09-25"}, {"dateOfBirth": {}}, {"dateOfBirth": "changed"}),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}, {"tags": "changed"}),
        ({"tags": ["a"]}, {"tags": {"a": 1}}, {"tags": "changed"}),
        ({"phone": "+12025550123"}, {"phone": None}, {"phone": "dropped"}),
        ({"country": "US"}, {"country": True}, {"country": "changed"}),
        ({"customFields": [{"id": "f", "field_value": "x"}]}, {"customFields": []}, {"customFields.f": "dropped"}),
        ({"customFields": [{"id": "f", "field_value": 1}]}, {"customFields": "?"}, {"customFields.f": "dropped"}),
        (
            {"customFields": [{"id": "f", "field_value": 1}]},
            {"customFields": [{"id": []}]},
            {"customFields.f": "dropped"},
        ),
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
def test_fields_that_were_not_kept(sent: dict[str, Any], kept: dict[str, Any], expected: dict[str, str]) -> None:
    """Each field that was dropped, changed or not cleared has one code."""
    assert differences(sent, kept) == expected


@pytest.mark.parametrize(
    "sent",
    [
        {"city": "Bern"},
        {"dnd": True},
        {"tags": ["a"]},
        {"dateOfBirth": "1990-09-25"},
        {"companyName": "Example Ltd"},
        {"customFields": [{"id": "f", "field_value": "x"}]},
        {"dndSettings": {"Call": {"status": "active"}}},
        {"email": "ada@example.com", "phone": "+12025550123"},
    ],
)
def test_a_field_that_the_answer_does_not_show_at_all_is_not_dropped(sent: dict[str, Any]) -> None:
    """Such an answer says nothing of the field. It shows e-mail or phone, or it says nothing of both."""
    assert differences(sent, {"id": "c1"}) == {}
    assert differences(sent, {"id": "c1"}, new=True) == {}


def test_a_list_that_is_far_longer_is_another_one() -> None:
    """It is not read: an answer may hold millions of items, and one thread delivers the contacts."""
    same = ["vip", "VIP "] * 3
    assert differences({"tags": ["vip"]}, {"tags": same}) == {}
    assert differences({"tags": ["vip"]}, {"tags": same * 1000}) == {"tags": "changed"}
    assert differences({"tags": ["vip"]}, {"tags": "vip," * 1000}) == {"tags": "changed"}


@pytest.mark.parametrize("api_path", ["phone", "email", "website", "city", "dateOfBirth"])
@pytest.mark.parametrize("shown", ["+12025550123 " * 200, ["+12025550123"], [10**4000] * 3, {"a": 10**4000}, 10**4000])
def test_a_value_of_another_kind_is_another_one(api_path: str, shown: Any) -> None:
    """Nor is a far longer text or a list in place of a text read: it may be as large as the answer."""
    sent = {"website": "example.com", "dateOfBirth": "2024-01-31"}.get(api_path, "+12025550123")
    assert [code for path, code in differences({api_path: sent}, {api_path: shown}).items()] == ["changed"]


def test_a_phone_that_another_contact_owns() -> None:
    """If the e-mail matched and the phone was not kept, the phone is another contact's."""
    sent = {"email": "ada@example.com", "phone": "+12025550123"}
    assert differences(sent, {"email": "ada@example.com"}) == {"phone": "phone_owned_by_other"}
    assert differences(sent, {"email": "ada@example.com", "phone": "+12025550199"}) == {"phone": "phone_owned_by_other"}
    assert differences(sent, {"email": "ada@example.com"}, new=True) == {"phone": "dropped"}
    assert differences(sent, {"email": None}) == {"email": "dropped", "phone": "dropped"}


def test_an_e_mail_that_another_contact_owns() -> None:
    """If the phone matched and the e-mail was not kept, the e-mail is another contact's."""
    sent = {"email": "ada@example.com", "phone": "+12025550123"}
    assert differences(sent, {"email": "bo@example.com", "phone": "+12025550123"}) == {"email": "email_owned_by_other"}


def test_gender_is_set_only_on_new_contacts() -> None:
    """The answer does not have the gender, which the CRM ignores on a contact that existed."""
    assert differences({"gender": "female"}, {}) == {"gender": "gender_ignored"}
    assert differences({"gender": "female"}, {"gender": "male"}) == {"gender": "gender_ignored"}
    assert differences({"gender": "female"}, {"gender": "female"}) == {}
    assert differences({"gender": "female"}, {}, new=True) == {}
    assert differences({"gender": "female"}, {"gender": "male"}, new=True) == {"gender": "changed"}


def test_reasons_hold_no_value() -> None:
    """A reason has the field and the code, and neither of the two values."""
    (found,) = not_kept({"city": "Bern"}, {"city": "Basel"}, new=False)
    assert "Bern" not in repr(found)
    assert "Basel" not in repr(found)
