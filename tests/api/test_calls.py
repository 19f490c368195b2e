"""What is sent, and how answers are read, without sending anything."""

from __future__ import annotations

from typing import Any

import pytest

from leadway_provider.api.calls import Calls
from leadway_provider.api.models import BulkTagsAnswer
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.sync.ports import UpsertEcho

CALLS = Calls("loc-1")
CONTACT: dict[str, Any] = {
    "id": "c1",
    "locationId": "loc-1",
    "firstName": "Ada",
    "email": "ada@example.com",
    "phone": "+12025550123",
    "tags": ["vip"],
    "customFields": [{"id": "f1", "value": "Blue"}],
    "dndSettings": {"SMS": {"status": "active"}},
    "somethingNew": {"nested": 1},
}


def test_an_upsert_adds_the_account_and_nothing_else() -> None:
    """What no column maps to isn't sent; the account is the client's, whatever the fields say."""
    call = CALLS.upsert_contact({"email": "ada@example.com", "phone": None, "locationId": "elsewhere"})
    assert (call.method, call.path, call.name) == ("POST", "/contacts/upsert", "POST /contacts/upsert")
    assert call.json == {"email": "ada@example.com", "phone": None, "locationId": "loc-1"}


@pytest.mark.parametrize(("allowed", "safe"), [(True, False), (False, True), (None, True)])
def test_only_an_upsert_that_may_double_is_not_resent(allowed: object, safe: bool) -> None:  # noqa: FBT001
    """An upsert is keyed and safe to repeat, unless it may create a second contact."""
    fields: dict[str, Any] = {"email": "ada@example.com"}
    if allowed is not None:
        fields["createNewIfDuplicateAllowed"] = allowed
    assert CALLS.upsert_contact(fields).resend_safe is safe


def test_an_upserts_answer() -> None:
    """It is what the sync asks for: new or not, the id, the trace id and the contact in the API's names."""
    answer: UpsertEcho = CALLS.upsert_contact({}).read({"new": True, "contact": CONTACT, "traceId": "t1"})
    assert (answer.new, answer.contact_id, answer.trace_id) == (True, "c1", "t1")
    assert answer.kept == CONTACT


@pytest.mark.parametrize("status", [200, 201])
def test_an_upserts_answer_keeps_its_status(status: int) -> None:
    """Both occur for a contact that was written, and the ledger tells which it was."""
    call = CALLS.upsert_contact({})
    assert call.with_status(call.read({"new": True, "contact": CONTACT}), status).status == status


@pytest.mark.parametrize("odd", [{"tags": None}, {"email": 5}, {"customFields": {}}, {"dateOfBirth": {"y": 1}}])
def test_an_odd_contact_is_read_all_the_same(odd: dict[str, Any]) -> None:
    """A contact was written; a field of another form than documented must not make that look lost."""
    answer = CALLS.upsert_contact({}).read({"new": False, "contact": {"id": "c1", **odd}, "traceId": 7})
    assert (answer.contact_id, answer.trace_id) == ("c1", None)
    assert answer.contact.tags == ()
    assert answer.contact.email is None
    assert answer.contact.custom_values == {}


@pytest.mark.parametrize("body", [{}, {"contact": None}, {"contact": {}}, {"contact": {"id": ""}}, {"contact": [1]}])
def test_an_answer_without_its_contact_is_not_understood(body: dict[str, Any]) -> None:
    """Without an id nothing was acknowledged."""
    with pytest.raises((ValueError, TypeError, LookupError)):
        CALLS.upsert_contact({}).read(body)


def test_answers_do_not_show_people() -> None:
    """No repr of an answer holds a contact's value."""
    answer = CALLS.upsert_contact({}).read({"new": True, "contact": CONTACT, "traceId": "t1"})
    call = CALLS.upsert_contact({"email": "ada@example.com"})
    users = CALLS.get_users().read({"users": [{"id": "u1", "email": "grace@example.com"}]})
    found = CALLS.find_duplicate(email="ada@example.com")
    for shown in map(repr, (answer, answer.contact, call, users, found)):
        assert "example.com" not in shown
        assert "Ada" not in shown


def test_v3_is_translated_both_ways() -> None:
    """Version v3 names custom values and channels otherwise; the rest of the provider doesn't know."""
    calls = Calls("loc-1", "v3")
    call = calls.upsert_contact(
        {
            "customFields": [{"id": "f1", "field_value": "Blue"}],
            "dndSettings": {"WhatsApp": {"status": "active"}, "SMS": {"status": "inactive"}},
        }
    )
    assert call.json == {
        "locationId": "loc-1",
        "customFields": [{"id": "f1", "fieldValue": "Blue"}],
        "dndSettings": {"whatsapp": {"status": "active"}, "sms": {"status": "inactive"}},
    }
    echo = {
        "id": "c1",
        "customFields": [{"id": "f1", "fieldValue": "Blue"}],
        "dndSettings": {"whatsapp": {"status": "active"}, "sms": {"status": "inactive"}},
    }
    assert call.read({"new": True, "contact": echo}).kept == {
        "id": "c1",
        "customFields": [{"id": "f1", "value": "Blue"}],
        "dndSettings": {"WhatsApp": {"status": "active"}, "SMS": {"status": "inactive"}},
    }


