"""The second phase, over a state store and an account in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.contacts.contact import Contact, JsonValue, Reason
from leadway_provider.exceptions import (
    AuthenticationError,
    LeadwayError,
    RefusedError,
    StateUnavailableError,
    UnavailableError,
)
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import Delivery, OutboxRow
from leadway_provider.testing import MemoryState
from leadway_provider.testing.answers import MemoryAnswer
from tests.sync.failing import FailingAccount
from tests.sync.phases import RecordingRun, delivered, outbox, people

UPSERT = "POST /contacts/upsert"
SAID = "email must be an email"
REFUSED = RefusedError("refused", call=UPSERT, status=422, reasons=(SAID,), fields=("email",), trace_id="t")
UNREACHABLE = UnavailableError("no answer", call=UPSERT, maybe_received=False)
LOST = UnavailableError("the answer was lost", call=UPSERT, maybe_received=True)


def test_every_row_is_sent_once_and_acknowledged() -> None:
    """The outbox ends empty, and each row has what the CRM answered."""
    run, account = outbox(people(*"abcdefg")), FailingAccount()
    assert delivered(run, account) == Counts(read=7, created=7)
    assert sorted(account.received) == account.emails() == [f"{name}@example.com" for name in "abcdefg"]
    assert run.outbox(0, 10) == []
    first = run.outcomes["0"]
    assert (first.contact_id, first.trace_id, first.status) == (account.id_of("a@example.com"), "memory", 201)
    assert run.row("0").fingerprint == b"fingerprint"


def test_an_empty_outbox_sends_nothing() -> None:
    """Nothing to do is not an error."""
    account = FailingAccount()
    assert delivered(outbox([]), account) == Counts()
    assert account.calls == 0


def test_no_more_calls_are_in_flight_than_allowed() -> None:
    """The bound holds, and it is used."""
    account = FailingAccount()
    delivered(outbox(people(*"abcdefghijkl")), account, max_in_flight=3)
    assert account.most_in_flight == 3


@pytest.mark.parametrize("batch_size", [1, 2, 5, 100])
def test_the_outbox_is_read_in_batches(batch_size: int) -> None:
    """No page holds more rows than a batch, and each page begins where the one before ended."""
    pages: list[list[str]] = []

    class Paging(RecordingRun):
        def outbox(self, after: int, limit: int) -> Sequence[OutboxRow]:
            page = super().outbox(after, limit)
            pages.append([row.source_key for row in page])
            return page

    run = outbox(people(*"abcdefg"))
    assert delivered(Paging(run.state, run.plan), FailingAccount(), batch_size=batch_size)["created"] == 7
    assert max(map(len, pages)) <= batch_size
    assert sorted(key for page in pages for key in page) == list("0123456")


def test_rows_of_one_contact_keep_their_order() -> None:
    """The first row creates and the later ones update; two calls for one e-mail in flight would fail the account."""
    run, account = outbox(people(*"abaca")), FailingAccount()
    assert delivered(run, account) == Counts(read=5, created=3, updated=2, collisions=2)
    assert [run.outcomes[key].outcome for key in ("0", "2", "4")] == [
        RowState.CREATED,
        RowState.UPDATED,
        RowState.UPDATED,
    ]
    assert len({run.outcomes[key].contact_id for key in ("0", "2", "4")}) == 1


def test_a_refused_row_ends_with_its_reasons_and_the_others_go_on() -> None:
    """What the API refuses is recorded, and no other row is affected."""
    run = outbox(people(*"abc"))
    assert delivered(run, FailingAccount(failing={"b@example.com": REFUSED})) == Counts(read=3, created=2, refused=1)
    refused = run.outcomes["1"]
    assert refused.reasons == (Reason("email", "refused_by_api", SAID),)
    assert (refused.status, refused.trace_id) == (422, "t")
    assert run.row("1").fingerprint is None


@pytest.mark.parametrize("error", [UNREACHABLE, LOST])
def test_a_row_that_can_not_be_delivered_stays_and_holds_back_only_its_own(error: UnavailableError) -> None:
    """It stays in the outbox with what must not overtake it, everything else is delivered, and the error is raised."""
    run, account = outbox(people(*"abcbd")), FailingAccount(failing={"b@example.com": error})
    with pytest.raises(UnavailableError) as caught:
        delivered(run, account)
    assert caught.value is error
    assert run.counts() == Counts(read=5, created=3, pending=2)
    assert [row.source_key for row in run.outbox(0, 10)] == ["1", "3"]
    account.failing.clear()
    assert delivered(run, account)["pending"] == 0
    assert account.received[-2:] == ["b@example.com", "b@example.com"]


def test_an_outage_ends_delivery_early() -> None:
    """When call after call fails, the rest is not tried: the outbox keeps it for the next attempt."""
    names = [f"p{number}" for number in range(40)]
    account = FailingAccount(failing={f"{name}@example.com": UNREACHABLE for name in names})
    run = outbox(people(*names))
    with pytest.raises(UnavailableError):
        delivered(run, account)
    assert run.counts() == Counts(read=40, pending=40)
    assert 5 <= len(account.received) < 12


def test_failures_between_successes_do_not_end_delivery() -> None:
    """Only failures in a row mean that the API does not work."""
    names = [f"p{number}" for number in range(40)]
    account = FailingAccount(failing={f"{name}@example.com": UNREACHABLE for name in names[::4]})
    run = outbox(people(*names))
    with pytest.raises(UnavailableError):
        delivered(run, account, max_in_flight=1)
    assert run.counts() == Counts(read=40, created=30, pending=10)


def test_a_wrong_token_stops_delivery_after_the_calls_in_flight() -> None:
    """No new call is sent; those in flight are finished and acknowledged."""
    error = AuthenticationError("wrong token", call=UPSERT, status=401)
    run, account = outbox(people(*"abcdefghijkl")), FailingAccount(failing={"c@example.com": error})
    with pytest.raises(AuthenticationError):
        delivered(run, account)
    assert run.counts()["created"] == len(account.received) - 1 < 8


def test_a_call_that_never_arrived_may_be_sent_again_in_any_case() -> None:
    """Nothing reached the account, so even a row that must not be sent twice stays pending."""
    run = outbox([Contact({"email": "a@example.com", "createNewIfDuplicateAllowed": True})])
    with pytest.raises(UnavailableError):
        delivered(run, FailingAccount(failing={"a@example.com": UNREACHABLE}))
    assert run.counts()["pending"] == 1
    assert run.row("0").sent is None


def test_remarks_name_fields_as_the_user_does() -> None:
    """A value that the CRM did not keep is reported under the target that the user wrote."""

    class Forgetful(FailingAccount):
        async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
            return replace(await super().upsert_contact(fields), kept={"email": fields["email"], "firstName": None})

    run = outbox([Contact({"email": "a@example.com", "firstName": "Ann"})])
    assert delivered(run, Forgetful(), targets={"firstName": "first_name"})["not_kept"] == 1
    assert [(each.field, each.code) for each in run.outcomes["0"].not_kept] == [("first_name", "dropped")]


def test_a_state_store_that_fails_ends_delivery_with_its_error() -> None:
    """What can't be acknowledged is not done: the error is raised, and the row stays in the outbox."""

    class Locked(RecordingRun):
        def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
            raise StateUnavailableError("locked")

    run = outbox(people("a"))
    with pytest.raises(StateUnavailableError):
        delivered(Locked(run.state, run.plan), FailingAccount())
    assert len(run.outbox(0, 10)) == 1


