"""Tags, the duplicate search, locations and users."""

from __future__ import annotations

import pytest

from leadway_provider.sandbox.request import JsonAnswer
from leadway_provider.sandbox.service import Service, Settings
from tests.sandbox.clock import Clock
from tests.sandbox.direct_client import LOCATION, DirectClient

BULK = "/contacts/bulk/tags/update"


def test_tags_are_added_and_removed(api: DirectClient) -> None:
    """The other tags stay, and each answer holds all tags of the contact."""
    path = f"/contacts/{api.contact(email='ann@example.com', tags=['a'])['id']}/tags"
    assert api.call("POST", path, {"tags": ["B", "a"]}) == (201, {"tags": ["a", "b"]})
    assert api.call("DELETE", path, {"tags": ["A", "missing"]}) == (200, {"tags": ["b"]})


@pytest.mark.parametrize("body", [{}, {"tags": "a"}, {"tags": [1]}, {"tags": ["a"], "more": 1}])
def test_bad_tags_are_422(api: DirectClient, body: object) -> None:
    """The body must be a list of strings under `tags`, and nothing else."""
    path = f"/contacts/{api.contact(email='ann@example.com')['id']}/tags"
    assert api.call("POST", path, body)[0] == 422
    assert api.call("DELETE", path, body)[0] == 422


def test_tags_of_a_missing_contact_are_400(api: DirectClient) -> None:
    """Tags can't be added to a contact that doesn't exist."""
    assert api.call("POST", "/contacts/gone/tags", {"tags": ["a"]})[1]["message"] == "Contact not found"


def test_bulk_tags_answer_for_each_contact(api: DirectClient) -> None:
    """Each id of the call has its own response, whether it is of a contact, deleted or unknown."""
    ann = api.contact(email="ann@example.com", tags=["a"])["id"]
    bob = api.contact(email="bob@example.com")["id"]
    api.call("DELETE", f"/contacts/{bob}")
    status, payload = api.call(
        "POST", f"{BULK}/add", {"contacts": [ann, bob, "?"], "tags": ["A", "B"], "locationId": LOCATION}
    )
    assert (status, payload["succeded"], payload["errorCount"]) == (201, False, 2)
    good, deleted, unknown = payload["responses"]
    assert good["contactId"] == ann
    assert (good["type"], *map(list, (good["oldTags"], good["tagsAdded"], good["tagsRemoved"]))) == (
        "success",
        ["a"],
        ["b"],
        [],
    )
    assert deleted == {"contactId": bob, "type": "error", "message": "contact is deleted"}
    assert unknown["message"] == "contact id is not a valid firebase id"


def test_bulk_tags_can_be_removed_one_by_one_or_all(api: DirectClient) -> None:
    """`removeAllTags` is accepted only when tags are removed."""
    ann = api.contact(email="ann@example.com", tags=["a", "b", "c"])["id"]
    body = {"contacts": [ann], "tags": ["b"], "locationId": LOCATION}
    assert api.call("POST", f"{BULK}/remove", body)[1]["succeded"] is True
    assert api.service.account.contacts[0].tags == ["a", "c"]
    assert api.call("POST", f"{BULK}/add", body | {"removeAllTags": True})[0] == 422
    api.call("POST", f"{BULK}/remove", body | {"removeAllTags": True})
    assert api.service.account.contacts[0].tags == []


def test_version_v3_has_both_spellings_of_succeeded(api: DirectClient) -> None:
    """Deletions and bulk changes of tags answer with both spellings, as published."""
    ann = api.contact(email="ann@example.com")["id"]
    api.version = "v3"
    body = {"contacts": [ann, "?"], "tags": ["a"], "locationId": LOCATION}
    _, payload = api.call("POST", f"{BULK}/add", body)
    assert (payload["succeeded"], payload["succeded"]) == (False, False)
    assert api.call("DELETE", f"/contacts/{ann}") == (200, {"succeeded": True, "succeded": True})


def find(api: DirectClient, **query: str) -> JsonAnswer:
    """Call the duplicate search."""
    return api.call("GET", "/contacts/search/duplicate", query={"locationId": LOCATION, **query})


def test_a_duplicate_is_found_by_email_or_phone(api: DirectClient) -> None:
    """The answer is null if there is no such contact, and 400 if neither e-mail nor phone is sent."""
    ann = api.contact(email="ann@example.com", phone="+12025550101")
    assert find(api, email="ANN@example.com") == (200, {"contact": ann})
    assert find(api, number="+12025550101") == (200, {"contact": ann})
    assert find(api, email="bob@example.com") == (200, {"contact": None})
    assert find(api)[0] == 400


def test_the_duplicate_search_lags_behind_writes(clock: Clock) -> None:
    """A contact is found by its new e-mail only after the lag, while its id works at once."""
    api = DirectClient(Service(Settings(search_lag=30.0), clock=clock, wall=clock))
    ann = api.contact(email="ann@example.com", phone="+12025550101")
    clock.advance(29.0)
    assert find(api, email="ann@example.com")[1] == {"contact": None}
    assert api.call("GET", f"/contacts/{ann['id']}")[0] == 200
    clock.advance(1.0)
    assert find(api, email="ann@example.com")[1]["contact"]["id"] == ann["id"]
    api.contact(phone="+12025550101", city="Springfield")
    assert find(api, email="ann@example.com")[1]["contact"]["city"] == "Springfield"


def test_the_location_shows_whether_it_allows_duplicates() -> None:
    """The answer holds the account's setting."""
    status, payload = DirectClient(Service(Settings(allow_duplicates=True))).call("GET", f"/locations/{LOCATION}")
    assert status == 200
    assert payload["location"]["id"] == LOCATION
    assert payload["location"]["settings"]["allowDuplicateContact"] is True


def test_users_are_listed_with_their_emails(api: DirectClient) -> None:
    """Each user has an id and an e-mail."""
    _, payload = api.call("GET", "/users/", query={"locationId": LOCATION})
    assert {user["email"] for user in payload["users"]} == {
        "ada.lovell@example.com",
        "ben.okafor@example.com",
        "carla.diaz@example.com",
    }
    assert len({user["id"] for user in payload["users"]}) == 3
