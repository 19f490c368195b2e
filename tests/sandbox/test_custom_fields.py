"""Which custom values are stored, by type."""

from __future__ import annotations

from typing import Any

import pytest

from leadway_provider.sandbox.custom_fields import DEFAULT_CUSTOM_FIELDS, SandboxCustomField
from tests.sandbox.direct_client import LOCATION, DirectClient

ID = {field.name: field.id for field in DEFAULT_CUSTOM_FIELDS}
FILE = {"f1": {"meta": {"size": 3}, "url": "https://files.example.com/f1", "documentId": "d1"}}


def custom(api: DirectClient, *entries: dict[str, Any]) -> dict[str, Any]:
    """Upsert one contact with custom fields, and return its stored values by field id."""
    contact = api.contact(email="ann@example.com", customFields=list(entries))
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
def test_a_value_is_stored_if_it_fits_its_type(api: DirectClient, name: str, sent: object, kept: object) -> None:
    """A value that doesn't fit is dropped without an error."""
    assert custom(api, {"id": ID[name], "field_value": sent}) == ({} if kept is None else {ID[name]: kept})


def test_fields_merge_by_id(api: DirectClient) -> None:
    """A field that is not sent keeps its value, and a value that doesn't fit replaces nothing."""
    custom(api, {"id": ID["Plan"], "field_value": "Free"}, {"id": ID["Orders"], "field_value": 3})
    kept = custom(api, {"id": ID["Orders"], "field_value": 4}, {"id": ID["Plan"], "field_value": "Gold"})
    assert kept == {ID["Plan"]: "Free", ID["Orders"]: 4}


def test_an_unknown_field_is_dropped_with_200(api: DirectClient) -> None:
    """A field that the account doesn't have is dropped without an error."""
    assert custom(api, {"id": "unknown", "key": "unknown", "field_value": "lost"}) == {}


def test_a_known_key_is_enough(api: DirectClient) -> None:
    """A field with an unknown id is found by its key, with or without `contact.` before it."""
    assert custom(api, {"id": "?", "key": "plan", "field_value": "Pro"}) == {ID["Plan"]: "Pro"}
    assert custom(api, {"id": "?", "key": "contact.plan", "field_value": "Free"}) == {ID["Plan"]: "Free"}


def test_v3_writes_the_value_in_camel_case(api: DirectClient) -> None:
    """Version v3 has its own name for the value beside the deprecated one, and the other version refuses it."""
    entry = {"id": ID["Plan"], "fieldValue": "Pro"}
    assert api.upsert(email="ann@example.com", customFields=[entry])[0] == 422
    api.version = "v3"
    assert custom(api, entry) == {ID["Plan"]: "Pro"}
    assert custom(api, {"id": ID["Plan"], "field_value": "Free"}) == {ID["Plan"]: "Free"}


def test_a_choice_may_take_other_values(api: DirectClient) -> None:
    """A choice whose field allows custom options stores any text; the list of fields says which ones do."""
    colours = SandboxCustomField.named("Colours", "CHECKBOX", ("Red",), allows_custom_option=True)
    shade = SandboxCustomField.named("Shade", "RADIO", ("Light",), allows_custom_option=True)
    api.service.account.custom_fields = (colours, shade)
    kept = custom(api, {"id": colours.id, "field_value": ["Red", "Mauve"]}, {"id": shade.id, "field_value": "Dusky"})
    assert kept == {colours.id: ["Red", "Mauve"], shade.id: "Dusky"}
    _, payload = api.call("GET", f"/locations/{LOCATION}/customFields")
    assert all(field["isAllowedCustomOption"] for field in payload["customFields"])


@pytest.mark.parametrize("number", ["1" * 5000, "-" + "9" * 400, "0." + "1" * 5000, 10**400, 1e400])
@pytest.mark.parametrize("name", ["Orders", "Lifetime Value", "Notes"])
def test_a_number_without_bound_is_422(api: DirectClient, name: str, number: object) -> None:
    """Text of any length is fine for a text field, and where it is a small number. A refused body writes nothing."""
    status, _ = api.upsert(email="ann@example.com", customFields=[{"id": ID[name], "field_value": number}])
    allowed = isinstance(number, str) and (name == "Notes" or number.startswith("0."))
    assert status == (201 if allowed else 422)
    assert len(api.service.account) == allowed


def test_one_field_is_found_by_its_id(api: DirectClient) -> None:
    """An unknown id is refused."""
    path = f"/locations/{LOCATION}/customFields"
    assert api.call("GET", f"{path}/{ID['Plan']}")[1]["customField"]["name"] == "Plan"
    assert api.call("GET", f"{path}/unknown")[0] == 400


def test_null_clears_a_value(api: DirectClient) -> None:
    """Null and blank text clear a value."""
    custom(api, {"id": ID["Plan"], "field_value": "Pro"}, {"id": ID["Notes"], "field_value": "x"})
    assert custom(api, {"id": ID["Plan"], "field_value": None}, {"id": ID["Notes"], "field_value": ""}) == {}


def test_the_account_lists_its_fields(api: DirectClient) -> None:
    """The list has key, type and options of each field, and none of them belongs to opportunities."""
    status, payload = api.call("GET", f"/locations/{LOCATION}/customFields", query={"model": "contact"})
    fields = {field["name"]: field for field in payload["customFields"]}
    assert status == 200
    assert (fields["Lifetime Value"]["fieldKey"], fields["Lifetime Value"]["dataType"]) == (
        "contact.lifetime_value",
        "MONETORY",
    )
    assert fields["Plan"]["picklistOptions"] == ["Free", "Basic", "Pro", "Enterprise"]
    assert all(field["model"] == "contact" and field["locationId"] == LOCATION for field in fields.values())
    assert len(ID) == len(set(ID.values())) == len(fields)
    opportunity = api.call("GET", f"/locations/{LOCATION}/customFields", query={"model": "opportunity"})
    assert opportunity == (200, {"customFields": []})