def test_a_state_store_that_can_not_be_read_ends_delivery_with_its_error() -> None:
    """The rows that were read before are delivered."""

    class Unreadable(RecordingRun):
        def outbox(self, after: int, limit: int) -> Sequence[OutboxRow]:
            if after:
                raise StateUnavailableError("out of reach")
            return super().outbox(after, limit)

    run = outbox(people(*"abcde"))
    with pytest.raises(StateUnavailableError):
        delivered(Unreadable(run.state, run.plan), FailingAccount(), batch_size=3)
    assert run.counts() == Counts(read=5, created=3, pending=2)


def test_a_row_is_not_overtaken_before_it_is_acknowledged() -> None:
    """The next call for a contact is sent after the commit of the one before, so a crash can't undo a later value."""
    run = outbox(people(*"aaa"))

    @dataclass
    class Watching(FailingAccount):
        committed: list[int] = field(default_factory=list)

        async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
            self.committed.append(sum(map(len, run.commits)))
            return await super().upsert_contact(fields)

    account = Watching()
    delivered(run, account)
    assert account.committed == [0, 1, 2]


def test_rows_that_exchange_their_e_mails_are_both_delivered() -> None:
    """One contact gives its e-mail up first, and each row stays on its contact."""
    state, account = MemoryState(), FailingAccount()
    delivered(outbox(people("a", "b"), state), account)
    ids = [account.id_of("a@example.com"), account.id_of("b@example.com")]
    run = outbox(people("b", "a"), state, fingerprint=b"exchanged")
    assert delivered(run, account) == Counts(read=2, updated=2)
    assert [run.outcomes[key].contact_id for key in ("0", "1")] == ids
    assert [account.contacts[each]["email"] for each in ids] == ["b@example.com", "a@example.com"]


def test_rows_that_exchange_their_e_mails_are_refused_where_no_contact_gives_one_up() -> None:
    """Nothing is overwritten, and the reason says that the rows wait for each other."""
    state, account = MemoryState(), FailingAccount(clears_identities=False)
    delivered(outbox(people("a", "b"), state), account)
    before = {contact_id: dict(fields) for contact_id, fields in account.contacts.items()}
    run = outbox(people("b", "a"), state, fingerprint=b"exchanged")
    assert delivered(run, account) == Counts(read=2, refused=2)
    assert [[each.code for each in run.outcomes[key].reasons] for key in "01"] == [["identity_ring"]] * 2
    assert account.contacts == before


