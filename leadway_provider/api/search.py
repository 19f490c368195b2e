"""The call that reads all contacts of an account, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from leadway_provider.api.call import Call
from leadway_provider.api.models import ContactRecord
from leadway_provider.api.v3 import JsonObject
from leadway_provider.contacts.contact import JsonValue

CONTACTS_OF_A_PAGE: Final = 500
"""The most that the search returns at a time (documented)."""


def contacts_behind(
    after: Sequence[JsonValue] | None, limit: int, location_id: str, read: Callable[[JsonObject], ContactRecord]
) -> Call[list[ContactRecord]]:
    """Return the call that reads the contacts behind a place, in the order in which they were added.

    This order does not change while contacts are edited, so that no page repeats or leaves out what was there before.

    Args:
        after: the `searchAfter` of the last contact that was read; None begins with the first contact.
        limit: the most contacts to return.
        location_id: the account.
        read: reads a contact of the answer.
    """
    body: JsonObject = {
        "locationId": location_id,
        "pageLimit": limit,
        "sort": [{"field": "dateAdded", "direction": "asc"}],
    }
    if after is not None:
        body["searchAfter"] = [*after]
    return Call("POST", "/contacts/search", lambda answer: [read(each) for each in answer.json["contacts"]], json=body)
