"""Stamps: which targets and values they take, and what they write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.stamps import RunStamps, Stamp, check_stamps, compile_stamps
from leadway_provider.exceptions import MappingError
from leadway_provider.policies import ContactRules

NOW = datetime(2026, 11, 2, 3, 4, 5, 678, tzinfo=UTC)
RUN = "0a1b2c3d4e5f"
FIELDS = [
    CustomField(id="f1", field_key="contact.f1", name="Last Synced", data_type="TEXT"),
    CustomField(id="f2", field_key="contact.f2", name="Synced On", data_type="DATE"),
    CustomField(id="f3", field_key="contact.f3", name="Customer Id", data_type="NUMERICAL"),
]


def compiled(stamps: Mapping[str, str], **targets: str) -> tuple[Stamp, ...]:
    """Return stamps of an account with custom fields, beside a mapping that fills these targets."""
    return compile_stamps(stamps, targets=targets, custom_fields=FIELDS, rules=ContactRules())


def stamped(stamps: Mapping[str, str], contact: Contact, key: str = "17") -> Contact:
    """Return a contact with its stamps."""
    return RunStamps(compiled(stamps), RUN, NOW).stamped(contact, key)


def test_stamps_are_written_beside_the_fields_of_the_row() -> None:
    """Text has the time to the second, a date the day, and custom fields keep those that the row fills."""
    stamps = {"source": "run_id", "custom.Last Synced": "time", "custom.Synced On": "time", "custom.Customer Id": "key"}
    contact = Contact({"email": "a@example.com", "customFields": [{"id": "f9", "field_value": "Blue"}]})
    assert stamped(stamps, contact).fields == {
        "email": "a@example.com",
        "source": RUN,
        "customFields": [
            {"id": "f9", "field_value": "Blue"},
            {"id": "f1", "field_value": "2026-11-02 03:04:05+00:00"},
            {"id": "f2", "field_value": "2026-11-02"},
            {"id": "f3", "field_value": 17},
        ],
    }
    assert contact.fields["customFields"] == [{"id": "f9", "field_value": "Blue"}]


def test_an_update_of_some_fields_has_the_stamps_too() -> None:
    """Only what differs is sent to a contact that was compared, and the stamps with it."""
    contact = Contact({"email": "a@example.com", "city": "Bern"}, differing=frozenset({"city"}))
    assert stamped({"source": "key"}, contact).update_fields == {"city": "Bern", "source": "17"}


def test_a_key_that_the_field_can_not_take_is_withheld() -> None:
    """The rest is sent, and the reason does not have the key."""
    made = stamped({"custom.Customer Id": "key", "source": "run_id"}, Contact({}), "AB-17")
    assert (made.fields, [each.code for each in made.withheld]) == ({"source": RUN}, ["number_malformed"])
    assert "AB-17" not in repr(made)


@pytest.mark.parametrize(
    ("stamps", "message"),
    [
        ({"source": "runid"}, "'source' is 'runid', which is not a stamp; the nearest is 'run_id'"),
        ({"sorce": "key"}, "'sorce' is not a contact field; the nearest is 'source'"),
        ({"email": "key"}, "'email' is not a field of text"),
        ({"tags": "time"}, "'tags' is not a field of text"),
    ],
)
def test_what_needs_no_account_is_found_while_the_dag_is_parsed(stamps: dict[str, str], message: str) -> None:
    """A wrong value and a wrong target, each with the nearest."""
    with pytest.raises(MappingError, match=message):
        check_stamps(stamps)


def test_a_field_has_one_source() -> None:
    """A column or a constant that fills it, and a second stamp, are errors."""
    with pytest.raises(MappingError, match="The stamp 'source' and 'SOURCE' fill the same field"):
        compiled({"source": "key"}, source="SOURCE")
    with pytest.raises(MappingError, match="fill the same field"):
        compiled({"custom.Last Synced": "key", "custom.last synced": "key"})


def test_a_field_that_can_not_hold_the_stamp_is_an_error() -> None:
    """A number is no time, and no run has one for an id."""
    with pytest.raises(MappingError, match=r"'custom\.Customer Id' can't hold 'time': name a field of text"):
        compiled({"custom.Customer Id": "time"})
    with pytest.raises(MappingError, match=r"'custom\.Synced On' can't hold 'run_id'"):
        compiled({"custom.Synced On": "run_id"})