def test_an_e_mail_that_passes_from_row_to_row_is_sent_after_it_is_free() -> None:
    """The row that gives it up is delivered first, although it comes later; no contact has to give anything up."""
    state, account = MemoryState(), FailingAccount()
    delivered(outbox(people("a", "b"), state), account)
    ids = [account.id_of("a@example.com"), account.id_of("b@example.com")]
    run = outbox(people("b", "c"), state, fingerprint=b"moved")
    assert delivered(run, account) == Counts(read=2, updated=2)
    assert [account.contacts[each]["email"] for each in ids] == ["b@example.com", "c@example.com"]
    assert [each for each in account.updates if None in each[1].values()] == []


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_row_waits_for_an_e_mail_that_is_not_free(batch_size: int) -> None:
    """While the row that gives it up can't be delivered, both stay in the outbox; the retry delivers them in order."""
    state, account = MemoryState(), FailingAccount()
    delivered(outbox(people("a", "b"), state), account)
    ids = [account.id_of("a@example.com"), account.id_of("b@example.com")]
    run = outbox(people("b", "c"), state, fingerprint=b"moved")
    account.failing[ids[1]] = UNREACHABLE
    with pytest.raises(UnavailableError):
        delivered(run, account, batch_size=batch_size)
    assert run.counts() == Counts(read=2, pending=2)
    assert account.contacts[ids[0]]["email"] == "a@example.com"
    account.failing.clear()
    assert delivered(run, account, batch_size=batch_size) == Counts(read=2, updated=2)
    assert [account.contacts[each]["email"] for each in ids] == ["b@example.com", "c@example.com"]


def test_a_contact_gives_up_what_its_row_no_longer_has() -> None:
    """A row that is not sent in this run does not keep an e-mail from the row that has it now."""
    state, account = MemoryState(), FailingAccount()
    delivered(outbox(people("a"), state), account)
    former = account.id_of("a@example.com")
    run = outbox(people("a"), state, keys=["1"])
    assert delivered(run, account) == Counts(read=1, created=1)
    assert "email" not in account.contacts[former]
    assert run.outcomes["1"].contact_id == account.id_of("a@example.com") != former
    assert run.row("0").in_crm == frozenset()


def test_an_e_mail_that_a_contact_does_not_give_up_is_a_reason() -> None:
    """The row has no other identity, so it is refused, and the other row's contact is as it was."""
    state, account = MemoryState(), FailingAccount(clears_identities=False)
    delivered(outbox(people("a"), state), account)
    run = outbox(people("a"), state, keys=["1"])
    account.received.clear()
    assert delivered(run, account) == Counts(read=1, refused=1)
    assert [(each.field, each.code) for each in run.outcomes["1"].reasons] == [("email", "identity_taken")]
    assert account.received == []


def test_a_taken_identity_is_counted() -> None:
    """Another contact of the account has the phone: the row is updated without it, and the remark names the target."""
    state, account = MemoryState(), FailingAccount()
    delivered(outbox(people("a"), state), account)
    account.add_contact(phone="+12025550101")
    run = outbox([Contact({"email": "a@example.com", "phone": "+12025550101"})], state)
    counts = delivered(run, account, targets={"phone": "Phone"})
    assert counts == Counts(read=1, updated=1, identity_taken=1)
    assert [(each.field, each.code) for each in run.outcomes["0"].remarks] == [("Phone", "identity_taken")]


def test_rows_that_wait_are_no_more_than_a_bounded_number() -> None:
    """Where one row can't be delivered and all others wait for it, the outbox is not read to its end."""
    read: list[int] = []

    class Counting(RecordingRun):
        def outbox(self, after: int, limit: int) -> Sequence[OutboxRow]:
            page = super().outbox(after, limit)
            read.append(len(page))
            return page

    run = outbox(people(*["a"] * 50))
    account = FailingAccount(failing={"a@example.com": UNREACHABLE})
    with pytest.raises(UnavailableError):
        delivered(Counting(run.state, run.plan), account, batch_size=2)
    assert account.received == ["a@example.com"]
    assert sum(read) <= 22
    assert run.counts()["pending"] == 50


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=15),
    st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from([REFUSED, UNREACHABLE, LOST]), max_size=2),
    st.integers(1, 6),
    st.booleans(),
)
def test_whatever_fails_nothing_is_lost(
    names: list[str],
    failing: dict[str, LeadwayError],
    in_flight: int,
    carries_out: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    """Any mixture of failures: outcomes add up, and a later attempt delivers what is left, in order."""
    run = outbox(people(*names))
    account = FailingAccount(
        failing={f"{name}@example.com": error for name, error in failing.items()}, carries_out=carries_out
    )
    try:
        delivered(run, account, max_in_flight=in_flight)
    except UnavailableError:
        account.failing.clear()
        delivered(run, account, max_in_flight=in_flight)
    assert run.counts()["pending"] == 0
    for name in names:
        keys = [delivery.row.source_key for commit in run.commits for delivery in commit]
        own = [int(key) for key in keys if names[int(key)] == name]
        assert own == sorted(own)
