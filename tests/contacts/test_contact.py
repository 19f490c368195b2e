"""The parts of a contact that an update and an upsert take."""

from __future__ import annotations

from leadway_provider.contacts.contact import UPSERT_ONLY, Contact

WHOLE = Contact(
    {
        "email": "ada@example.com",
        "companyName": "Engines",
        "gender": "female",
        "createNewIfDuplicateAllowed": False,
        "tags": ["vip"],
        "customFields": [{"id": "f1", "field_value": 12.5}],
        "city": None,
    },
    contact_id="c1",
)


def test_an_update_takes_the_fields_that_the_endpoint_has() -> None:
    """Fields that only the upsert takes are left out, and a null that clears a field is kept."""
    assert WHOLE.update_fields == {
        "email": "ada@example.com",
        "tags": ["vip"],
        "customFields": [{"id": "f1", "field_value": 12.5}],
        "city": None,
    }
    assert WHOLE.fields.keys() - WHOLE.update_fields.keys() <= UPSERT_ONLY


def test_only_the_company_name_needs_an_upsert_beside_the_update() -> None:
    """The gender of an existing contact can't be changed, and the flag is about creating one."""
    assert WHOLE.upsert_only_fields == {"companyName": "Engines"}
    assert Contact({"email": "ada@example.com", "companyName": None}).upsert_only_fields == {"companyName": None}
    assert Contact({"email": "ada@example.com", "gender": "female"}).upsert_only_fields == {}


def test_a_contact_id_is_not_a_field() -> None:
    """It is in the address of a call and not in its body."""
    assert "contactId" not in WHOLE.api_paths
    assert WHOLE.identities == {"email": "ada@example.com"}
