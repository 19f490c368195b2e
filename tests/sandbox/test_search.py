"""`POST /contacts/search`: pages, filters, orders and the lag."""

from __future__ import annotations

from typing import Any

import pytest

from leadway_provider.sandbox.custom_fields import DEFAULT_CUSTOM_FIELDS
from leadway_provider.sandbox.service import Service, Settings
from tests.sandbox.clock import Clock
from tests.sandbox.direct_client import LOCATION, DirectClient

ID = {field.name: field.id for field in DEFAULT_CUSTOM_FIELDS}
DAY = 86_400.0


def found(api: DirectClient, **choices: object) -> list[str]:
    """Return the first names of the contacts that a search finds, in its order."""
    status, payload = api.search(**choices)
    assert status == 200, payload
    assert payload["total"] >= len(payload["contacts"])
    return [contact["firstName"] for contact in payload["contacts"]]


def matching(api: DirectClient, field: str, kind: str, *value: object) -> list[str]:
    """Return the first names of the contacts that pass one filter."""
    entry = {"field": field, "operator": kind, **({"value": value[0]} if value else {})}
    return found(api, filters=[entry])


@pytest.fixture
def people(api: DirectClient, clock: Clock) -> DirectClient:
    """Return a client of an account with three contacts, added on 2027-01-15, 16 and 17."""
    api.contact(
        email="ann@example.com",
        phone="+12025550101",
        firstName="Ann",
        companyName="Acme",
        city="Springfield",
        tags=["VIP", "old"],
        dnd=True,
        customFields=[
            {"id": ID["Orders"], "field_value": 3},
            {"id": ID["Signup Date"], "field_value": "2024-02-29"},
            {"id": ID["Interests"], "field_value": ["Music", "Sport"]},
            {"id": ID["References"], "field_value": {"first": "Bob"}},
        ],
    )
    clock.advance(DAY)
    api.contact(email="bob@example.org", firstName="Bob", city="Shelbyville", tags=["old"])
    clock.advance(DAY)
    api.contact(
        phone="+12025550103",
        firstName="Eve",
        tags=["vip-new"],
        customFields=[{"id": ID["Orders"], "field_value": 5}],
    )
    return api


def test_the_answer_has_the_documented_shape(people: DirectClient) -> None:
    """A contact has the keys of every answer, those of a search, and the place of the next page."""
    status, payload = people.search(pageLimit=1)
    (contact,) = payload["contacts"]
    ann = people.call("GET", f"/contacts/{contact['id']}")[1]["contact"]
    assert (status, set(payload), payload["total"]) == (200, {"contacts", "total", "traceId"}, 3)
    assert contact == {
        **ann,
        "firstNameLowerCase": "ann",
        "lastNameLowerCase": None,
        "businessName": "Acme",
        "additionalEmails": [],
        "additionalPhones": [],
        "searchAfter": [1_800_000_000_000, contact["id"]],
    }
    assert {"id": ID["Orders"], "value": 3} in contact["customFields"]


def test_pages_are_reached_by_number(people: DirectClient) -> None:
    """The oldest contacts are on the first page, and a page after the last is empty."""
    pages = [found(people, pageLimit=2, page=number) for number in (1, 2, 3)]
    assert pages == [["Ann", "Bob"], ["Eve"], []]


def test_a_page_begins_after_any_contact(people: DirectClient) -> None:
    """The `searchAfter` of any contact can be sent, and after the last contact there is nothing."""
    contacts = people.search()[1]["contacts"]
    after = [found(people, searchAfter=contact["searchAfter"]) for contact in contacts]
    assert after == [["Bob", "Eve"], ["Eve"], []]


def test_writes_between_pages_neither_hide_nor_repeat_a_contact(api: DirectClient, clock: Clock) -> None:
    """An update moves nothing, a deleted contact leaves no gap, and a new one comes last."""
    for number in range(5):
        api.contact(email=f"p{number}@example.com")
    first = api.search(pageLimit=2)[1]["contacts"]
    clock.advance(60.0)
    api.update(first[1]["id"], city="Springfield", firstName="Zoe")
    api.call("DELETE", f"/contacts/{first[0]['id']}")
    api.contact(email="new@example.com")
    read, page = [contact["email"] for contact in first], first
    while page := api.search(pageLimit=2, searchAfter=page[-1]["searchAfter"])[1]["contacts"]:
        read += [contact["email"] for contact in page]
    assert sorted(read[:5]) == [f"p{number}@example.com" for number in range(5)]
    assert read[5:] == ["new@example.com"]


