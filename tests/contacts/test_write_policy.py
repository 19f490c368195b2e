"""Write policies: which targets take one, and what is written to a contact that exists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from leadway_provider.contacts.contact import Contact
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.mapping import check_targets, compile_mapping
from leadway_provider.contacts.row import ContactMapping
from leadway_provider.contacts.write_policy import for_existing, needs_look
from leadway_provider.exceptions import MappingError
from leadway_provider.policies import ContactRules
from leadway_provider.store.encoding import decode_contact, encode_contact
from leadway_provider.sync.fingerprint import fingerprint_of

FIELDS = [
    CustomField(id="f1", field_key="contact.first_seen", name="First Seen", data_type="TEXT"),
    CustomField(id="f2", field_key="contact.owner", name="Owner", data_type="TEXT"),
]
COLUMNS = ("id", "email", "source", "city", "custom.First Seen", "custom.Owner")
WRITE = {"source": "once", "custom.first seen": "once", "city": "if_empty", "custom.Owner": "if_empty"}
ROW = (1, "a@example.com", "web", "Bern", "2026", "Ann")


def compiled(write: Mapping[str, Any], **arguments: Any) -> ContactMapping:
    """Return the mapping of the columns, with these policies."""
    rules = ContactRules(write=write, **arguments)
    return compile_mapping(COLUMNS, key=["id"], custom_fields=FIELDS, rules=rules)


def contact(row: tuple[object, ...] = ROW, write: Mapping[str, Any] = WRITE, **arguments: Any) -> Contact:
    """Return the contact of a row."""
    made = compiled(write, **arguments).contact(row)
    assert isinstance(made, Contact)
    return made


def half(made: Contact) -> bytes:
    """Return what shows whether a contact is another one."""
    return fingerprint_of(b"", made, ())


def test_rules_with_policies_stay_values() -> None:
    """The order of targets says nothing, and the rules can be a key."""
    first = ContactRules(write={"source": "once", "city": "if_empty"})
    assert first == ContactRules(write={"city": "if_empty", "source": "once"})
    assert hash(first) == hash(ContactRules(write=first.write))
    assert first.write == (("city", "if_empty"), ("source", "once"))


@pytest.mark.parametrize("write", ["once", {"source": "first"}, {"source": ["once"]}, {1: "once"}, {"city": None}])
def test_what_is_no_policy_is_an_error(write: Any) -> None:
    """Also where it can't be hashed."""
    with pytest.raises(MappingError, match="write "):
        ContactRules(write=write)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("sorce", "write names an unknown target: 'sorce' is not a contact field; the nearest is 'source'"),
        ("email", "write can't have 'email', because contacts are matched by it"),
        ("PHONE", "write can't have 'PHONE', because contacts are matched by it"),
        ("contactId", "write can't have 'contactId', because it says which contact is written"),
        ("tags", "write can't have 'tags', because tags_mode says what becomes of tags"),
        ("dnd.call.message", "because the CRM always holds do-not-disturb settings"),
        ("inbound_dnd", "because the CRM always holds do-not-disturb settings"),
        ("create_new_if_duplicate_allowed", "because it is not a field of the contact"),
    ],
)
def test_targets_that_take_no_policy_are_errors_before_the_account_is_known(written: str, message: str) -> None:
    """Each names the target and why."""
    with pytest.raises(MappingError, match=message):
        check_targets(None, None, ContactRules(write={written: "once"}))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        ({"state": "once"}, "write names 'state', which no column and no constant fills; the nearest is 'source'"),
        ({"custom.Sirst Seen": "once"}, "First Seen"),
        ({"city": "once", "City": "if_empty"}, "write names the field '[Cc]ity' twice"),
        ({"email": "always"}, "write can't have 'email'"),
    ],
)
def test_targets_of_no_field_are_errors(write: dict[str, Any], message: str) -> None:
    """They are compared with what is mapped, and with the account's custom fields."""
    with pytest.raises(MappingError, match=message):
        compiled(write)


