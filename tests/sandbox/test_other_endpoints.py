"""Tags, search, location and users."""

from __future__ import annotations

import pytest

from leadway_provider.sandbox.service import Service, Settings
from tests.sandbox.clock import Clock
from tests.sandbox.office import LOCATION, Answer, Office

BULK = "/contacts/bulk/tags/update"


def test_tags_are_added_beside_those_there_and_removed_alone(office: Office) -> None:
    """Both answers hold all tags that the contact has then."""
    path = f"/contacts/{office.contact(email='ann@example.com', tags=['a'])['id']}/tags"
    assert office.call("POST", path, {"tags": ["B", "a"]}) == (201, {"tags": ["a", "b"]})
    assert office.call("DELETE", path, {"tags": ["A", "missing"]}) == (200, {"tags": ["b"]})


@pytest.mark.parametrize("body", [{}, {"tags": "a"}, {"tags": [1]}, {"tags": ["a"], "more": 1}])
def test_bad_tags_are_422(office: Office, body: object) -> None:
    """As the description says: a list of strings and nothing else."""
    path = f"/contacts/{office.contact(email='ann@example.com')['id']}/tags"
    assert office.call("POST", path, body)[0] == 422
    assert office.call("DELETE", path, body)[0] == 422


def test_tags_of_a_missing_contact_are_400(office: Office) -> None:
    """A stored id can die."""
    assert office.call("POST", "/contacts/gone/tags", {"tags": ["a"]})[1]["message"] == "Contact not found"


def test_bulk_tags_answer_for_each_contact(office: Office) -> None:
    """Good and bad ids in one call: each has its own response."""
    ann = office.contact(email="ann@example.com", tags=["a"])["id"]
    bob = office.contact(email="bob@example.com")["id"]
    office.call("DELETE", f"/contacts/{bob}")
    status, payload = office.call(
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


def test_bulk_tags_can_be_removed_one_by_one_or_all(office: Office) -> None:
    """`removeAllTags` is known to the removal only."""
    ann = office.contact(email="ann@example.com", tags=["a", "b", "c"])["id"]
    body = {"contacts": [ann], "tags": ["b"], "locationId": LOCATION}
    assert office.call("POST", f"{BULK}/remove", body)[1]["succeded"] is True
    assert office.service.account.contacts[0].tags == ["a", "c"]
    assert office.call("POST", f"{BULK}/add", body | {"removeAllTags": True})[0] == 422
    office.call("POST", f"{BULK}/remove", body | {"removeAllTags": True})
    assert office.service.account.contacts[0].tags == []


def find(office: Office, **query: str) -> Answer:
    """Search for a duplicate."""
    return office.call("GET", "/contacts/search/duplicate", query={"locationId": LOCATION, **query})


def test_a_duplicate_is_found_by_email_or_phone(office: Office) -> None:
    """Null where there is none; 400 where nothing is asked for."""
    ann = office.contact(email="ann@example.com", phone="+12025550101")
    assert find(office, email="ANN@example.com") == (200, {"contact": ann})
    assert find(office, number="+12025550101") == (200, {"contact": ann})
    assert find(office, email="bob@example.com") == (200, {"contact": None})
    assert find(office)[0] == 400


def test_search_lags_behind_writes(clock: Clock) -> None:
    """A contact is found by its new e-mail only after the lag, while its id works at once."""
    office = Office(Service(Settings(search_lag=30.0), clock=clock, wall=clock))
    ann = office.contact(email="ann@example.com", phone="+12025550101")
    clock.advance(29.0)
    assert find(office, email="ann@example.com")[1] == {"contact": None}
    assert office.call("GET", f"/contacts/{ann['id']}")[0] == 200
    clock.advance(1.0)
    assert find(office, email="ann@example.com")[1]["contact"]["id"] == ann["id"]
    office.contact(phone="+12025550101", city="Springfield")
    assert find(office, email="ann@example.com")[1]["contact"]["city"] == "Springfield"


def test_the_location_tells_whether_it_allows_duplicates() -> None:
    """The one setting that the provider reads."""
    status, payload = Office(Service(Settings(allow_duplicates=True))).call("GET", f"/locations/{LOCATION}")
    assert status == 200
    assert payload["location"]["id"] == LOCATION
    assert payload["location"]["settings"]["allowDuplicateContact"] is True


def test_users_are_listed_with_their_emails(office: Office) -> None:
    """Enough to look up whom a contact is assigned to."""
    _, payload = office.call("GET", "/users/", query={"locationId": LOCATION})
    assert {user["email"] for user in payload["users"]} == {
        "ada.lovell@example.com",
        "ben.okafor@example.com",
        "carla.diaz@example.com",
    }
    assert len({user["id"] for user in payload["users"]}) == 3
