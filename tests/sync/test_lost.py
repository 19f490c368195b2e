"""A lost answer to a call that creates without looking."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.exceptions import LeadwayError, QuotaExhaustedError, StoppedError, UnavailableError
from leadway_provider.sync.deliver import deliver
from leadway_provider.sync.lost import LOOKS_AFTER
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.ports import PlannedRow
from tests.sync.memory import Echo, Found, MemoryAccount, MemoryStore
from tests.sync.test_deliver import outbox, outcomes

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANN = Contact({"email": "ann@example.com", "createNewIfDuplicateAllowed": True})
OURS = Found("made", {"email": "ann@example.com", "dateAdded": "2026-11-22T12:00:01.000Z"})
OLDER = Found("older", {"email": "ann@example.com", "dateAdded": "2026-11-20T12:00:00.000Z"})


@dataclass
class Losing(MemoryAccount):
    """An account that is lost on the way for the first calls."""

    lost: int = 1
    failure: LeadwayError = field(
        default_factory=lambda: UnavailableError("lost", call="POST /contacts/upsert", maybe_received=True)
    )
    calls: int = 0

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> Echo:
        self.calls += 1
        if self.calls <= self.lost:
            raise self.failure
        return await super().upsert_contact(fields)


def after(account: MemoryAccount, contact: Contact = ANN) -> tuple[MemoryStore, list[float]]:
    """The store after delivering one contact, and the seconds that were waited."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    store = outbox([contact])
    asyncio.run(deliver(store, account, max_in_flight=2, batch_size=3, now=lambda: NOW, sleep=sleep))
    return store, waits


def again(store: MemoryStore, account: MemoryAccount, fingerprint: bytes = b"fingerprint") -> None:
    """The sync's next run, for which the row is as it was unless the fingerprint says otherwise."""

    async def sleep(_: float) -> None:
        """Take no time."""

    store.start()
    store.write([PlannedRow("0", fingerprint, ANN)], [])
    store.seal(Counts(read=1, pending=1))
    asyncio.run(deliver(store, account, max_in_flight=2, batch_size=3, now=lambda: NOW, sleep=sleep))


def test_a_contact_that_is_found_is_acknowledged() -> None:
    """The look-up finds what the lost call made: it is created, with its id, and not sent again."""
    account = Losing(found={"ann@example.com": OURS})
    store, _ = after(account)
    assert store.counts == Counts(read=1, created=1)
    assert outcomes(store)["0"].contact_id == "made"
    assert account.calls == 1


def test_the_search_is_given_time_to_catch_up() -> None:
    """Search lags behind writes, so a contact that is found after a minute is found."""
    account = Losing(found={"ann@example.com": OURS}, search_misses=3)
    store, waits = after(account)
    assert store.counts.created == 1
    assert waits == list(LOOKS_AFTER)
    assert account.calls == 1


def test_a_contact_that_is_not_found_after_the_lag_is_sent_once_more() -> None:
    """A minute later it certainly was not made."""
    account = Losing()
    store, waits = after(account)
    assert store.counts.created == 1
    assert sum(waits) >= 60
    assert account.calls == 2


@pytest.mark.parametrize("added_at", ["2026-11-20T12:00:00.000Z", "2026-11-20T12:00:00", None, "yesterday"])
def test_an_older_contact_leaves_it_unknown(added_at: str | None) -> None:
    """With duplicates allowed, an older contact hides whether a new one was made: it is not resent, and said so."""
    wire: dict[str, JsonValue] = {"email": "ann@example.com", "dateAdded": added_at}
    account = Losing(found={"ann@example.com": Found("older", wire)})
    store, _ = after(account)
    assert store.counts == Counts(read=1, unknown=1)
    reason = outcomes(store)["0"].reasons[0]
    assert reason.code == "answer_lost"
    assert "older" in reason.message
    assert account.calls == 1


@pytest.mark.parametrize(
    ("shown", "counts"),
    [
        ({"firstName": "Anna"}, Counts(read=1, unknown=1)),
        ({"firstName": "ann"}, Counts(read=1, created=1)),
        ({}, Counts(read=1, created=1)),
    ],
)
def test_a_contact_that_holds_other_values_leaves_it_unknown(shown: Mapping[str, JsonValue], counts: Counts) -> None:
    """A clock that is behind makes an older contact seem new: it is not taken for ours. A search may show less."""
    contact = Contact({**ANN.fields, "firstName": "Ann"})
    store, _ = after(Losing(found={"ann@example.com": Found("found", {**OURS.wire, **shown})}), contact)
    assert store.counts == counts


def test_two_lost_answers_leave_it_unknown() -> None:
    """It is resent once, not over and over."""
    account = Losing(lost=2)
    store, _ = after(account)
    assert store.counts == Counts(read=1, unknown=1)
    assert account.calls == 2


def test_the_next_run_looks_for_what_this_one_could_not_tell() -> None:
    """An unknown row that is as it was is never sent blindly: once the older contact is gone, ours is found."""
    account = Losing(found={"ann@example.com": OLDER})
    store, _ = after(account)
    again(store, account)
    assert store.counts == Counts(read=1, unknown=1)
    account.found["ann@example.com"] = OURS
    again(store, account)
    assert store.counts == Counts(read=1, created=1)
    assert outcomes(store)["0"].contact_id == "made"
    assert account.calls == 1


def test_an_unknown_row_that_changed_is_sent() -> None:
    """It asks for another contact than the lost call did."""
    account = Losing(found={"ann@example.com": OLDER})
    store, _ = after(account)
    again(store, account, b"changed")
    assert store.counts == Counts(read=1, created=1)
    assert account.calls == 2


@pytest.mark.parametrize(
    "failure",
    [
        QuotaExhaustedError("none left", call="POST /contacts/upsert", returns_in=60.0),
        StoppedError("told to stop"),
        UnavailableError("refused to connect", call="POST /contacts/upsert", maybe_received=False),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_call_that_certainly_did_not_arrive_is_made_again(failure: LeadwayError) -> None:
    """Nothing has to be looked up, so an older contact of the same e-mail doesn't make the row unknown."""
    account = Losing(found={"ann@example.com": OLDER}, failure=failure)
    store = outbox([ANN])
    with pytest.raises(type(failure)):
        asyncio.run(deliver(store, account, max_in_flight=2, batch_size=3, now=lambda: NOW))
    asyncio.run(deliver(store, account, max_in_flight=2, batch_size=3, now=lambda: NOW))
    assert store.counts == Counts(read=1, created=1)
    assert account.looks == 0


def test_an_ordinary_upsert_stays_pending() -> None:
    """A keyed upsert needs no look-up: it is left for the next attempt, which sends it again."""
    account = Losing(found={"ann@example.com": OURS})
    with pytest.raises(UnavailableError):
        after(account, Contact({"email": "ann@example.com"}))
    assert account.looks == 0
