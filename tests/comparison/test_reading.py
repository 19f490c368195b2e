"""How an account is read: to its end, in pages, and while people change it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import pytest

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.mapping import compile_mapping
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.exceptions import UnavailableError
from leadway_provider.sync.identities import UNKEYED
from leadway_provider.sync.snapshot import AccountReading, ContactDigester
from leadway_provider.testing import MemoryAccount, MemoryState
from leadway_provider.testing.answers import MemoryContact
from leadway_provider.testing.sync import sync_rows
from tests.comparison.hands import HandAccount, Hands

DIGESTER = ContactDigester(ContactForm.of(compile_mapping(["id", "email"], key=["id"]), ()), UNKEYED)


@dataclass
class LimitedAccount(MemoryAccount):
    """An account whose answers can't be read where they have too many contacts, or at some call.

    Attributes:
        readable: the most contacts of an answer that can be read.
        fails_at: the call that does not arrive; none where it is 0.
        sizes: how many contacts were asked for.
    """

    readable: int = 1_000
    fails_at: int = 0
    sizes: list[int] = field(default_factory=list)

    async def search_contacts(self, after: Sequence[JsonValue] | None = None, limit: int = 500) -> list[MemoryContact]:
        self.sizes.append(limit)
        if len(self.sizes) == self.fails_at:
            raise UnavailableError("away", call="POST /contacts/search", maybe_received=False)
        if limit > self.readable:
            raise UnavailableError("too large", call="POST /contacts/search", maybe_received=True, status=200)
        return await super().search_contacts(after, limit)


class PlacelessAccount(HandAccount):
    """An account whose contacts do not say where the next page begins."""

    async def search_contacts(self, after: Sequence[JsonValue] | None = None, limit: int = 500) -> list[MemoryContact]:
        found = await super().search_contacts(after, limit)
        return [MemoryContact(each.id, {**each.fields, "searchAfter": None}) for each in found]


def filled(account: MemoryAccount, contacts: int) -> AccountReading:
    """Add so many contacts to an account, and return what reads it."""
    for number in range(contacts):
        account.add_contact(email=f"p{number}@example.com")
    return AccountReading(MemoryState().begin().snapshot, DIGESTER)


def test_answers_that_are_too_large_are_asked_for_in_smaller_pages() -> None:
    """Contacts may have very many fields; the pages stay as small as they had to be."""
    account = LimitedAccount(readable=130)
    reading = filled(account, 300)
    asyncio.run(reading.read(account))
    assert (reading.ended, reading.contacts) == (True, 300)
    assert account.sizes == [500, 250, 125, 125, 125, 125]


def test_an_answer_that_can_never_be_read_is_an_error() -> None:
    """A page of a few contacts is not too large."""
    account = LimitedAccount(readable=0)
    reading = filled(account, 300)
    with pytest.raises(UnavailableError, match="too large"):
        asyncio.run(reading.read(account))
    assert not reading.ended


def test_an_interrupted_reading_goes_on_where_it_was() -> None:
    """What was stored counts, and no contact is read twice."""
    account = LimitedAccount(page_size=100, fails_at=3)
    reading = filled(account, 250)
    with pytest.raises(UnavailableError, match="away"):
        asyncio.run(reading.read(account))
    assert (reading.ended, reading.contacts) == (False, 200)
    asyncio.run(reading.read(account))
    assert (reading.ended, reading.contacts) == (True, 250)


@pytest.mark.parametrize("seed", range(40))
def test_contacts_that_change_while_they_are_read_are_not_missing(seed: int) -> None:
    """People edit and add contacts between the pages of the search: no row is created again."""
    hands = Hands(Random(seed))  # noqa: S311 - no secret is drawn
    hands.run(compare=False)
    contacts = list(hands.account.contacts)

    def change() -> None:
        hands.edit(hands.random.choice(contacts))
        if len(hands.account.contacts) < 30:  # else the end of the account would never be reached
            hands.create()

    hands.account.after_page = change
    counts = hands.run(compare=True)
    assert (counts["missing"], counts["created"]) == (0, 0)


def test_a_search_that_shows_no_place_is_an_error() -> None:
    """Without the place where the next page begins, the account is not read to its end: nothing is concluded."""
    account = PlacelessAccount()
    account.add_contact(email="ann@example.com")
    state = MemoryState()
    with pytest.raises(UnavailableError, match="can't be read to its end"):
        sync_rows([{"id": 1, "email": "ann@example.com"}], key="id", account=account, state=state, compare="account")
    assert account.writes == 0
    assert not state.rows
