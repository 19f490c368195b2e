"""Fingerprints of rows: what makes a row count as changed, and what does not."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.contacts.contact import Contact, Reason
from leadway_provider.sync.fingerprint import fingerprint_of, is_same_contact, is_same_row, row_hasher

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals()
RULES = ("email", "phone", "first_row")
ANN = Contact(
    {
        "email": "ann@example.com",
        "tags": ["new", "vip"],
        "customFields": [{"id": "plan", "field_value": ["a", "b"]}, {"id": "orders", "field_value": 3}],
    },
    add_tags=("one", "two"),
)


def of_contact(contact: Contact | None, rules: tuple[str, ...] = RULES, row: bytes = b"one") -> bytes:
    """The fingerprint of a row that became this contact."""
    return fingerprint_of(row_hasher(b"digest")([row]), contact, rules)


@given(st.lists(ANYTHING, max_size=5))
def test_any_row_has_a_hash(row: list[object]) -> None:
    """Whatever types a driver returns, a row has 8 stable bytes."""
    hash_row = row_hasher(b"digest")
    assert len(hash_row(row)) == 8
    assert hash_row(row) == hash_row(tuple(row))


DEEP: list[Any] = reduce(lambda inner, _: [inner], range(5000), [])


class Speechless:
    """What a driver may make: an object without a text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize(
    "cell",
    [10**5000, [10**5000], DEEP, Speechless()],
    ids=["digits", "digits in a list", "depth", "no text"],
)
def test_a_cell_that_no_field_takes_has_a_hash(cell: object) -> None:
    """A number of thousands of digits, deep lists and objects without text stop no row; the other cells count."""
    hash_row = row_hasher(b"digest")
    assert hash_row(["a", cell]) == hash_row(["a", cell])
    assert hash_row(["a", cell]) != hash_row(["b", cell])


def test_the_hash_changes_with_any_value_and_with_the_mapping() -> None:
    """Each value, its place, null against blank, and the mapping's digest all count."""
    rows = [
        ("a", None),
        ("a", ""),
        (None, "a"),
        ("a", 1),
        ("a", 2**70),
        ("a", 2**70 + 1),
        ("a", "\ud800"),
        ("a", "\ud801"),
    ]
    digests = (b"one mapping", b"another mapping")
    found = {row_hasher(digest)(row) for digest in digests for row in rows}
    assert len(found) == len(rows) * len(digests)


def test_a_fingerprint_outlives_the_process() -> None:
    """It is the same in every process and release, else all contacts would be compared again, or sent again."""
    row = (1, "ann@example.com", None, Decimal("1.50"), dt.date(2026, 1, 31), {"b": 1, "a": 2})
    first_half = "8561ae44b96d89a0"
    second_half = "876851295574c273"
    assert fingerprint_of(row_hasher(b"digest")(row), ANN, RULES).hex() == first_half + second_half


def test_both_halves_are_keyed() -> None:
    """A phone can't be found by trying in a row whose other values are known."""
    plain, keyed = (
        fingerprint_of(row_hasher(b"digest", key)([b"one"]), ANN, RULES, key) for key in (b"", bytes(range(32)))
    )
    assert plain[:8] != keyed[:8]
    assert plain[8:] != keyed[8:]
    assert len(plain) == len(keyed)


def test_a_row_is_the_same_by_its_first_half() -> None:
    """The contact is not looked at; a row that nothing was acknowledged of is not the same."""
    row_hash = row_hasher(b"digest")([b"one"])
    assert is_same_row(of_contact(ANN), row_hash)
    assert not is_same_row(of_contact(ANN, row=b"two"), row_hash)
    assert not is_same_row(None, row_hash)


@pytest.mark.parametrize(
    "same",
    [
        Contact(dict(reversed([*ANN.fields.items()])), add_tags=("two", "one")),
        Contact({**ANN.fields, "tags": ["vip", "new"]}, add_tags=ANN.add_tags),
        Contact(
            {
                **ANN.fields,
                "customFields": [{"id": "orders", "field_value": 3}, {"field_value": ["b", "a"], "id": "plan"}],
            },
            add_tags=ANN.add_tags,
        ),
        Contact(ANN.fields, ANN.add_tags, withheld=(Reason("phone", "phone_invalid", "It is not a phone."),)),
    ],
    ids=["order of fields", "order of tags", "order of custom fields and options", "what was withheld"],
)
def test_a_contact_is_the_same_in_another_order(same: Contact) -> None:
    """Fields, tags, custom fields and chosen options have no order in the CRM, and what is withheld is not sent."""
    assert is_same_contact(of_contact(ANN), of_contact(same, row=b"two"))


@pytest.mark.parametrize(
    "other",
    [
        Contact({**ANN.fields, "email": "bob@example.com"}, add_tags=ANN.add_tags),
        Contact({**ANN.fields, "phone": None}, add_tags=ANN.add_tags),
        Contact({**ANN.fields, "tags": ["new"]}, add_tags=ANN.add_tags),
        Contact({**ANN.fields, "customFields": []}, add_tags=ANN.add_tags),
        Contact(ANN.fields, add_tags=("one",)),
        Contact(ANN.fields, remove_tags=("one", "two")),
        Contact(ANN.fields, add_tags=ANN.add_tags, contact_id="another"),
        None,
    ],
)
def test_a_contact_is_another_where_anything_that_is_sent_differs(other: Contact | None) -> None:
    """Each field, tag, custom field and the contact's id count; a rejected row is the same as nothing."""
    assert not is_same_contact(of_contact(ANN), of_contact(other))
    assert not is_same_contact(of_contact(None), of_contact(other))
    assert not is_same_contact(None, of_contact(other))


def test_the_rules_of_identities_count() -> None:
    """Where other rows' e-mails and phones are considered otherwise, the row is decided on again."""
    assert not is_same_contact(of_contact(ANN), of_contact(ANN, rules=("email", "phone", "send")))
