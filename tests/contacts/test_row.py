"""From rows to contacts, withheld values and rejections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from leadway_provider.contacts.contact import Contact, Rejection
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.mapping import compile_mapping
from leadway_provider.policies import ContactRules

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
    """Return the result of a row whose first column is the key."""
    rules = ContactRules(**choices.pop("rules", {}))
    return compile_mapping(columns, key=[columns[0]], rules=rules, custom_fields=FIELDS, **choices).contact(row)


def accepted(columns: Sequence[str], row: Sequence[object], **choices: Any) -> Contact:
    """Return the contact of a row that is accepted."""
    found = contact(columns, row, **choices)
    assert isinstance(found, Contact)
    return found


def codes(found: Contact | Rejection) -> list[tuple[str, str]]:
    """Return field and code of every reason."""
    reasons = found.reasons if isinstance(found, Rejection) else found.withheld
    return [(reason.field, reason.code) for reason in reasons]


def test_a_row_of_every_field() -> None:
    """Each field of the endpoint is sent under its name and in its form."""
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
        "date_of_birth": "1815/12/10",
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


def test_a_phone_is_read_in_the_rows_country() -> None:
    """A number without a country code is read in the row's country, or else in the region of the rules."""
    columns = ["id", "phone", "country"]
    us = {"rules": {"phone_region": "US"}}
    assert accepted(columns, [1, "030 901820", "Germany"], **us).fields["phone"] == "+4930901820"
    assert accepted(columns, [1, "(202) 555-0123", None], **us).fields["phone"] == "+12025550123"
    constant = accepted(["id", "phone"], [1, "030 901820"], constants={"country": "DE"}, **us)
    assert constant.fields["phone"] == "+4930901820"
    assert codes(contact(["id", "phone"], [1, "030 901820"])) == [
        ("phone", "phone_region_unknown"),
        ("phone", "no_identity"),
    ]


@pytest.mark.parametrize("value", ["Untied Kingdom", "Congo", "\x07", b"\xff", 44, ["GB"]])
def test_a_country_that_was_not_understood_is_not_the_default(value: object) -> None:
    """A phone beside it is not read in `phone_region`; one with a country code needs no country."""
    columns = ["id", "email", "country", "phone"]
    us = {"rules": {"phone_region": "US"}}
    found = accepted(columns, [1, "ada@example.com", value, "2079460958"], **us)
    assert found.fields == {"email": "ada@example.com"}
    assert [field for field, _ in codes(found)] == ["country", "phone"]
    assert (found.withheld[1].code, "not understood" in found.withheld[1].message) == ("phone_region_unknown", True)
    stated = accepted(columns, [1, "ada@example.com", value, "+44 20 7946 0958"], **us)
    assert stated.fields["phone"] == "+442079460958"
    blank = accepted(columns, [1, "ada@example.com", "\u200b", "2025550123"], **us)
    assert blank.fields["phone"] == "+12025550123"


def test_an_empty_array_replaces_all_tags() -> None:
    """It is not null: the contact shall have no tag, or no option. Where tags are added, it changes nothing."""
    columns = ["id", "email", "tags", "custom.interests"]
    replace = {"rules": {"tags_mode": "replace"}}
    nothings: tuple[object, ...] = ([], "{}", "[]")
    for nothing in nothings:
        found = accepted(columns, [1, "ada@example.com", nothing, nothing], **replace)
        assert found.fields["tags"] == []
        assert found.fields["customFields"] == [{"id": "check", "field_value": []}]
        assert accepted(columns, [1, "ada@example.com", nothing, None]) == Contact({"email": "ada@example.com"})
    for null in (None, "", " "):
        assert accepted(columns, [1, "ada@example.com", null, null], **replace).fields == {"email": "ada@example.com"}


