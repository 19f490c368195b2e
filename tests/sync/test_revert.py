"""The way back of one contact, and what is kept for it while a run writes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.exceptions import UnavailableError
from leadway_provider.sync.before import KeepingSink, KeptContact
from leadway_provider.sync.revert import WayBack, left_alone, way_back
from leadway_provider.testing import MemoryAccount
from leadway_provider.testing.answers import MemoryAnswer
from tests.sync.failing import FailingAccount

DATE = CustomField("d", "Since", "contact.since", "DATE")
EMAIL = "ann@example.com"


def way(
    before: Mapping[str, JsonValue], after: Mapping[str, JsonValue], current: Mapping[str, JsonValue], *paths: str
) -> WayBack:
    """Return the way back of a contact of which these fields are mapped."""
    return way_back(KeptContact("c", before, after), current, ContactForm.of_paths(paths, [DATE]))


def custom(**values: JsonValue) -> list[JsonValue]:
    """Return custom fields as an answer shows them."""
    return [{"id": name, "value": value} for name, value in values.items()]


@pytest.mark.parametrize("name", ["source", "assignedTo", "firstName", "email", "dateOfBirth", "companyName"])
def test_a_blank_is_written_where_the_api_takes_null(name: str) -> None:
    """It is documented for the update by id, of the company name for the upsert."""
    written: dict[str, JsonValue] = {name: "x@example.com" if name == "email" else "2020-01-02"}
    found = way({}, written, {"phone": "+12025550101", **written}, name)
    assert (found.fields[name], found.edited, found.not_restorable) == (None, (), ())


@pytest.mark.parametrize("name", ["postalCode", "country"])
def test_a_blank_that_the_api_does_not_take_is_told(name: str) -> None:
    """Neither may be null, so that nothing is sent that would refuse the whole contact."""
    found = way({}, {name: "US"}, {name: "US"}, name)
    assert (found.fields, found.not_restorable) == ({}, (name,))


@pytest.mark.parametrize(("value", "blank"), [("x", ""), (7, ""), (["Books"], [])])
def test_a_blank_custom_field_is_written_as_a_blank_of_its_type(value: JsonValue, blank: JsonValue) -> None:
    """So is a stamp, which is a custom field as the others; the answer then shows whether the blank was taken."""
    left: dict[str, JsonValue] = {"customFields": custom(a=value)}
    found = way({}, left, left, "customFields.a")
    assert found.fields == {"customFields": [{"id": "a", "field_value": blank}]}
    assert found.not_restorable == ()


def test_a_file_is_not_taken_away() -> None:
    """The API documents no value that stands for no file."""
    left: dict[str, JsonValue] = {"customFields": custom(a={"u": {"url": "https://example.com/f"}})}
    assert way({}, left, left, "customFields.a").not_restorable == ("customFields.a",)


def test_dates_are_written_as_the_api_takes_them() -> None:
    """An account may show a date with a time, or as milliseconds."""
    before: dict[str, JsonValue] = {"dateOfBirth": 631152000000, "customFields": custom(d="2021-02-03T00:00:00.000Z")}
    left: dict[str, JsonValue] = {"dateOfBirth": "1991-01-01", "customFields": custom(d="2022-02-03")}
    found = way(before, left, left, "dateOfBirth", "customFields.d")
    assert found.fields == {
        "dateOfBirth": "1990-01-01",
        "customFields": [{"id": "d", "field_value": "2021-02-03"}],
    }


def test_channels_are_written_back_one_by_one() -> None:
    """What is not mapped of a channel is as it is now, or else was; one that somebody changed stays as a whole."""
    before: dict[str, JsonValue] = {"dndSettings": {"Call": {"status": "permanent", "message": "Old"}}}
    after: dict[str, JsonValue] = {
        "dndSettings": {"Call": {"status": "active"}, "SMS": {"status": "active", "message": "M"}}
    }
    current: dict[str, JsonValue] = {
        "dndSettings": {
            "Call": {"status": "active", "message": "Now"},
            "SMS": {"status": "permanent", "message": "M"},
        }
    }
    paths = ("dndSettings.Call.status", "dndSettings.SMS.status", "dndSettings.SMS.message")
    found = way(before, after, current, *paths)
    assert found.fields == {"dndSettings": {"Call": {"status": "permanent", "message": "Now"}}}
    assert found.edited == ("dndSettings.SMS.status", "dndSettings.SMS.message")
    unedited = way(before, after, after, *paths)
    assert unedited.fields["dndSettings"] == {
        "Call": {"status": "permanent", "message": "Old"},
        "SMS": {"status": "inactive", "message": ""},
    }
    assert left_alone(Contact(unedited.fields), found.edited).fields == {
        "dndSettings": {"Call": {"status": "permanent", "message": "Old"}}
    }


def test_an_inbound_setting_that_is_not_shown_is_told() -> None:
    """Answers do not have it (documented)."""
    after: dict[str, JsonValue] = {"inboundDndSettings": {"all": {"status": "active"}}}
    path = "inboundDndSettings.all.status"
    assert way({}, after, {}, path).not_restorable == (path,)
    assert way({}, after, after, path).fields == {"inboundDndSettings": {"all": {"status": "inactive"}}}


def test_doors_that_the_run_closed_are_opened() -> None:
    """A contact without the setting is one that may be disturbed."""
    assert way({}, {"dnd": True}, {"dnd": True}, "dnd").fields == {"dnd": False}


def test_a_company_name_has_an_identity_beside_it() -> None:
    """The upsert that writes it needs one; a contact without any is told."""
    left: dict[str, JsonValue] = {"companyName": "New", "email": EMAIL}
    assert way({"companyName": "Old"}, left, left, "companyName").fields == {"companyName": "Old", "email": EMAIL}
    found = way({}, {"companyName": "New"}, {"companyName": "New"}, "companyName")
    assert (found.fields, found.not_restorable) == ({}, ("companyName",))


def test_what_the_run_did_not_write_is_as_it_was() -> None:
    """The answer was lost, and only one field was sent: somebody has cleared the other one since."""
    before: dict[str, JsonValue] = {"firstName": "Ann", "city": "Bern", "customFields": custom(a="1", b="2")}
    sent: dict[str, JsonValue] = {"firstName": "Anna", "customFields": [{"id": "a", "field_value": "9"}]}
    current: dict[str, JsonValue] = {"firstName": "Anna", "customFields": custom(a="9")}
    found = way(before, sent, current, "firstName", "city", "customFields.a", "customFields.b")
    assert found.fields == {"firstName": "Ann", "customFields": [{"id": "a", "field_value": "1"}]}
    assert found.edited == ("city", "customFields.b")


@dataclass
class Kept:
    """The contacts of a run, in memory."""

    contacts: dict[str, KeptContact] = field(default_factory=dict)

    def kept(self, contact_id: str) -> KeptContact | None:
        """See `BeforeStore`."""
        return self.contacts.get(contact_id)

    def keep(self, contact: KeptContact) -> None:
        """See `BeforeStore`."""
        self.contacts[contact.contact_id] = contact


class MuteAccount(FailingAccount):
    """An account that writes, and whose answers are lost."""

    async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        await super().update_contact(contact_id, fields)
        raise UnavailableError("lost", call="PUT", maybe_received=True)


def written(account: MemoryAccount, *calls: Mapping[str, JsonValue]) -> tuple[KeptContact, dict[str, Any]]:
    """Return what is kept of a contact after these updates, and the contact."""
    contact_id = account.add_contact(
        email=EMAIL, customFields=[{"id": "a", "field_value": "1"}, {"id": "b", "field_value": "2"}]
    )
    store = Kept()
    sink = KeepingSink(account, store, ("email", "customFields.a", "customFields.b", "customFields.c"))
    for fields in calls:
        with suppress(UnavailableError):
            asyncio.run(sink.update_contact(contact_id, fields))
    return store.contacts[contact_id], dict(account.contacts[contact_id])


def test_a_second_call_keeps_what_the_first_one_left() -> None:
    """Both answers are lost; each call has one custom field, and both are written back."""
    kept, current = written(
        MuteAccount(),
        {"customFields": [{"id": "a", "field_value": "8"}]},
        {"customFields": [{"id": "b", "field_value": "9"}]},
    )
    form = ContactForm.of_paths(["customFields.a", "customFields.b"], [])
    found = way_back(kept, current, form)
    assert found.edited == ()
    assert found.fields == {"customFields": [{"id": "a", "field_value": "1"}, {"id": "b", "field_value": "2"}]}


def test_an_answer_shows_which_custom_fields_are_blank() -> None:
    """The account has not kept one of them, and somebody fills it later with what it was to be: that was a person."""
    account = MemoryAccount()
    kept, current = written(account, {"customFields": [{"id": "c", "field_value": ""}, {"id": "a", "field_value": ""}]})
    form = ContactForm.of_paths(["customFields.a", "customFields.c"], [])
    assert way_back(kept, current, form).fields == {"customFields": [{"id": "a", "field_value": "1"}]}
    filled = {**current, "customFields": custom(a="1", c="3")}
    assert way_back(kept, filled, form).edited == ("customFields.c",)
