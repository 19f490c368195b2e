"""Which custom values are kept, by type; the others are dropped in silence."""

from __future__ import annotations

from typing import Any

import pytest

from leadway_provider.sandbox.custom_fields import DEFAULT_CUSTOM_FIELDS
from tests.sandbox.office import LOCATION, Office

ID = {field.name: field.id for field in DEFAULT_CUSTOM_FIELDS}
FILE = {"f1": {"meta": {"size": 3}, "url": "https://files.example.com/f1", "documentId": "d1"}}


def custom(office: Office, *entries: dict[str, Any]) -> dict[str, Any]:
    """Upsert one contact with these custom fields; what it has then, by field id."""
    contact = office.contact(email="ann@example.com", customFields=list(entries))
    return {entry["id"]: entry["value"] for entry in contact["customFields"]}


@pytest.mark.parametrize(
    ("name", "sent", "kept"),
    [
        ("Loyalty Number", "A-7", "A-7"),
        ("Loyalty Number", 7, None),
        ("Notes", "two\nlines", "two\nlines"),
        ("Lifetime Value", 1234.5, 1234.5),
        ("Lifetime Value", "1234.50", 1234.5),
        ("Lifetime Value", "$1,234.50", None),
        ("Orders", 0, 0),
        ("Orders", "12", 12),
        ("Orders", "twelve", None),
        ("Signup Date", "2024-02-29", "2024-02-29"),
        ("Signup Date", "2023-02-29", None),
        ("Signup Date", "02/28/2024", None),
        ("Signup Date", "2024-02-28T00:00:00", None),
        ("Plan", "Pro", "Pro"),
        ("Plan", "pro", None),
        ("Contact Preference", "Post", "Post"),
        ("Interests", ["Music", "Sport"], ["Music", "Sport"]),
        ("Interests", ["Music", "Chess"], ["Music"]),
        ("Interests", "Music", None),
        ("Consents", ["Offers"], ["Offers"]),
        ("Work Phone", "+12025550101", "+12025550101"),
        ("Billing Email", "bills@example.com", "bills@example.com"),
        ("Contract", FILE, FILE),
        ("Contract", "https://files.example.com/f1", None),
        ("References", {"first": "Bob"}, {"first": "Bob"}),
    ],
)
def test_a_value_is_kept_where_it_fits_its_type(office: Office, name: str, sent: object, kept: object) -> None:
    """The answer is 200 or 201 either way."""
    assert custom(office, {"id": ID[name], "field_value": sent}) == ({} if kept is None else {ID[name]: kept})


def test_fields_merge_by_id(office: Office) -> None:
    """A field that isn't sent keeps its value; an unfit value doesn't replace a good one."""
    custom(office, {"id": ID["Plan"], "field_value": "Free"}, {"id": ID["Orders"], "field_value": 3})
    kept = custom(office, {"id": ID["Orders"], "field_value": 4}, {"id": ID["Plan"], "field_value": "Gold"})
    assert kept == {ID["Plan"]: "Free", ID["Orders"]: 4}


def test_an_unknown_field_is_dropped_with_200(office: Office) -> None:
    """Nothing in the answer tells that it was there."""
    assert custom(office, {"id": "unknown", "key": "unknown", "field_value": "lost"}) == {}


def test_a_known_key_does_where_the_id_is_unknown(office: Office) -> None:
    """With and without the model in front of it."""
    assert custom(office, {"id": "?", "key": "plan", "field_value": "Pro"}) == {ID["Plan"]: "Pro"}
    assert custom(office, {"id": "?", "key": "contact.plan", "field_value": "Free"}) == {ID["Plan"]: "Free"}


def test_v3_writes_the_value_in_camel_case(office: Office) -> None:
    """Each version refuses the other's spelling."""
    entry = {"id": ID["Plan"], "fieldValue": "Pro"}
    assert office.upsert(email="ann@example.com", customFields=[entry])[0] == 422
    office.version = "v3"
    assert custom(office, entry) == {ID["Plan"]: "Pro"}


def test_null_clears_a_value(office: Office) -> None:
    """So does blank text."""
    custom(office, {"id": ID["Plan"], "field_value": "Pro"}, {"id": ID["Notes"], "field_value": "x"})
    assert custom(office, {"id": ID["Plan"], "field_value": None}, {"id": ID["Notes"], "field_value": ""}) == {}


def test_the_account_lists_its_fields(office: Office) -> None:
    """With key, type in the API's spelling, and options; fields of opportunities are others."""
    status, payload = office.call("GET", f"/locations/{LOCATION}/customFields", query={"model": "contact"})
    fields = {field["name"]: field for field in payload["customFields"]}
    assert status == 200
    assert (fields["Lifetime Value"]["fieldKey"], fields["Lifetime Value"]["dataType"]) == (
        "contact.lifetime_value",
        "MONETORY",
    )
    assert fields["Plan"]["picklistOptions"] == ["Free", "Basic", "Pro", "Enterprise"]
    assert all(field["model"] == "contact" and field["locationId"] == LOCATION for field in fields.values())
    assert len(ID) == len(set(ID.values())) == len(fields)
    opportunity = office.call("GET", f"/locations/{LOCATION}/customFields", query={"model": "opportunity"})
    assert opportunity == (200, {"customFields": []})
