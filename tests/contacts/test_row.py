"""What rows become: contacts, withheld values and rejections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from leadway_provider.contacts.contact import Contact, Rejection
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.mapping import compile_mapping
from leadway_provider.contacts.rules import ContactRules

FIELDS = (
    CustomField("text", "Note", "contact.note", "TEXT"),
    CustomField("long", "Story", "contact.story", "LARGE_TEXT"),
    CustomField("number", "Seats", "contact.seats", "NUMERICAL"),
    CustomField("money", "Lifetime Value", "contact.lifetime_value", "MONETORY"),
    CustomField("date", "Renewal", "contact.renewal", "DATE"),
    CustomField("single", "Plan", "contact.plan", "SINGLE_OPTIONS", ("Gold", "Silver")),
    CustomField("radio", "Size", "contact.size", "RADIO", ("S", "M")),
    CustomField("check", "Interests", "contact.interests", "CHECKBOX", ("Sea", "Hills")),
    CustomField("multi", "Regions", "contact.regions", "MULTIPLE_OPTIONS", ("North", "South")),
    CustomField("phone", "Fax", "contact.fax", "PHONE"),
    CustomField("email", "Billing", "contact.billing", "EMAIL"),
)


def contact(columns: Sequence[str], row: Sequence[object], **choices: Any) -> Contact | Rejection:
    """What the row, whose key is the first column, becomes."""
    rules = ContactRules(**choices.pop("rules", {}))
    return compile_mapping(columns, key=[columns[0]], rules=rules, custom_fields=FIELDS, **choices).contact(row)


def accepted(columns: Sequence[str], row: Sequence[object], **choices: Any) -> Contact:
    """The contact that the row becomes."""
    found = contact(columns, row, **choices)
    assert isinstance(found, Contact)
    return found


def codes(found: Contact | Rejection) -> list[tuple[str, str]]:
    """Field and code of every reason."""
    reasons = found.reasons if isinstance(found, Rejection) else found.withheld
    return [(reason.field, reason.code) for reason in reasons]


def test_a_row_of_every_field() -> None:
    """Each field of the endpoint arrives under its name and in its form."""
    row = {
        "id": 1,
        "first_name": " Ada ",
        "last_name": "Lovelace",
        "name": "Ada Lovelace",
        "email": "Ada@Example.com",
        "phone": "(202) 555-0123",
        "gender": "female",
        "address1": "1 Main St",
        "city": "Dolomite",
        "state": "AL",
        "postal_code": 35061,
        "country": "USA",
        "website": "https://example.com",
        "timezone": "america/chicago",
        "dnd": 0,
        "dnd.call": "permanent",
        "dnd.whatsapp": "Y",
        "dnd.whatsapp.message": "asked",
        "dnd.whatsapp.code": 12,
        "inbound_dnd": "f",
        "inbound_dnd.message": "fine",
        "source": "warehouse",
        "date_of_birth": "12/10/1815",
        "company_name": "Engines",
        "assigned_to": "Bo@Example.com",
        "create_new_if_duplicate_allowed": "n",
    }
    found = accepted(list(row), list(row.values()), users={"bo@example.com": "user1"})
    assert found.withheld == ()
    assert found.fields == {
        "firstName": "Ada",
        "lastName": "Lovelace",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "phone": "+12025550123",
        "gender": "female",
        "address1": "1 Main St",
        "city": "Dolomite",
        "state": "AL",
        "postalCode": "35061",
        "country": "US",
        "website": "https://example.com",
        "timezone": "America/Chicago",
        "dnd": False,
        "dndSettings": {
            "Call": {"status": "permanent"},
            "WhatsApp": {"status": "active", "message": "asked", "code": "12"},
        },
        "inboundDndSettings": {"all": {"status": "inactive", "message": "fine"}},
        "source": "warehouse",
        "dateOfBirth": "1815-12-10",
        "companyName": "Engines",
        "assignedTo": "user1",
        "createNewIfDuplicateAllowed": False,
    }


def test_a_row_of_every_type_of_custom_field() -> None:
    """Each custom field's value is converted by the field's type."""
    row = {
        "email": "ada@example.com",
        "custom.note": {"a": 1},
        "custom.story": " long ",
        "custom.seats": "7.0",
        "custom.lifetime_value": "$1,200.50",
        "custom.renewal": "2030/01/31",
        "custom.plan": "GOLD",
        "custom.size": "m",
        "custom.interests": '["hills", "sea"]',
        "custom.regions": "south; north",
        "custom.fax": "202-555-0123",
        "custom.billing": "Bill@Example.com",
        "country": "us",
    }
    found = accepted(list(row), list(row.values()))
    assert found.withheld == ()
    sent = found.fields["customFields"]
    assert isinstance(sent, list)
    assert sorted(sent, key=str) == sorted(
        [
            {"id": "text", "field_value": '{"a": 1}'},
            {"id": "long", "field_value": "long"},
            {"id": "number", "field_value": 7},
            {"id": "money", "field_value": 1200.5},
            {"id": "date", "field_value": "2030-01-31"},
            {"id": "single", "field_value": "Gold"},
            {"id": "radio", "field_value": "M"},
            {"id": "check", "field_value": ["Hills", "Sea"]},
            {"id": "multi", "field_value": ["South", "North"]},
            {"id": "phone", "field_value": "+12025550123"},
            {"id": "email", "field_value": "bill@example.com"},
        ],
        key=str,
    )


def test_the_rows_country_tells_the_phones_region() -> None:
    """A national number is read in the row's country, wherever its column stands, and else in the rules' region."""
    columns = ["id", "phone", "country"]
    us = {"rules": {"phone_region": "US"}}
    assert accepted(columns, [1, "030 901820", "Germany"], **us).fields["phone"] == "+4930901820"
    assert accepted(columns, [1, "(202) 555-0123", None], **us).fields["phone"] == "+12025550123"
    assert accepted(columns, [1, "(202) 555-0123", "Atlantis"], **us).fields["phone"] == "+12025550123"
    constant = accepted(["id", "phone"], [1, "030 901820"], constants={"country": "DE"}, **us)
    assert constant.fields["phone"] == "+4930901820"
    assert codes(contact(["id", "phone"], [1, "030 901820"])) == [
        ("phone", "phone_region_unknown"),
        ("phone", "no_identity"),
    ]


def test_a_bad_value_is_withheld_and_the_rest_is_sent() -> None:
    """One bad value costs neither the row nor its other values, and is named as the user writes it."""
    columns = ["id", "email", "Phone", "country", "custom.Plan", "dnd.sms.message"]
    found = accepted(columns, [1, "ada@example.com", "+12", "Atlantis", "bronze", "later"])
    assert found.fields == {"email": "ada@example.com"}
    assert codes(found) == [
        ("country", "country_unknown"),
        ("custom.Plan", "option_unknown"),
        ("Phone", "phone_impossible"),
        ("dnd.sms.message", "status_missing"),
    ]


def test_strict_rules_reject_what_would_be_withheld() -> None:
    """Under strict rules one bad value rejects the row."""
    found = contact(["id", "email", "city", "dnd"], [1, "ada@example.com", b"\xff", "?"], rules={"strict": True})
    assert isinstance(found, Rejection)
    assert codes(found) == [("city", "text_not_unicode"), ("dnd", "boolean_malformed")]


def test_a_malformed_first_identity_rejects_the_row() -> None:
    """A row whose e-mail is wrong is rejected with all its reasons, though its phone is right."""
    columns = ["id", "email", "phone", "website"]
    found = contact(columns, [1, "ada@", "+12025550123", "?"])
    assert isinstance(found, Rejection)
    assert codes(found) == [("email", "email_malformed"), ("website", "website_malformed")]
    phone_first = {"rules": {"identity": ("phone", "email")}}
    assert codes(accepted(columns, [1, "ada@", "+12025550123", None], **phone_first)) == [("email", "email_malformed")]
    assert isinstance(contact(columns, [1, "ada@example.com", "12", None], **phone_first), Rejection)


@pytest.mark.parametrize("row", [[1, None, None], [1, " ", ""], [1, b"", None]])
def test_a_row_without_identity_is_no_contact(row: list[object]) -> None:
    """A row needs an e-mail or a phone."""
    found = contact(["id", "email", "phone"], row)
    assert isinstance(found, Rejection)
    assert codes(found) == [("email", "no_identity")]


def test_an_identity_that_the_account_does_not_match_by_is_none() -> None:
    """Where the account matches by e-mail alone, a phone alone would make a new contact at every run."""
    rules = {"identity": ("email",)}
    assert isinstance(contact(["id", "email", "phone"], [1, None, "+12025550123"], rules=rules), Rejection)


def test_a_phone_alone_is_enough() -> None:
    """A row with a blank e-mail and a good phone is a contact."""
    assert accepted(["id", "email", "phone"], [1, "", "+12025550123"]).fields == {"phone": "+12025550123"}


def test_blanks_are_left_out() -> None:
    """By default a blank says nothing."""
    found = accepted(
        ["id", "email", "city", "custom.note", "tags", "dnd.call"], [1, "ada@example.com", " ", "", [], None]
    )
    assert found == Contact({"email": "ada@example.com"})


def test_blanks_can_clear() -> None:
    """Null is sent where the API lets the field be null; elsewhere the blank is noted, which strict rules let pass."""
    columns = ["id", "email", "phone", "city", "dateOfBirth", "source", "custom.note", "dnd.call", "tags"]
    row = [1, "ada@example.com", None, " ", None, "", None, None, None]
    found = accepted(columns, row, rules={"blanks": "clear", "strict": True})
    assert found.fields == {"email": "ada@example.com", "phone": None, "city": None, "dateOfBirth": None}
    assert codes(found) == []
    assert [(note.field, note.code) for note in found.notes] == [
        (name, "blank_not_clearable") for name in ("source", "custom.note", "dnd.call")
    ]
    assert found.identities == {"email": "ada@example.com"}
    replacing = accepted(["id", "email", "tags"], row[:3], rules={"blanks": "clear", "tags_mode": "replace"})
    assert [note.field for note in replacing.notes] == ["tags"]


def test_tags_go_where_their_mode_says() -> None:
    """Tags are added by default, and replaced or removed on request; constants too."""
    columns, row = ["id", "email", "tags"], [1, "ada@example.com", "VIP, new"]
    email = {"email": "ada@example.com"}
    assert accepted(columns, row) == Contact(email, add_tags=("vip", "new"))
    assert accepted(columns, row, rules={"tags_mode": "remove"}) == Contact(email, remove_tags=("vip", "new"))
    assert accepted(columns, row, rules={"tags_mode": "replace"}) == Contact({**email, "tags": ["vip", "new"]})
    assert accepted(columns[:2], row, constants={"tags": ["VIP"]}) == Contact(email, add_tags=("vip",))


def test_rows_do_not_share_what_they_hold() -> None:
    """Changing one contact's fields changes neither the next contact nor the constants."""
    mapping = compile_mapping(["email"], key=["email"], constants={"dnd_settings": {"call": True}, "dnd": True})
    first, second = mapping.contact(["ada@example.com"]), mapping.contact(["bo@example.com"])
    assert isinstance(first, Contact)
    assert isinstance(second, Contact)
    assert isinstance(first.fields, dict)
    first.fields.clear()
    assert set(second.fields) == {"email", "dnd", "dndSettings"}


def test_an_unknown_user_is_withheld() -> None:
    """An id passes, an address is looked up, and one that nobody has is left out."""
    columns = ["id", "email", "assigned_to"]
    users = {"Bo@example.com": "user1"}
    assert accepted(columns, [1, "ada@example.com", "user9"], users=users).fields["assignedTo"] == "user9"
    assert codes(accepted(columns, [1, "ada@example.com", "x@example.com"], users=users)) == [
        ("assigned_to", "user_unknown")
    ]
