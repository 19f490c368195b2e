"""A lost answer to a call that creates without looking, and contacts that earlier runs may have created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from leadway_provider.clock import Clock
from leadway_provider.contacts.contact import Contact, JsonValue
from leadway_provider.exceptions import LeadwayError, QuotaExhaustedError, StoppedError, UnavailableError
from leadway_provider.sync.lost import LOOKS_AFTER
from leadway_provider.sync.outcome import Counts
from leadway_provider.testing import MemoryState
from leadway_provider.testing.answers import MemoryAnswer, MemoryContact
from tests.sync.failing import FailingAccount
from tests.sync.phases import RecordingRun, delivered, outbox

UPSERT = "POST /contacts/upsert"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAYS = timedelta(days=2)
EMAIL = "ann@example.com"
ANN = Contact({"email": EMAIL, "createNewIfDuplicateAllowed": True})
LOST = UnavailableError("lost", call=UPSERT, maybe_received=True)
NOT_SENT = [
    QuotaExhaustedError("none left", call=UPSERT, returns_in=60.0),
    StoppedError("told to stop"),
    UnavailableError("refused to connect", call=UPSERT, maybe_received=False),
]


@dataclass
class Time:
    """A time that passes only where somebody waits.

    Attributes:
        present: what the clock shows.
        waits: the seconds of each wait.
    """

    present: datetime = NOW
    waits: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        """Return the present."""
        return self.present

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.waits.append(seconds)
        self.present += timedelta(seconds=seconds)

    @property
    def clock(self) -> Clock:
        """The clock that a delivery uses."""
        return Clock(now=self.now, sleep=self.sleep)


@dataclass
class World:
    """One row's sync: an account that allows duplicates, the state store, and the time of both.

    Attributes:
        arrives: whether a call whose answer is lost is carried out.
        lost: so many answers to upserts are lost.
        older: whether the account had a contact with the same e-mail before.
    """

    arrives: bool = True
    lost: int = 1
    older: bool = False
    time: Time = field(default_factory=Time)

    def __post_init__(self) -> None:
        self.account = FailingAccount(
            allows_duplicates=True, carries_out=self.arrives, next_upserts=[LOST] * self.lost, now=self.time.now
        )
        self.state = MemoryState(now=self.time.now)
        if self.older:
            self.time.present -= DAYS
            self.account.add_contact(email=EMAIL)
            self.time.present += DAYS

    def run(self, contact: Contact = ANN, fingerprint: bytes = b"fingerprint") -> RecordingRun:
        """Run the sync once; the row is as it was unless the fingerprint says otherwise."""
        run = outbox([contact], self.state, fingerprint=fingerprint)
        delivered(run, self.account, clock=self.time.clock)
        return run


def test_a_contact_that_is_found_is_acknowledged() -> None:
    """The look-up finds what the lost call created: the row is created, with its id, and not sent again."""
    world = World()
    run = world.run()
    assert run.counts() == Counts(read=1, created=1)
    assert run.outcomes["0"].contact_id == world.account.id_of(EMAIL)
    assert world.account.received == [EMAIL]
    assert run.row("0").sent is None


def test_the_search_is_given_time_to_catch_up() -> None:
    """Search lags behind writes, and a contact that appears in it only after a minute is found."""
    world = World()
    world.account.search_misses = 3
    assert world.run().counts() == Counts(read=1, created=1)
    assert world.time.waits == list(LOOKS_AFTER)
    assert world.account.received == [EMAIL]


def test_a_contact_that_is_not_found_after_the_lag_is_sent_once_more() -> None:
    """A minute later it is certain that no contact was created."""
    world = World(arrives=False)
    assert world.run().counts() == Counts(read=1, created=1)
    assert sum(world.time.waits) >= 60
    assert world.account.received == [EMAIL, EMAIL]
    assert len(world.account.contacts) == 1


def test_an_older_contact_leaves_it_unknown() -> None:
    """With duplicates allowed, an older contact hides whether a new one was created: the row is not sent again."""
    world = World(older=True)
    run = world.run()
    assert run.counts() == Counts(read=1, unknown=1)
    [reason] = run.outcomes["0"].reasons
    assert reason.code == "answer_lost"
    assert "older" in reason.message
    assert world.account.received == [EMAIL]


@pytest.mark.parametrize("added_at", ["2026-11-20T12:00:00.000Z", "2026-11-22T12:00:01", None, "yesterday"])
def test_a_contact_whose_age_is_not_known_leaves_it_unknown(added_at: str | None) -> None:
    """Only a date with a time zone that is not before the call shows that the call created the contact."""

    class Dated(FailingAccount):
        async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> MemoryContact | None:
            found = await super().find_duplicate(email=email, phone=phone)
            return found and MemoryContact(found.id, {**found.fields, "dateAdded": added_at})

    time = Time()
    account = Dated(carries_out=True, next_upserts=[LOST], now=time.now)
    run = outbox([ANN])
    assert delivered(run, account, clock=time.clock) == Counts(read=1, unknown=1)
    assert account.received == [EMAIL]


@pytest.mark.parametrize(
    ("seconds", "counts"), [(5, Counts(read=1, created=1)), (6, Counts(read=1, unknown=1))], ids=["5 s", "6 s"]
)
def test_the_clock_of_the_account_may_be_behind_by_5_seconds(seconds: int, counts: Counts) -> None:
    """A contact that seems to be older by more than that was not created by the call."""
    world = World()
    world.account.now = lambda: world.time.now() - timedelta(seconds=seconds)
    assert world.run().counts() == counts


@pytest.mark.parametrize(
    ("shown", "counts"),
    [
        ({"firstName": "Anna"}, Counts(read=1, unknown=1)),
        ({"firstName": "ann"}, Counts(read=1, created=1)),
        ({"firstName": None}, Counts(read=1, created=1, not_kept=1)),
    ],
)
def test_a_contact_with_other_values_leaves_it_unknown(shown: Mapping[str, JsonValue], counts: Counts) -> None:
    """A clock that is behind makes an older contact seem new, so values count too. A search may show less."""
    world = World()

    class Showing(FailingAccount):
        async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> MemoryContact | None:
            found = await super().find_duplicate(email=email, phone=phone)
            return found and MemoryContact(found.id, {**found.fields, **shown})

    world.account = Showing(carries_out=True, next_upserts=[LOST], now=world.time.now)
    assert world.run(Contact({**ANN.fields, "firstName": "Ann"})).counts() == counts


def test_two_lost_answers_leave_it_unknown() -> None:
    """It is sent once more, and not over and over."""
    world = World(arrives=False, lost=2)
    assert world.run().counts() == Counts(read=1, unknown=1)
    assert world.account.received == [EMAIL, EMAIL]


def test_a_contact_without_identities_can_not_be_looked_up() -> None:
    """The account is not searched, and the row is unknown."""

    class Nameless(FailingAccount):
        async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
            raise LOST

    account = Nameless()
    run = outbox([Contact({"firstName": "Ann", "createNewIfDuplicateAllowed": True})])
    assert delivered(run, account) == Counts(read=1, unknown=1)
    assert "neither e-mail nor phone" in run.outcomes["0"].reasons[0].message
    assert account.looks == 0


def test_the_mark_is_stored_before_the_call() -> None:
    """A process that ends during the call leaves behind when it was sent, so that the next attempt looks first."""
    marks: list[object] = []

    class Watching(FailingAccount):
        async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
            marks.append(run.row("0").sent)
            return await super().upsert_contact(fields)

    run = outbox([ANN])
    delivered(run, Watching(), clock=Time().clock)
    assert marks == [(b"fingerprint", NOW)]
    assert run.row("0").sent is None


def test_a_row_that_an_ended_process_has_sent_is_looked_up_first() -> None:
    """The mark of the earlier attempt is enough: what that attempt created is found, and nothing is sent."""
    world = World(lost=0)
    run = outbox([ANN], world.state)
    run.mark_sent(run.outbox(0, 1)[0], NOW)
    created = world.account.add_contact(email=EMAIL)
    assert delivered(run, world.account, clock=world.time.clock) == Counts(read=1, created=1)
    assert run.outcomes["0"].contact_id == created
    assert world.account.received == []


def test_the_next_run_looks_for_what_this_one_could_not_find_out() -> None:
    """An unknown row is not sent again as it was: once the older contact has another e-mail, the new one is found."""
    world = World(older=True)
    world.run()
    older, newer = world.account.contacts
    assert world.run().counts() == Counts(read=1, unknown=1)
    world.account.edit_contact(older, email="other@example.com")
    run = world.run()
    assert run.counts() == Counts(read=1, created=1)
    assert run.outcomes["0"].contact_id == newer
    assert world.account.received == [EMAIL]


def test_an_unknown_row_that_changed_is_sent() -> None:
    """It wants another contact than the lost call did."""
    world = World(older=True)
    world.run()
    assert world.run(fingerprint=b"changed").counts() == Counts(read=1, created=1)
    assert world.account.received == [EMAIL, EMAIL]


@pytest.mark.parametrize("failure", NOT_SENT, ids=lambda failure: type(failure).__name__)
def test_a_call_that_certainly_did_not_arrive_is_made_again(failure: LeadwayError) -> None:
    """Nothing has to be looked up, so an older contact of the same e-mail does not make the row unknown."""
    world = World(lost=0, older=True, arrives=False)
    world.account.next_upserts = [failure]
    run = outbox([ANN], world.state)
    with pytest.raises(type(failure)):
        delivered(run, world.account, clock=world.time.clock)
    assert run.row("0").sent is None
    assert delivered(run, world.account, clock=world.time.clock) == Counts(read=1, created=1)
    assert world.account.looks == 0


def test_an_ordinary_upsert_stays_pending() -> None:
    """A call that may be repeated needs no look-up: the next attempt sends it again, and finds its own contact."""
    world = World()
    run = outbox([Contact({"email": EMAIL})], world.state)
    with pytest.raises(UnavailableError):
        delivered(run, world.account, clock=world.time.clock)
    assert run.counts() == Counts(read=1, pending=1)
    assert world.account.looks == 0
    assert delivered(run, world.account, clock=world.time.clock) == Counts(read=1, updated=1)
    assert len(world.account.contacts) == 1


@dataclass
class Former(World):
    """A row that was sent without an answer, and that then got another e-mail."""

    def first_run(self) -> None:
        """Send the row, and lose the answer."""
        self.account.allows_duplicates = False
        run = outbox([Contact({"email": EMAIL})], self.state)
        with pytest.raises(UnavailableError):
            delivered(run, self.account, clock=self.time.clock)

    def second_run(self) -> RecordingRun:
        """Send the row with another e-mail."""
        return self.run(Contact({"email": "new@example.com"}), b"changed")


def test_a_contact_that_an_earlier_run_has_created_is_found() -> None:
    """The row gets the contact that the lost call created, although it no longer sends that e-mail."""
    world = Former()
    world.first_run()
    [created] = world.account.contacts
    run = world.second_run()
    assert run.counts() == Counts(read=1, created=1)
    assert run.outcomes["0"].contact_id == created
    assert world.account.emails() == ["new@example.com"]
    assert world.account.received == [EMAIL]


def test_the_search_for_an_earlier_contact_is_given_time() -> None:
    """The last look is more than a minute after the earlier run."""
    world = Former()
    world.first_run()
    world.account.search_misses = 1
    assert world.second_run().counts() == Counts(read=1, created=1)
    assert world.time.waits == [sum(LOOKS_AFTER)]
    assert world.account.emails() == ["new@example.com"]


def test_a_row_whose_earlier_call_created_nothing_is_sent_after_one_minute() -> None:
    """Then the account has no such contact, and a new one is created."""
    world = Former(arrives=False)
    world.first_run()
    assert world.second_run().counts() == Counts(read=1, created=1)
    assert world.time.waits == [sum(LOOKS_AFTER)]
    assert world.account.received == [EMAIL, "new@example.com"]


def test_an_older_contact_is_not_taken_for_one_that_an_earlier_run_has_created() -> None:
    """It was in the account before the row was first read, so the row gets a contact of its own."""
    world = Former(older=True, arrives=False)
    world.first_run()
    [older] = world.account.contacts
    run = world.second_run()
    assert run.counts() == Counts(read=1, created=1)
    assert run.outcomes["0"].contact_id != older
    assert world.account.emails() == [EMAIL, "new@example.com"]


def test_a_contact_with_other_values_is_not_taken_for_one_that_an_earlier_run_has_created() -> None:
    """Somebody else created a contact with that e-mail meanwhile, as its values show."""
    world = Former(arrives=False)
    world.account.allows_duplicates = False
    run = outbox([Contact({"email": EMAIL, "firstName": "Ann"})], world.state)
    with pytest.raises(UnavailableError):
        delivered(run, world.account, clock=world.time.clock)
    other = world.account.add_contact(email=EMAIL, firstName="Bob")
    assert world.second_run().outcomes["0"].contact_id != other
    assert world.account.contacts[other]["firstName"] == "Bob"
