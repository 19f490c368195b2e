"""`POST /contacts/search`: the request, the order of the contacts, and the pages."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from leadway_provider.sandbox.contact import SandboxContact
from leadway_provider.sandbox.custom_fields import SandboxCustomField
from leadway_provider.sandbox.filters import Predicate, read_filters
from leadway_provider.sandbox.request import unprocessable
from leadway_provider.sandbox.search_fields import Comparable, SearchField, search_field

PAGE_LIMIT = 500
"""The most contacts on one page (documented)."""
PAGES_REACH = 10_000
"""The number of contacts that `page` reaches (documented); `searchAfter` reaches all."""

Cursor = Sequence[Comparable | None]
"""The values by which a contact is sorted, and then its id."""

_PROPERTIES = ("locationId", "pageLimit", "page", "searchAfter", "filters", "sort", "query")
_QUERY_FIELDS = ("name", "email", "phone", "companyName")


class SortOrder:
    """An order of contacts: by some fields, and by the id where these are equal.

    A contact without a value comes after those with one, in both directions.

    Args:
        entries: each field with True for ascending; the first field is the most significant.
    """

    def __init__(self, entries: Sequence[tuple[SearchField, bool]]) -> None:
        self._entries = tuple(entries)
        self.key = cmp_to_key(self._compare)

    @property
    def is_by_age(self) -> bool:
        """Whether it is the order by `dateAdded` and id, in which the account returns its contacts."""
        return [(field.name, ascending) for field, ascending in self._entries] == [("dateAdded", True)]

    def cursor(self, contact: SandboxContact) -> Cursor:
        """Return the place of a contact in this order, which the contact's `searchAfter` holds."""
        return [*(field.value(contact) for field, _ in self._entries), contact.id]

    def read_cursor(self, value: object) -> Cursor:
        """Return the `searchAfter` of a request.

        Raises:
            RefusalError: it is not the `searchAfter` of a contact in this order.
        """
        fields = [field for field, _ in self._entries]
        if not isinstance(value, list) or len(value) != len(fields) + 1 or not isinstance(value[-1], str):
            raise unprocessable("searchAfter must be the searchAfter of a contact that was found in the same order")
        for field, item in zip(fields, value, strict=False):
            if item is not None and field.comparable(item) != item:
                raise unprocessable(f"searchAfter does not fit the field {field.name}")
        return value

    def _compare(self, first: Cursor, second: Cursor) -> int:
        directions = [*(ascending for _, ascending in self._entries), True]
        for one, other, ascending in zip(first, second, directions, strict=True):
            if one == other:
                continue
            if one is None or other is None:
                return 1 if one is None else -1
            return -1 if (one < other) is ascending else 1  # type: ignore[operator]  # both are of the field's type
        return 0


@dataclass(frozen=True, slots=True)
class Search:
    """A valid search.

    Attributes:
        page_limit: the most contacts of the page.
        page: the number of the page, from 1 on; 1 if `after` is given.
        after: the place after which the page begins; None for a page by its number.
        order: the order of the contacts.
        passes: returns True for a contact that is found; None if every contact is.
    """

    page_limit: int
    page: int
    after: Cursor | None
    order: SortOrder
    passes: Predicate | None

    def run(self, contacts: Sequence[SandboxContact]) -> tuple[int, Sequence[SandboxContact]]:
        """Return the number of contacts found, and those of the page. `contacts` are ordered by `dateAdded` and id."""
        order = self.order
        found = contacts if self.passes is None else [contact for contact in contacts if self.passes(contact)]
        if not order.is_by_age:
            found = sorted(found, key=lambda contact: order.key(order.cursor(contact)))
        start = (self.page - 1) * self.page_limit
        if self.after is not None:
            place = order.key(self.after)
            start = bisect_right(found, place, key=lambda contact: order.key(order.cursor(contact)))
        return len(found), found[start : start + self.page_limit]


def read_search(body: Mapping[str, Any], custom_fields: Mapping[str, SandboxCustomField]) -> Search:
    """Return the search of a request's body. `custom_fields` are those of the account, by id.

    Raises:
        RefusalError: the body is not as documented; 422.
    """
    if unknown := [name for name in body if name not in _PROPERTIES]:
        raise unprocessable(*(f"property {name} should not exist" for name in unknown))
    limit, page = _integer(body, "pageLimit"), 1
    if limit > PAGE_LIMIT:
        raise unprocessable(f"pageLimit must not be greater than {PAGE_LIMIT}")
    order = _read_order(body.get("sort", []))
    after = order.read_cursor(body["searchAfter"]) if "searchAfter" in body else None
    if "page" in body:
        page = _integer(body, "page")
        if after is not None:
            raise unprocessable("page and searchAfter must not be sent together")
        if page * limit > PAGES_REACH:
            raise unprocessable(f"page reaches {PAGES_REACH} contacts; use searchAfter")
    return Search(limit, page, after, order, _read_tests(body, custom_fields))


def found_json(contact: SandboxContact, location_id: str, order: SortOrder) -> dict[str, Any]:
    """Return a contact as a search returns it: with some more keys, which are null or empty without a value."""
    payload = contact.as_json(location_id)
    return {
        **payload,
        "firstNameLowerCase": payload.get("firstNameLowerCase"),
        "lastNameLowerCase": payload.get("lastNameLowerCase"),
        "businessName": payload.get("companyName"),
        "additionalEmails": payload.get("additionalEmails", []),
        "additionalPhones": payload.get("additionalPhones", []),
        "searchAfter": order.cursor(contact),
    }


def _integer(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise unprocessable(f"{name} must be an integer of at least 1")
    return value


def _read_order(sort: object) -> SortOrder:
    if not isinstance(sort, list):
        raise unprocessable("sort must be an array")
    entries = []
    for position, entry in enumerate(sort or [{"field": "dateAdded", "direction": "asc"}]):
        if not isinstance(entry, dict) or entry.keys() != {"field", "direction"}:
            raise unprocessable(f"sort.{position} must be an object with field and direction")
        field = search_field(entry["field"], {}) if isinstance(entry["field"], str) else None
        if field is None or not field.sortable:
            raise unprocessable(f"sort.{position}.field must be a field by which contacts can be sorted")
        if entry["direction"] not in ("asc", "desc"):
            raise unprocessable(f"sort.{position}.direction must be one of the following values: asc, desc")
        entries.append((field, entry["direction"] == "asc"))
    return SortOrder(entries)


def _read_tests(body: Mapping[str, Any], custom_fields: Mapping[str, SandboxCustomField]) -> Predicate | None:
    tests = [read_filters(body["filters"], custom_fields)] if body.get("filters", []) != [] else []
    if "query" in body:
        if not isinstance(body["query"], str):
            raise unprocessable("query must be a string")
        if text := body["query"].strip().lower():
            tests.append(_query_test(text))
    return (lambda contact: all(test(contact) for test in tests)) if tests else None


def _query_test(text: str) -> Predicate:
    fields = [field for name in _QUERY_FIELDS if (field := search_field(name, {}))]
    return lambda contact: any(text in value for field in fields for value in field.values(contact))
