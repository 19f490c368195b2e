"""The second phase, over a state store and an account in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.exceptions import (
    AuthenticationError,
    LeadwayError,
    RefusedError,
    StateUnavailableError,
    UnavailableError,
)
from leadway_provider.sync.deliver import deliver
from leadway_provider.sync.lane import lanes
from leadway_provider.sync.outcome import Counts, Outcome
from leadway_provider.sync.ports import Delivery, PlannedRow
from tests.sync.memory import Echo, MemoryAccount, MemoryStore

UPSERT = "POST /contacts/upsert"
REFUSED = RefusedError("refused", call=UPSERT, status=422, reasons=("email must be an email",), trace_id="t")
UNREACHABLE = UnavailableError("no answer", call=UPSERT, maybe_received=False)
LOST = UnavailableError("the answer was lost", call=UPSERT, maybe_received=True)


def outbox(contacts: Sequence[Contact]) -> MemoryStore:
    """A sealed run with these contacts, whose keys are 0, 1, 2 and so on."""
    store = MemoryStore()
    store.start()
    store.write(
        [PlannedRow(str(index), b"fingerprint", contact, lanes(contact)) for index, contact in enumerate(contacts)], []
    )
    store.seal(Counts(read=len(contacts), pending=len(contacts)))
    return store


def people(*names: str) -> list[Contact]:
    """A contact for each name."""
    return [Contact({"email": f"{name}@example.com"}) for name in names]


def delivered(store: MemoryStore, account: MemoryAccount, max_in_flight: int = 4) -> Counts:
    """The counts after a delivery."""
    asyncio.run(deliver(store, account, max_in_flight=max_in_flight, batch_size=3))
    store.counts.verify()
    return store.counts


def outcomes(store: MemoryStore) -> dict[str, Delivery]:
    """What was acknowledged, by source key."""
    return {delivery.row.source_key: delivery for commit in store.commits for delivery in commit}


def test_every_row_is_sent_once_and_acknowledged() -> None:
    """The outbox ends empty, and each row with what the CRM said."""
    store, account = outbox(people("a", "b", "c", "d", "e", "f", "g")), MemoryAccount()
    assert delivered(store, account) == Counts(read=7, created=7)
    assert sorted(account.received) == sorted(f"{name}@example.com" for name in "abcdefg")
    assert outcomes(store)["0"].contact_id == "id of a@example.com"
    assert outcomes(store)["0"].trace_id == "trace"


def test_an_empty_outbox_sends_nothing() -> None:
    """Nothing to do is no error."""
    account = MemoryAccount()
    assert delivered(outbox([]), account) == Counts()
    assert account.received == []


def test_no_more_calls_are_in_flight_than_allowed() -> None:
    """The bound holds, and is used."""
    account = MemoryAccount()
    delivered(outbox(people(*"abcdefghijkl")), account, max_in_flight=3)
    assert account.most_in_flight == 3


def test_rows_of_one_contact_keep_their_order() -> None:
    """The first creates, the later ones update: two calls for one e-mail are never out at once (the fake checks)."""
    store, account = outbox(people("a", "b", "a", "c", "a")), MemoryAccount()
    assert delivered(store, account) == Counts(read=5, created=3, updated=2)
    assert [outcomes(store)[key].outcome for key in ("0", "2", "4")] == [
        Outcome.CREATED,
        Outcome.UPDATED,
        Outcome.UPDATED,
    ]


def test_a_refused_row_ends_with_its_reasons_and_the_others_go_on() -> None:
    """What the API says no to is told and costs nobody else anything."""
    store = outbox(people("a", "b", "c"))
    assert delivered(store, MemoryAccount({"b@example.com": REFUSED})) == Counts(read=3, created=2, refused=1)
    refused = outcomes(store)["1"]
    assert [reason.message for reason in refused.reasons] == ["email must be an email"]
    assert (refused.status, refused.trace_id) == (422, "t")
    assert store.rows["1"].fingerprint is None


@pytest.mark.parametrize("error", [UNREACHABLE, LOST])
def test_a_row_that_can_not_be_delivered_stays_and_holds_back_only_its_own(error: UnavailableError) -> None:
    """It stays in the outbox with what must not overtake it, everything else is delivered, and the error is raised."""
    store, account = outbox(people("a", "b", "c", "b", "d")), MemoryAccount({"b@example.com": error})
    with pytest.raises(UnavailableError):
        delivered(store, account)
    assert store.counts == Counts(read=5, created=3, pending=2)
    assert [row.source_key for row in store.outbox(0, 10)] == ["1", "3"]
    account.failing.clear()
    assert delivered(store, account).pending == 0
    assert account.received[-2:] == ["b@example.com", "b@example.com"]


def test_an_outage_ends_delivery_early() -> None:
    """When call after call fails, the rest is not tried: the outbox keeps it for the next attempt."""
    names = [f"p{number}" for number in range(40)]
    account = MemoryAccount({f"{name}@example.com": UNREACHABLE for name in names})
    store = outbox(people(*names))
    with pytest.raises(UnavailableError):
        delivered(store, account)
    assert store.counts == Counts(read=40, pending=40)
    assert len(account.received) < 12


def test_a_wrong_token_stops_delivery_after_the_calls_in_flight() -> None:
    """No new call leaves; those in flight are finished and acknowledged."""
    error = AuthenticationError("wrong token", call=UPSERT, status=401)
    store, account = outbox(people(*"abcdefghijkl")), MemoryAccount({"c@example.com": error})
    with pytest.raises(AuthenticationError):
        delivered(store, account)
    assert store.counts.created == len(account.received) - 1 < 8


def test_a_call_that_never_arrived_may_be_sent_again_in_any_case() -> None:
    """Nothing reached the account, so even a row that must not be doubled stays pending."""
    store = outbox([Contact({"email": "a@example.com", "createNewIfDuplicateAllowed": True})])
    with pytest.raises(UnavailableError):
        delivered(store, MemoryAccount({"a@example.com": UNREACHABLE}))
    assert store.counts.pending == 1


def test_remarks_name_fields_as_the_user_does() -> None:
    """A value that the CRM did not keep is told under the target that the user wrote."""

    class Forgetful(MemoryAccount):
        async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> Echo:
            return replace(await super().upsert_contact(fields), kept={"email": fields["email"]})

    store = outbox([Contact({"email": "a@example.com", "firstName": "Ann"})])
    asyncio.run(deliver(store, Forgetful(), max_in_flight=1, batch_size=3, labels={"firstName": "first_name"}))
    assert [reason.field for reason in outcomes(store)["0"].not_kept] == ["first_name"]


def test_a_state_store_that_fails_ends_delivery_with_its_error() -> None:
    """What can't be acknowledged is not done: the error is raised, and the row stays in the outbox."""

    class Locked(MemoryStore):
        def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
            raise StateUnavailableError("locked")

    store = Locked()
    store.write([PlannedRow("1", b"", people("a")[0])], [])
    with pytest.raises(StateUnavailableError):
        asyncio.run(deliver(store, MemoryAccount(), max_in_flight=2, batch_size=3))
    assert len(store.pending) == 1