@pytest.mark.parametrize(
    ("field", "kind", "value", "names"),
    [
        ("email", "eq", "ANN@example.com", ["Ann"]),
        ("email", "not_eq", "ann@example.com", ["Bob", "Eve"]),
        ("email", "contains", "example", ["Ann", "Bob"]),
        ("email", "not_contains", "example.com", ["Bob", "Eve"]),
        ("phone", "eq", "+12025550103", ["Eve"]),
        ("tags", "eq", "vip", ["Ann"]),
        ("tags", "contains", "vip", ["Ann", "Eve"]),
        ("tags", "not_contains", "vip", ["Bob"]),
        ("city", "eq", "springfield", ["Ann"]),
        ("businessName", "eq", "acme", ["Ann"]),
        ("dnd", "eq", True, ["Ann"]),
        ("dateAdded", "range", {"gte": "2027-01-16T08:00:00.000Z"}, ["Bob", "Eve"]),
        ("dateAdded", "range", {"gt": "2027-01-16T08:00:00Z"}, ["Eve"]),
        ("dateUpdated", "range", {"lte": "2027-01-16T08:00:00+00:00", "gt": 1_800_000_000_000}, ["Bob"]),
        ("dateAdded", "range", {"lt": "2027-01-17"}, ["Ann", "Bob"]),
        ("dateAdded", "range", {"gte": "2027-01-17T08:00:00"}, ["Eve"]),
        (f"customFields.{ID['Orders']}", "range", {"gt": 3, "lt": 6}, ["Eve"]),
        (f"customFields.{ID['Orders']}", "eq", 3, ["Ann"]),
        (f"customFields.{ID['Signup Date']}", "range", {"lte": "2024-02-29"}, ["Ann"]),
        (f"customFields.{ID['Interests']}", "eq", "sport", ["Ann"]),
    ],
)
def test_a_filter_compares_values(people: DirectClient, field: str, kind: str, value: object, names: list[str]) -> None:
    """Each operator works on the fields of its types."""
    assert matching(people, field, kind, value) == names


@pytest.mark.parametrize(
    ("field", "names"),
    [("email", ["Ann", "Bob"]), ("tags", ["Ann", "Bob", "Eve"]), (f"customFields.{ID['References']}", ["Ann"])],
)
def test_a_filter_finds_contacts_with_a_value(people: DirectClient, field: str, names: list[str]) -> None:
    """`exists` finds the contacts with a value, and `not_exists` the others."""
    assert matching(people, field, "exists") == names
    assert matching(people, field, "not_exists") == [name for name in ("Ann", "Bob", "Eve") if name not in names]


def test_filters_can_be_grouped(people: DirectClient) -> None:
    """A list of filters means AND, and a group with AND or OR may hold groups."""
    old = {"field": "tags", "operator": "eq", "value": "old"}
    springfield = {"field": "city", "operator": "eq", "value": "Springfield"}
    eve = {"field": "firstName", "operator": "eq", "value": "Eve"}
    assert found(people, filters=[old, springfield]) == ["Ann"]
    assert found(people, filters=[{"group": "OR", "filters": [springfield, eve]}]) == ["Ann", "Eve"]
    nested = {"group": "OR", "filters": [eve, {"group": "AND", "filters": [old, springfield]}]}
    assert found(people, filters=[nested]) == ["Ann", "Eve"]
    assert found(people, filters=[]) == ["Ann", "Bob", "Eve"]


def test_a_query_finds_text_in_name_email_phone_and_company(people: DirectClient) -> None:
    """The query may be in upper or lower case, and a blank one finds every contact."""
    assert found(people, query="EXAMPLE.org") == ["Bob"]
    assert found(people, query="0103") == ["Eve"]
    assert found(people, query="acme", filters=[{"field": "city", "operator": "exists"}]) == ["Ann"]
    assert found(people, query=" ") == ["Ann", "Bob", "Eve"]


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ([("dateAdded", "desc")], ["Eve", "Bob", "Ann"]),
        ([("city", "asc")], ["Bob", "Ann", "Eve"]),
        ([("city", "desc")], ["Ann", "Bob", "Eve"]),
        ([("dnd", "asc"), ("firstNameLowerCase", "desc")], ["Ann", "Eve", "Bob"]),
        ([], ["Ann", "Bob", "Eve"]),
    ],
)
def test_contacts_can_be_sorted(people: DirectClient, sort: list[tuple[str, str]], names: list[str]) -> None:
    """The order holds across pages, and a contact without a value comes last in both directions."""
    order = [{"field": field, "direction": direction} for field, direction in sort]
    assert found(people, sort=order) == names
    read: list[str] = []
    choices: dict[str, Any] = {}
    while page := people.search(pageLimit=1, sort=order, **choices)[1]["contacts"]:
        read.append(page[0]["firstName"])
        choices = {"searchAfter": page[0]["searchAfter"]}
    assert read == names


