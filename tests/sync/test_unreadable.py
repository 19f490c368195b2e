"""Answers that say that a call succeeded, and that can't be read: its row alone is told, and nobody is held back."""

from __future__ import annotations

import pytest

from leadway_provider.exceptions import UnavailableError
from leadway_provider.sync.outcome import Counts
from leadway_provider.testing import MemoryState
from tests.sync.failing import FailingAccount
from tests.sync.phases import delivered, outbox, people

UPSERT = "POST /contacts/upsert"
UNREADABLE = UnavailableError(
    "unreadable", call=UPSERT, maybe_received=True, status=200, reasons=("the answer is not JSON",)
)
OUTAGE = UnavailableError("broken", call=UPSERT, maybe_received=True, status=502, reasons=("the API answered 502",))


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


def test_a_row_beside_which_nothing_is_readable_waits(caplog: pytest.LogCaptureFixture) -> None:
    """It may be the API's fault, so the retry sends the row again; the log names its key."""
    run = outbox(people("b"))
    with pytest.raises(UnavailableError), caplog.at_level("WARNING"):
        delivered(run, FailingAccount(failing={"b@example.com": UNREADABLE}))
    assert run.counts() == Counts(read=1, pending=1)
    assert caplog.messages == [
        "The API's answers to the row with key 0 can't be read (the answer is not JSON). It waits for the retry."
    ]


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
