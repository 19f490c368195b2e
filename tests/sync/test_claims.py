"""Who is who: rows that share an e-mail or a phone, over a state store in memory."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.contacts.rules import ContactRules
from leadway_provider.sync.outcome import Counts
from tests.sync.memory import SEND_SHARED, Columns, MemoryAccount, MemoryStore
from tests.sync.test_plan import Row, delivered, planned

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
HOME, WORK = "+12025550101", "+12025550102"


class Sync:
    """Runs one sync over one result after the other, and knows what each key has sent last."""

    def __init__(self, mapping: Columns | None = None, batch_size: int = 10) -> None:
        self.store = MemoryStore()
        self.account = MemoryAccount()
        self.mapping = mapping or Columns()
        self.batch_size = batch_size
        self.sent: dict[str, tuple[object, object]] = {}

    def run(self, rows: list[Row]) -> Counts:
        """Plan and deliver, and tell the counts."""
        planned(self.store, rows, self.batch_size, self.mapping)
        for row in self.store.outbox(0, 1000):
            self.sent[row.source_key] = (row.contact.fields.get("email"), row.contact.fields.get("phone"))
        counts = delivered(self.store, self.account)
        counts.verify()
        return counts

    def reasons(self) -> Iterable[tuple[str, str, str]]:
        """Key, field and code of every settled row."""
        return [(row.source_key, row.reasons[0].field, row.reasons[0].code) for row in self.store.settled.values()]


def test_rows_with_one_email_are_one_contact() -> None:
    """The first key holds it and the other is superseded with the reason; the next run changes nothing."""
    sync = Sync()
    rows: list[Row] = [(1, ANN, HOME), (2, ANN, WORK)]
    assert sync.run(rows) == Counts(read=2, created=1, superseded=1)
    assert sync.reasons() == [("2", "email", "identity_shared")]
    assert sync.run(rows) == Counts(read=2, unchanged=1, superseded=1)
    assert sync.account.received == [ANN]


def test_rows_with_one_phone_stay_two_contacts() -> None:
    """One key sends the phone, from the other it is withheld; the next run changes nothing."""
    sync = Sync()
    rows: list[Row] = [(1, ANN, HOME), (2, BOB, HOME)]
    assert sync.run(rows) == Counts(read=2, created=2)
    assert sync.sent == {"1": (ANN, HOME), "2": (BOB, None)}
    assert sync.run(rows) == Counts(read=2, unchanged=2)


def test_a_row_with_nothing_but_a_shared_phone_is_superseded() -> None:
    """Without an e-mail the phone is all it could be matched by."""
    sync = Sync()
    assert sync.run([(1, ANN, HOME), (2, None, HOME)]) == Counts(read=2, created=1, superseded=1)
    assert sync.reasons() == [("2", "phone", "identity_shared")]


@pytest.mark.parametrize("batch_size", [1, 2, 10])
@pytest.mark.parametrize("first", [1, 2])
def test_who_gives_a_phone_up_goes_before_who_takes_it(batch_size: int, first: int) -> None:
    """In the run in which the holder's phone changes, the next key gets the old one, wherever it stands, and later."""
    sync = Sync(batch_size=batch_size)
    rows: list[Row] = [(1, ANN, HOME), (2, BOB, HOME)]
    sync.run(rows)
    changed: list[Row] = [(1, ANN, WORK), (2, BOB, HOME)]
    sync.account.received.clear()
    assert sync.run(changed if first == 1 else changed[::-1]).pending == 0
    assert sync.sent == {"1": (ANN, WORK), "2": (BOB, HOME)}
    assert sync.account.received == [ANN, BOB]
    assert sync.run(changed) == Counts(read=2, unchanged=2)


@pytest.mark.parametrize("batch_size", [1, 10])
def test_the_next_key_inherits_from_a_row_that_left(batch_size: int) -> None:
    """A holder that the result no longer has passes on what it held, in the same run."""
    sync = Sync(batch_size=batch_size)
    sync.run([(1, ANN, HOME), (2, ANN, WORK), (3, BOB, HOME)])
    assert sync.run([(2, ANN, WORK), (3, BOB, HOME)]).pending == 0
    assert sync.sent["2"] == (ANN, WORK)
    assert sync.sent["3"] == (BOB, HOME)


def test_an_empty_result_hands_nothing_on() -> None:
    """A query that returned nothing, by mistake perhaps, takes nothing from anybody."""
    sync = Sync()
    sync.run([(1, ANN, HOME), (2, BOB, HOME)])
    sync.run([])
    assert sync.run([(1, ANN, HOME), (2, BOB, HOME)]) == Counts(read=2, unchanged=2)


def test_a_row_that_became_invalid_passes_on_what_it_held() -> None:
    """What can't be sent holds nothing."""
    sync = Sync()
    sync.run([(1, ANN, HOME), (2, BOB, HOME)])
    sync.run([(1, "not a contact", HOME), (2, BOB, HOME)])
    assert sync.sent["2"] == (BOB, HOME)


def test_sharing_can_be_invalid() -> None:
    """Under on_shared_identity="invalid" every row that stands back is rejected with the reason."""
    sync = Sync(Columns(ContactRules(on_shared_identity="invalid")))
    assert sync.run([(1, ANN, HOME), (2, ANN, WORK), (3, BOB, HOME)]) == Counts(read=3, created=1, invalid=2)


def test_sharing_can_be_sent_as_it_is() -> None:
    """Under on_shared_identity="send" every row is sent, in order."""
    sync = Sync(SEND_SHARED)
    assert sync.run([(1, ANN, HOME), (2, ANN, WORK), (3, ANN, HOME)]).created == 1
    assert sync.account.received == [ANN] * 3


PEOPLE = st.dictionaries(
    st.integers(1, 6),
    st.tuples(st.sampled_from([ANN, BOB, EVE, None, "not a contact"]), st.sampled_from([HOME, WORK, None])).filter(any),
    max_size=6,
)


@given(st.lists(PEOPLE, min_size=1, max_size=5), st.integers(1, 7), st.randoms(use_true_random=False))
def test_each_identity_is_held_by_exactly_one(results: list[dict[int, Row]], batch_size: int, random: object) -> None:
    """Over any results in any order: every e-mail and free phone is sent by one key, and a repetition sends nothing."""
    sync = Sync(batch_size=batch_size)
    for result in results:
        rows: list[Row] = [(key, *values) for key, values in result.items()]
        random.shuffle(rows)  # type: ignore[attr-defined]  # hypothesis hands over a random.Random
        counts = sync.run(rows)
        assert counts.pending == 0
        aside = {row.source_key for row in sync.store.settled.values()}
        standing = {str(key): values for key, *values in rows if str(key) not in aside}
        sent = {key: sync.sent[key] for key in standing}
        for place in (0, 1):
            held = [found[place] for found in sent.values() if found[place]]
            assert len(held) == len(set(held))
            assert set(held) == {values[place] for values in standing.values() if values[place]}
        valid = [values for _, *values in rows if values[0] != "not a contact"]
        assert {values[0] for values in valid if values[0]} == {found[0] for found in sent.values() if found[0]}
        assert sync.run(rows) == Counts(
            read=len(rows), unchanged=len(standing), invalid=counts.invalid, superseded=counts.superseded
        )