def test_a_document_is_withheld_in_part() -> None:
    """A channel that the API does not have is reported; strict rules reject the row."""
    columns, row = ["id", "email", "dnd_settings"], [1, "ada@example.com", {"SMS": "active", "RCS": "active"}]
    found = accepted(columns, row)
    assert found.fields["dndSettings"] == {"SMS": {"status": "active"}}
    assert codes(found) == [("dnd_settings", "json_malformed")]
    assert isinstance(contact(columns, row, rules={"strict": True}), Rejection)


def test_a_message_beside_a_status_that_was_not_understood() -> None:
    """Its reason is the status's, because the status is not missing."""
    found = accepted(["id", "email", "dnd.sms", "dnd.sms.message"], [1, "ada@example.com", "maybe", "STOP"])
    assert codes(found) == [("dnd.sms", "status_unknown"), ("dnd.sms.message", "status_unknown")]


def test_hints_of_the_rules_decide() -> None:
    """`decimal_separator` and `day_first` give two readings the one that is meant."""
    columns = ["id", "email", "custom.lifetime_value", "custom.seats", "date_of_birth", "custom.renewal"]
    row = [1, "ada@example.com", "€3.000", "1,200", "03/04/1990", "03.04.2030"]
    withheld = accepted(columns, row)
    assert withheld.fields == {"email": "ada@example.com"}
    assert {code for _, code in codes(withheld)} == {"ambiguous"}
    found = accepted(columns, row, rules={"decimal_separator": ",", "day_first": True})
    assert found.withheld == ()
    custom = found.fields["customFields"]
    assert isinstance(custom, list)
    assert [entry["field_value"] for entry in custom if isinstance(entry, dict)] == [3000, 1.2, "2030-04-03"]
    assert found.fields["dateOfBirth"] == "1990-04-03"


def test_a_bad_value_is_withheld_and_the_rest_is_sent() -> None:
    """The other values of the row are sent, and the reason names the field as the user writes it."""
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
    """Under strict rules one value that can't be sent rejects the row."""
    found = contact(["id", "email", "city", "dnd"], [1, "ada@example.com", b"\xff", "?"], rules={"strict": True})
    assert isinstance(found, Rejection)
    assert codes(found) == [("city", "text_not_unicode"), ("dnd", "boolean_malformed")]


def test_a_malformed_first_identity_rejects_the_row() -> None:
    """A row with a malformed e-mail and a right phone is rejected with all its reasons."""
    columns = ["id", "email", "phone", "website"]
    found = contact(columns, [1, "ada@", "+12025550123", "?"])
    assert isinstance(found, Rejection)
    assert codes(found) == [("email", "email_malformed"), ("website", "website_malformed")]
    phone_first = {"rules": {"identity": ("phone", "email")}}
    assert codes(accepted(columns, [1, "ada@", "+12025550123", None], **phone_first)) == [("email", "email_malformed")]
    assert isinstance(contact(columns, [1, "ada@example.com", "12", None], **phone_first), Rejection)


@pytest.mark.parametrize("row", [[1, None, None], [1, " ", ""], [1, b"", None]])
def test_a_row_without_identity_is_rejected(row: list[object]) -> None:
    """A row needs an e-mail or a phone."""
    found = contact(["id", "email", "phone"], row)
    assert isinstance(found, Rejection)
    assert codes(found) == [("email", "no_identity")]


def test_an_identity_must_be_one_that_the_account_matches() -> None:
    """If the account matches only by e-mail, a row with only a phone would create a contact at every run."""
    rules = {"identity": ("email",)}
    assert isinstance(contact(["id", "email", "phone"], [1, None, "+12025550123"], rules=rules), Rejection)


def test_a_contact_id_alone_is_enough() -> None:
    """A row with the id of its contact needs neither e-mail nor phone, and the id is not sent as a field."""
    assert accepted(["id", "contact_id", "city"], [1, " c_1-Z ", "Bern"]) == Contact(
        {"city": "Bern"}, contact_id="c_1-Z"
    )
    columns = ["id", "contactId", "email", "city"]
    assert accepted(columns, [1, "c1", None, "Bern"]) == Contact({"city": "Bern"}, contact_id="c1")
    assert accepted(columns, [1, "", "ada@example.com", "Bern"]).contact_id is None


