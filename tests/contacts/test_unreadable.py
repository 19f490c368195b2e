"""A cell that could not be read is withheld with its own reason, whatever its column feeds."""

from __future__ import annotations

import pytest

from leadway_provider.contacts.contact import Contact, Rejection
from leadway_provider.contacts.mapping import compile_mapping
from leadway_provider.contacts.unreadable import UnreadableValue
from leadway_provider.policies import ContactRules
from leadway_provider.sync.fingerprint import row_hasher
from leadway_provider.sync.row import source_keys
from tests.contacts.test_properties import COLUMNS, FIELDS

BAD = UnreadableValue("date_out_of_range")


@pytest.mark.parametrize("column", [column for column in COLUMNS if column not in ("email", "contact_id")])
def test_it_is_withheld_in_every_field(column: str) -> None:
    """The reason is the cell's own, and the rest of the row is sent."""
    mapping = compile_mapping(["id", "email", column], key=["id"], custom_fields=FIELDS)

    contact = mapping.contact([1, "ann@example.com", BAD])

    assert isinstance(contact, Contact)
    assert contact.fields == {"email": "ann@example.com"}
    assert [(why.field, why.code) for why in contact.withheld] == [(column, "date_out_of_range")]


@pytest.mark.parametrize("column", ["email", "contact_id"])
def test_it_rejects_a_row_whose_contact_it_chooses(column: str) -> None:
    """Otherwise another value would choose the contact."""
    found = compile_mapping(["id", column, "phone"], key=["id"]).contact([1, BAD, "+12025550123"])

    assert isinstance(found, Rejection)
    assert [(why.field, why.code) for why in found.reasons] == [(column, "date_out_of_range")]


def test_strict_rules_reject_the_row() -> None:
    """It is a value that can't be sent, like any other."""
    rules = ContactRules(strict=True)

    found = compile_mapping(["id", "email", "city"], key=["id"], rules=rules).contact([1, "ann@example.com", BAD])

    assert isinstance(found, Rejection)


def test_it_is_not_a_key() -> None:
    """A row has no key where a key column could not be read, and the other rows have theirs."""
    assert source_keys([(BAD,), (1,)], [0]) == [None, "1"]
    assert source_keys([(1, BAD), (1, "a")], [0, 1]) == [None, '["1","a"]']


def test_its_fingerprint_stays_the_same() -> None:
    """A row is not sent again because of a cell that still can't be read; once it can be, the row has changed."""
    hashed = row_hasher(b"")

    assert hashed((1, BAD)) == hashed((1, UnreadableValue("date_out_of_range")))
    assert hashed((1, BAD)) != hashed((1, None))