def test_a_contact_that_exists_gets_what_it_has_not_and_no_first_values() -> None:
    """Whatever the answer calls the value of a custom field."""
    held: dict[str, Any] = {
        "city": " ",
        "customFields": [{"id": "f1", "value": "x"}, {"id": "f2", "fieldValue": "Bob"}],
    }
    assert for_existing(contact(), held).fields == {"email": "a@example.com", "city": "Bern"}
    held = {"city": "Basel", "customFields": [{"id": "f2", "value": ""}]}
    found = for_existing(contact(), held)
    assert found.fields == {"email": "a@example.com", "customFields": [{"id": "f2", "field_value": "Ann"}]}
    assert (found.once, found.if_empty) == (frozenset(), frozenset())
    assert for_existing(contact(), None).fields == {"email": "a@example.com"}


def test_a_contact_that_exists_gets_what_nobody_has_edited() -> None:
    """Where it was not looked up, nothing is known of edits, and nothing of these fields is sent."""
    made = contact(write={"city": "if_unedited", "custom.Owner": "if_unedited"})
    held: dict[str, Any] = {"city": "Basel"}
    found = for_existing(made, held, frozenset({"city"}))
    assert (found.api_paths & {"city", "customFields.f2"}, found.if_unedited) == ({"customFields.f2"}, frozenset())
    assert for_existing(made, held).fields == made.fields
    assert not for_existing(made, None).api_paths & {"city", "customFields.f2"}


def test_the_gender_is_in_no_answer() -> None:
    """So nobody can say whether it was edited; the other policies are possible."""
    with pytest.raises(MappingError, match="write can't have 'gender' as 'if_unedited', because no answer shows it"):
        check_targets(None, None, ContactRules(write={"gender": "if_unedited"}))
    check_targets(None, None, ContactRules(write={"gender": "once"}))


def test_only_a_field_that_may_be_filled_needs_a_look() -> None:
    """A comparison shows which fields have something; of a contact that the account would match, it is not enough."""
    made = contact()
    compared = [
        Contact(made.fields, differing=frozenset(paths), if_empty=made.if_empty) for paths in ({"email"}, {"city"})
    ]
    assert [needs_look(each) for each in (made, *compared)] == [True, False, True]
    unedited = [Contact(made.fields, differing=each.differing, if_unedited=made.if_empty) for each in compared]
    assert [needs_look(each) for each in unedited] == [False, True]
    assert not needs_look(contact(write={"source": "once"}))


def test_values_that_are_left_to_the_crm_make_no_contact_another_one() -> None:
    """That a field begins to have a value does, where it may fill an empty one."""
    before = half(contact())
    assert half(contact((1, "a@example.com", "shop", "Basel", "2027", "Bob"))) == before
    assert half(contact((1, "a@example.com", None, "Bern", None, "Ann"))) == before
    assert half(contact((1, "a@example.com", "web", None, "2026", "Ann"))) != before
    assert half(contact((1, "b@example.com", "web", "Bern", "2026", "Ann"))) != before
    unedited = {"city": "if_unedited"}
    assert half(contact((*ROW[:3], "Basel", *ROW[4:]), unedited)) != half(contact(write=unedited))


def test_other_policies_make_every_row_another_one_and_none_change_nothing() -> None:
    """`always` is what a field has without a policy."""
    digests = [compiled(write).digest for write in ({}, {"source": "once"}, {"source": "if_empty"})]
    assert len(set(digests)) == len(digests)
    assert compiled({"source": "always"}).digest == digests[0]
    assert half(contact(write={})) == half(contact(write={"city": "always"}))
    policies = ("always", "once", "if_empty", "if_unedited")
    assert len({half(contact(write={"city": each})) for each in policies}) == len(policies)


def test_a_blank_clears_no_field_that_is_filled_only_if_it_is_empty() -> None:
    """There is nothing to clear where the CRM holds nothing."""
    made = contact((1, "a@example.com", "web", None, None, None), blanks="clear")
    assert ("city" in made.fields, made.if_empty) == (False, frozenset())


def test_the_outbox_keeps_the_policies() -> None:
    """Whoever delivers the contact knows them."""
    for made in (contact(), contact(write={}), contact(write={"city": "if_unedited", "custom.Owner": "if_unedited"})):
        assert decode_contact(encode_contact(made)) == made