def test_a_row_without_contact_id_and_identity_is_rejected() -> None:
    """A blank contact id does not identify a contact, and under blanks="clear" it clears nothing."""
    for rules in ({}, {"blanks": "clear"}):
        assert codes(contact(["id", "contact_id"], [1, None], rules=rules)) == [("contact_id", "no_identity")]
    found = accepted(["id", "contact_id", "email"], [1, None, "ada@example.com"], rules={"blanks": "clear"})
    assert found == Contact({"email": "ada@example.com"})


@pytest.mark.parametrize("value", ["c 1", "c/1", "c.1", "ünï", "x" * 65, b"\xff", ["c1"], "c1?a=b"])
def test_a_malformed_contact_id_rejects_the_row(value: object) -> None:
    """Otherwise the e-mail would choose the contact."""
    found = contact(["id", "contact_id", "email"], [1, value, "ada@example.com"])
    assert isinstance(found, Rejection)
    assert [field for field, _ in codes(found)] == ["contact_id"]


def test_beside_a_contact_id_a_malformed_email_is_withheld() -> None:
    """The contact is chosen already, so the rest of the row is sent; strict rules reject the row."""
    columns, row = ["id", "contact_id", "email", "city"], [1, "c1", "ada@", "Bern"]
    found = accepted(columns, row)
    assert (found.fields, found.contact_id) == ({"city": "Bern"}, "c1")
    assert codes(found) == [("email", "email_malformed")]
    assert isinstance(contact(columns, row, rules={"strict": True}), Rejection)


def test_a_phone_alone_is_enough() -> None:
    """A row with a blank e-mail and a right phone is accepted."""
    assert accepted(["id", "email", "phone"], [1, "", "+12025550123"]).fields == {"phone": "+12025550123"}


def test_blanks_are_left_out() -> None:
    """By default a blank is not sent."""
    found = accepted(
        ["id", "email", "city", "custom.note", "tags", "dnd.call"], [1, "ada@example.com", " ", "", [], None]
    )
    assert found == Contact({"email": "ada@example.com"})


def test_blanks_can_clear() -> None:
    """Null is sent if the field may be null; otherwise the blank is noted, and strict rules do not reject the row."""
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


def test_tags_follow_their_mode() -> None:
    """Tags are added by default, and the rules may replace or remove them, also for constants."""
    columns, row = ["id", "email", "tags"], [1, "ada@example.com", "VIP, new"]
    email = {"email": "ada@example.com"}
    assert accepted(columns, row) == Contact(email, add_tags=("vip", "new"))
    assert accepted(columns, row, rules={"tags_mode": "remove"}) == Contact(email, remove_tags=("vip", "new"))
    assert accepted(columns, row, rules={"tags_mode": "replace"}) == Contact({**email, "tags": ["vip", "new"]})
    assert accepted(columns[:2], row, constants={"tags": ["VIP"]}) == Contact(email, add_tags=("vip",))


def test_contacts_share_no_values() -> None:
    """Changing one contact's fields changes neither the next contact nor the constants."""
    mapping = compile_mapping(["email"], key=["email"], constants={"dnd_settings": {"call": True}, "dnd": True})
    first, second = mapping.contact(["ada@example.com"]), mapping.contact(["bo@example.com"])
    assert isinstance(first, Contact)
    assert isinstance(second, Contact)
    assert isinstance(first.fields, dict)
    first.fields.clear()
    assert set(second.fields) == {"email", "dnd", "dndSettings"}


def test_an_unknown_user_is_withheld() -> None:
    """An id is sent as it is, an address is looked up, and an address that no user has is left out."""
    columns = ["id", "email", "assigned_to"]
    users = {"Bo@example.com": "user1"}
    assert accepted(columns, [1, "ada@example.com", "user9"], users=users).fields["assignedTo"] == "user9"
    assert codes(accepted(columns, [1, "ada@example.com", "x@example.com"], users=users)) == [
        ("assigned_to", "user_unknown")
    ]
