"""Which target a column is probably for."""

from __future__ import annotations

import pytest

from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.proposal import likely_key, propose_targets

PLAN = CustomField("f1", "Plan", "contact.plan", "TEXT")
CONTRACT = CustomField("f2", "Contract", "contact.contract", "FILE_UPLOAD")


def test_exact_names_come_before_others() -> None:
    """Two columns never feed one target: the column that is called so has it."""
    assert propose_targets(["mobile", "phone", "E_MAIL"], key=()) == {"phone": "phone", "E_MAIL": "email"}


def test_custom_fields_are_found_by_name_and_key() -> None:
    """One that holds files is not proposed, and neither is a contact's id."""
    columns = ["plan", "contract", "contact_id", "email"]
    found = propose_targets(columns, key=(), custom_fields=[PLAN, CONTRACT])
    assert found == {"plan": "custom.Plan", "email": "email"}


def test_a_key_is_sent_only_if_it_has_the_name_of_a_field() -> None:
    """As a mapping does it."""
    assert propose_targets(["email", "mobile"], key=["email", "mobile"]) == {"email": "email"}


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        (["email", "id"], "id"),
        (["Account_Id", "Customer_ID"], "Customer_ID"),
        (["account_id", "email"], "account_id"),
        (["email"], None),
    ],
)
def test_the_key_is_guessed_by_its_name(columns: list[str], key: str | None) -> None:
    """`id`, then the table's name with `id`, then any column that ends so."""
    assert likely_key(columns, "crm.customers") == key