OPERATORS = ("eq", "not_eq", "contains", "not_contains", "exists", "not_exists", "range")
EQ = {"field": "email", "operator": "eq", "value": "x"}


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        ({"pageLimit": 501}, "pageLimit must not be greater than 500"),
        ({"pageLimit": 0}, "pageLimit must be an integer of at least 1"),
        ({"pageLimit": "100"}, "pageLimit must be an integer of at least 1"),
        ({"page": True}, "page must be an integer of at least 1"),
        ({"page": 101}, "page reaches 10000 contacts; use searchAfter"),
        ({"page": 1, "searchAfter": [1, "x"]}, "page and searchAfter must not be sent together"),
        ({"searchAfter": "x"}, "searchAfter must be the searchAfter of a contact that was found in the same order"),
        ({"searchAfter": [1]}, "searchAfter must be the searchAfter of a contact that was found in the same order"),
        ({"searchAfter": ["2027-01-15", "x"]}, "searchAfter does not fit the field dateAdded"),
        ({"limit": 1}, "property limit should not exist"),
        ({"query": 1}, "query must be a string"),
        ({"sort": "dateAdded"}, "sort must be an array"),
        ({"sort": [{"field": "dateAdded"}]}, "sort.0 must be an object with field and direction"),
        (
            {"sort": [{"field": "tags", "direction": "asc"}]},
            "sort.0.field must be a field by which contacts can be sorted",
        ),
        (
            {"sort": [{"field": "email", "direction": "up"}]},
            "sort.0.direction must be one of the following values: asc, desc",
        ),
        ({"filters": {}}, "filters must be an array"),
        ({"filters": [1]}, "filters.0 must be an object"),
        ({"filters": [EQ | {"field": "shoeSize"}]}, "filters.0.field must be a field of contacts"),
        ({"filters": [EQ | {"field": "customFields.x"}]}, "filters.0.field must be a field of contacts"),
        (
            {"filters": [EQ | {"operator": "like"}]},
            f"filters.0.operator must be one of the following values: {', '.join(OPERATORS)}",
        ),
        ({"filters": [EQ | {"value": 1}]}, "filters.0.value does not fit the field email"),
        ({"filters": [EQ | {"operator": "exists"}]}, "filters.0.value should not exist for the operator exists"),
        ({"filters": [EQ | {"operator": "range"}]}, "filters.0.operator range is for numbers and times"),
        (
            {"filters": [{"field": "dateAdded", "operator": "range", "value": {"from": 1}}]},
            "filters.0.value must be an object with gte, lte, gt or lt",
        ),
        (
            {"filters": [{"field": "dateAdded", "operator": "range", "value": {"gt": "soon"}}]},
            "filters.0.value does not fit the field dateAdded",
        ),
        (
            {"filters": [{"field": "dnd", "operator": "not_contains", "value": True}]},
            "filters.0.operator not_contains is for text",
        ),
        ({"filters": [EQ | {"more": 1}]}, "filters.0.property more should not exist"),
        (
            {"filters": [{"group": "XOR", "filters": [EQ]}]},
            "filters.0.group must be one of the following values: AND, OR",
        ),
        ({"filters": [{"group": "OR", "filters": []}]}, "filters.0.filters should not be empty"),
        (
            {"filters": [{"group": "OR", "filters": [EQ, EQ | {"value": None}]}]},
            "filters.0.filters.1.value does not fit the field email",
        ),
    ],
)
def test_an_undocumented_search_is_422(api: DirectClient, choices: dict[str, Any], reason: str) -> None:
    """The message names the place and the reason."""
    expected = {"statusCode": 422, "message": [reason], "error": "Unprocessable Entity"}
    assert api.search(**choices) == (422, expected)


def test_page_limit_is_required_and_page_reaches_ten_thousand(api: DirectClient) -> None:
    """`page` reaches exactly 10,000 contacts."""
    assert api.call("POST", "/contacts/search", {"locationId": LOCATION})[0] == 422
    assert api.search(pageLimit=500, page=20)[0] == 200
    assert api.search(pageLimit=500, page=21)[0] == 422


def test_another_location_is_403(api: DirectClient) -> None:
    """A token is valid for its own location only."""
    assert api.call("POST", "/contacts/search", {"locationId": "other", "pageLimit": 1})[0] == 403


def test_search_lags_behind_every_kind_of_write(clock: Clock) -> None:
    """Until the lag is over, a search finds the contacts as they were before."""
    api = DirectClient(Service(Settings(search_lag=30.0), clock=clock, wall=clock))
    ann = api.contact(email="ann@example.com", firstName="Ann", tags=["a"])
    bob = api.contact(email="bob@example.com", firstName="Bob")
    eve = api.contact(email="eve@example.com", firstName="Eve")
    clock.advance(29.0)
    assert found(api) == []
    clock.advance(1.0)
    before = found(api)
    assert sorted(before) == ["Ann", "Bob", "Eve"]

    api.update(ann["id"], firstName="Anna", email="anna@example.com")
    api.call("POST", f"/contacts/{ann['id']}/tags", {"tags": ["b"]})
    api.call("DELETE", f"/contacts/{bob['id']}")
    api.contact(email="eve@example.com", firstName="Eva")
    api.service.account.merge(eve["id"], into=ann["id"])
    api.contact(email="new@example.com", firstName="New")
    clock.advance(29.0)
    assert found(api) == before
    assert matching(api, "email", "eq", "ann@example.com") == ["Ann"]
    assert matching(api, "tags", "eq", "b") == []
    clock.advance(1.0)
    assert found(api) == ["Anna", "New"]
    assert matching(api, "tags", "eq", "b") == ["Anna"]