def test_reading_a_contact() -> None:
    """The known fields have names; everything else is there as received."""
    call = CALLS.get_contact("c/1?")
    assert (call.method, call.path, call.template) == ("GET", "/contacts/c%2F1%3F", "/contacts/{contactId}")
    contact = call.read({"contact": CONTACT})
    assert (contact.id, contact.first_name, contact.phone) == ("c1", "Ada", "+12025550123")
    assert (contact.tags, contact.custom_values) == (("vip",), {"f1": "Blue"})
    assert contact.wire["somethingNew"] == {"nested": 1}


def test_looking_for_a_contact() -> None:
    """By e-mail, by phone or both; nobody found is an answer too; a search for nothing is a mistake of the caller."""
    call = CALLS.find_duplicate(phone="+12025550123")
    assert call.params == {"locationId": "loc-1", "number": "+12025550123"}
    assert call.read({"contact": None}) is None
    assert call.read({}) is None
    found = call.read({"contact": CONTACT})
    assert found is not None
    assert found.id == "c1"
    with pytest.raises(ValueError, match="e-mail or a phone"):
        CALLS.find_duplicate()


def test_tags() -> None:
    """Tags are added and removed beside those that a contact has, for one contact or many."""
    add, remove = CALLS.change_tags("POST", "c1", ("vip",)), CALLS.change_tags("DELETE", "c1", ("vip",))
    assert (add.name, remove.name) == ("POST /contacts/{contactId}/tags", "DELETE /contacts/{contactId}/tags")
    assert add.path == remove.path == "/contacts/c1/tags"
    assert add.json == remove.json == {"tags": ["vip"]}
    assert add.read({"tags": ["vip", "new"]}).tags == ("vip", "new")
    bulk = CALLS.update_tags("remove", ("c1", "c2"), ("vip",))
    assert bulk.path == "/contacts/bulk/tags/update/remove"
    assert bulk.json == {"contacts": ["c1", "c2"], "tags": ["vip"], "locationId": "loc-1"}


def test_a_bulk_answer_says_what_became_of_each_contact() -> None:
    """Some contacts may have failed while others have not."""
    answer = CALLS.update_tags("add", ("c1", "c2"), ("vip",)).read(
        {
            "succeded": True,
            "errorCount": 1,
            "responses": [
                {"contactId": "c1", "type": "success", "message": "Tags updated", "tagsAdded": ["vip"]},
                {"contactId": "c2", "type": "error", "message": "contact is deleted"},
            ],
        }
    )
    assert isinstance(answer, BulkTagsAnswer)
    assert answer.error_count == 1
    assert [(item.contact_id, item.ok) for item in answer.responses] == [("c1", True), ("c2", False)]


def test_custom_fields() -> None:
    """The contact's fields among them, with their choices."""
    call = CALLS.get_custom_fields()
    assert (call.path, call.params) == ("/locations/loc-1/customFields", {"model": "contact"})
    wire = [
        {"id": "f1", "name": "Plan", "fieldKey": "contact.plan", "dataType": "RADIO", "picklistOptions": ["A", "B"]},
        {"id": "f2", "name": "LTV", "fieldKey": "contact.ltv", "dataType": "MONETORY", "model": "contact"},
        {"id": "f3", "name": "Stage", "fieldKey": "opportunity.stage", "dataType": "TEXT", "model": "opportunity"},
    ]
    assert call.read({"customFields": wire}) == [
        CustomField("f1", "Plan", "contact.plan", "RADIO", ("A", "B")),
        CustomField("f2", "LTV", "contact.ltv", "MONETORY"),
    ]


@pytest.mark.parametrize(
    ("wire", "allowed"),
    [({"settings": {"allowDuplicateContact": True}}, True), ({"settings": {}}, None), ({}, None)],
)
def test_location(wire: dict[str, Any], allowed: bool | None) -> None:  # noqa: FBT001
    """The account's duplicate setting is None where the API doesn't tell it."""
    location = CALLS.get_location().read({"location": {"id": "loc-1", "name": "Example Ltd", **wire}})
    assert (location.id, location.name, location.allow_duplicate_contact) == ("loc-1", "Example Ltd", allowed)


def test_users() -> None:
    """Ids and e-mails of the people that contacts are assigned to."""
    call = CALLS.get_users()
    assert (call.path, call.params) == ("/users/", {"locationId": "loc-1"})
    users = call.read({"users": [{"id": "u1", "email": "grace@example.com", "roles": {}}]})
    assert [(user.id, user.email) for user in users] == [("u1", "grace@example.com")]


def test_what_is_said_of_tags_holds_no_tag_and_nobody() -> None:
    """The API's words are kept as a reason, so the tags that were sent and people's addresses are taken out."""
    said = {"contactId": "c1", "type": "error", "message": "Can't add Gold-Member to ann@example.com (+1 202 555 0123)"}
    done = {"contactId": "c2", "type": "success"}
    answer = CALLS.update_tags("add", ["c1", "c2"], ["gold-member"]).read({"responses": [said, done]})
    assert [each.message for each in answer.responses] == ["Can't add … to … (…)", None]
    assert [each.ok for each in answer.responses] == [False, True]