def test_a_row_is_not_overtaken_before_it_is_acknowledged() -> None:
    """The next call for a contact leaves after the commit of the one before, so a crash can't undo a later value."""
    committed_when_sent: list[int] = []

    class Watching(MemoryAccount):
        async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> Echo:
            committed_when_sent.append(sum(len(commit) for commit in store.commits))
            return await super().upsert_contact(fields)

    store = outbox(people("a", "a", "a"))
    delivered(store, Watching())
    assert committed_when_sent == [0, 1, 2]


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=15),
    st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from([REFUSED, UNREACHABLE, LOST]), max_size=2),
    st.integers(1, 6),
)
def test_whatever_fails_nothing_is_lost(names: list[str], failing: dict[str, LeadwayError], in_flight: int) -> None:
    """Any mixture of failures: outcomes add up, and a later attempt delivers what is left, in order."""
    store = outbox(people(*names))
    account = MemoryAccount({f"{name}@example.com": error for name, error in failing.items()})
    try:
        delivered(store, account, in_flight)
    except UnavailableError:
        account.failing.clear()
        delivered(store, account, in_flight)
    assert store.counts.pending == 0
    for name in names:
        keys = [delivery.row.source_key for commit in store.commits for delivery in commit]
        own = [int(key) for key in keys if names[int(key)] == name]
        assert own == sorted(own)
