"""Answers that say that a call succeeded, and that can't be read: its row alone is told, and nobody is held back."""

from __future__ import annotations

import pytest

from leadway_provider.contacts.contact import Contact
from leadway_provider.exceptions import LeadwayError, UnavailableError
from leadway_provider.sync.outcome import Counts
from leadway_provider.testing import MemoryState
from leadway_provider.testing.answers import MemoryContact
from tests.sync.failing import FailingAccount
from tests.sync.phases import delivered, outbox, people

ALLOWING_DUPLICATES = Contact({"email": "b@example.com", "createNewIfDuplicateAllowed": True})
UPSERT = "POST /contacts/upsert"
UNREADABLE = UnavailableError(
    "unreadable", call=UPSERT, maybe_received=True, status=200, reasons=("the answer is not JSON",)
)
OUTAGE = UnavailableError("broken", call=UPSERT, maybe_received=True, status=502, reasons=("the API answered 502",))


class UnreadableSearches(FailingAccount):
    """An account whose answers to look-ups can't be read."""

    async def find_duplicate(self, *, email: str | None = None, phone: str | None = None) -> MemoryContact | None:
        raise UNREADABLE


@pytest.mark.parametrize("carries_out", [True, False])
@pytest.mark.parametrize("names", ["bac", "babc"])
def test_the_row_is_refused_and_the_others_are_delivered(names: str, carries_out: bool) -> None:  # noqa: FBT001 - a table's column
    """Also where another row of the same person waits behind it."""
    account = FailingAccount(failing={"b@example.com": UNREADABLE}, carries_out=carries_out)
    run = outbox(people(*names))
    delivered(run, account)
    refused = names.count("b")
    assert run.counts() == Counts(read=len(names), created=len(names) - refused, refused=refused)
    [told] = run.outcomes[str(names.index("b"))].reasons
    assert told.code == "answer_unreadable"
    assert told.message.endswith("What came last: the answer is not JSON.")


def test_a_row_that_is_alone_is_refused_too() -> None:
    """The answer to a call that depends on no contact shows that the API works."""
    run = outbox(people("b"))
    assert delivered(run, FailingAccount(failing={"b@example.com": UNREADABLE})) == Counts(read=1, refused=1)


@pytest.mark.parametrize(
    ("count", "rows"), [(1, "the row with key 0"), (3, "3 rows (keys 0, 2, 4)"), (21, "21 rows (keys 0, 2, ")]
)
def test_rows_beside_which_nothing_is_readable_wait(caplog: pytest.LogCaptureFixture, count: int, rows: str) -> None:
    """It is the API's fault, so the retry sends the rows again; the log names keys."""
    run = outbox(people(*(f"{kind}{number}" for number in range(count) for kind in "ba")))
    failing: dict[str, LeadwayError] = {f"b{number}@example.com": UNREADABLE for number in range(count)}
    account = FailingAccount(failing=failing, readable=False)
    with pytest.raises(UnavailableError), caplog.at_level("WARNING"):
        delivered(run, account, max_in_flight=1)
    assert run.counts() == Counts(read=2 * count, created=count, pending=count)
    [said] = caplog.messages
    assert said.startswith(f"The API's answers to {rows}")
    assert said.endswith("can't be read (the answer is not JSON). They wait for the retry.")
    assert ("38, …) can't" in said) == (count > 20)


def test_a_row_whose_call_must_not_be_repeated_is_unknown() -> None:
    """Where the look-up's answer can't be read either, the row says what is known, and its call is not repeated."""
    account = UnreadableSearches(failing={"b@example.com": UNREADABLE}, carries_out=True)
    run = outbox([ALLOWING_DUPLICATES, *people("a")])
    assert delivered(run, account) == Counts(read=2, created=1, unknown=1)
    [told] = run.outcomes["0"].reasons
    assert told.code == "answer_lost"
    assert told.message == (
        "The answer was lost, and the contact may have been created. "
        "Answers to look-ups can't be read: the answer is not JSON."
    )
    assert account.received.count("b@example.com") == 1


def test_of_the_rows_of_one_call_of_tags_only_that_row_is_refused() -> None:
    """The call is repeated in halves, until the contact whose answer can't be read is alone."""
    account = FailingAccount()
    delivered(outbox(people("c")), account)
    account.unreadable_tags = {account.id_of("c@example.com")}
    contacts = [Contact(each.fields, add_tags=("vip",)) for each in people(*"abcdefgh")]
    run = outbox(contacts)
    assert delivered(run, account) == Counts(read=8, created=7, refused=1)
    assert [each.code for each in run.outcomes["2"].reasons] == ["answer_unreadable"]
    assert len(account.tag_calls) == 7
    assert {*"abdefgh"} <= {name[0] for name in account.emails() if account.tags_of(name) == ["vip"]}


def test_a_call_of_tags_that_nobody_can_read_is_one_failure() -> None:
    """Its rows wait for the retry, and delivery goes on with the others."""
    account = FailingAccount(tag_error=UNREADABLE, readable=False)
    run = outbox([*(Contact(each.fields, add_tags=("vip",)) for each in people(*"abcdefg")), *people("x")])
    with pytest.raises(UnavailableError):
        delivered(run, account, max_in_flight=2)
    assert run.counts() == Counts(read=8, created=1, pending=7)


def test_the_next_run_tries_again_and_finds_the_contact_that_was_created() -> None:
    """The row keeps the mark that it may have been sent, so that it gets no second contact where its e-mail changes."""
    state = MemoryState()
    account = FailingAccount(failing={"b@example.com": UNREADABLE}, carries_out=True, now=state.now)
    delivered(outbox(people("b", "a"), state), account)
    account.failing.clear()
    [changed] = people("new")
    run = outbox([changed], state, fingerprint=b"another one")
    delivered(run, account)
    assert account.emails() == ["a@example.com", "new@example.com"]


def test_answers_that_nobody_can_read_end_delivery() -> None:
    """Five in a row mean that the API does not work: no row is refused, and all wait for the retry."""
    account = FailingAccount(next_upserts=[UNREADABLE] * 20)
    run = outbox(people(*"abcdefghij"))
    with pytest.raises(UnavailableError):
        delivered(run, account, max_in_flight=1)
    assert run.counts() == Counts(read=10, pending=10)


def test_nothing_is_refused_beside_an_outage() -> None:
    """While other rows get no answer, it may be the API's fault: all of them wait for the retry."""
    account = FailingAccount(failing={"b@example.com": UNREADABLE, "c@example.com": OUTAGE})
    run = outbox(people(*"abcd"))
    with pytest.raises(UnavailableError):
        delivered(run, account)
    assert run.counts() == Counts(read=4, created=2, pending=2)
