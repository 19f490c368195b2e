"""Contacts that are merged in the CRM."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.direct_client import DirectClient

ANN: dict[str, Any] = {"email": "ann@example.com", "phone": "+12025550101", "firstName": "Ann", "tags": ["a"]}
BOB: dict[str, Any] = {"email": "bob@example.com", "phone": "+12025550102", "city": "Springfield", "tags": ["b"]}
NOT_FOUND = (400, {"statusCode": 400, "message": "Contact not found"})


def test_the_id_of_the_merged_contact_is_gone(api: DirectClient) -> None:
    """It can't be read, written or deleted, and the other contact keeps its id and its values."""
    ann, bob = api.contact(**ANN), api.contact(**BOB)
    api.service.account.merge(bob["id"], into=ann["id"])
    for method in ("GET", "PUT", "DELETE"):
        assert api.call(method, f"/contacts/{bob['id']}", {}) == NOT_FOUND
    contact = api.call("GET", f"/contacts/{ann['id']}")[1]["contact"]
    assert {name: contact[name] for name in ("email", "phone", "firstName", "city", "tags")} == {
        **ANN,
        "city": "Springfield",
        "tags": ["a", "b"],
    }
    assert api.service.account.was_deleted(bob["id"])


def test_the_identities_of_the_merged_contact_match_the_other_one(api: DirectClient) -> None:
    """They are secondary ones, so that an upsert by such an e-mail makes it the primary one."""
    ann, bob = api.contact(**ANN), api.contact(**BOB)
    api.service.account.merge(bob["id"], into=ann["id"])
    contact = api.call("GET", f"/contacts/{ann['id']}")[1]["contact"]
    assert (contact["additionalEmails"], contact["additionalPhones"]) == ([BOB["email"]], [BOB["phone"]])
    promoted = api.contact(email=BOB["email"])
    assert (promoted["id"], promoted["email"]) == (ann["id"], BOB["email"])
    assert api.upsert(email=ANN["email"])[0] == 201


def test_a_merged_identity_fills_an_empty_one(api: DirectClient) -> None:
    """The phone of the merged contact is the primary one of a contact without a phone."""
    ann = api.contact(email=ANN["email"])
    bob = api.contact(phone=BOB["phone"])
    api.service.account.merge(bob["id"], into=ann["id"])
    contact = api.contact(phone=BOB["phone"])
    assert (contact["id"], contact["phone"]) == (ann["id"], BOB["phone"])
    assert "additionalPhones" not in contact


def test_only_two_existing_contacts_can_be_merged(api: DirectClient) -> None:
    """A merge with itself or with an unknown contact is an error and changes nothing."""
    ann = api.contact(**ANN)
    account = api.service.account
    with pytest.raises(ValueError, match="itself"):
        account.merge(ann["id"], into=ann["id"])
    for contact_id, into in ((ann["id"], "unknown"), ("unknown", ann["id"])):
        with pytest.raises(KeyError):
            account.merge(contact_id, into=into)
    assert api.call("GET", f"/contacts/{ann['id']}")[1]["contact"] == ann
