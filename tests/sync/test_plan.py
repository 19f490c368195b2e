"""The first phase, over a state store in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.sync.deliver import deliver
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.plan import Plan, plan
from tests.sync.memory import INVALID, SEND_SHARED, Columns, MemoryAccount, MemoryStore

Row = tuple[object, ...]


def planned(
    store: MemoryStore,
    rows: list[Row],
    batch_size: int = 2,
    mapping: Any = Columns(),  # noqa: B008 - frozen
    **choices: Any,
) -> Plan:
    """The plan of a new run over these rows."""
    store.start()

    def batches() -> Iterator[list[Row]]:
        return (rows[start : start + batch_size] for start in range(0, len(rows), batch_size))

    found = plan(batches(), key=["id"], mapping=mapping, store=store, claims=store, again=batches, **choices)
    store.seal(found.counts)
    return found


def delivered(store: MemoryStore, account: MemoryAccount) -> Counts:
    """The counts after delivering what the plan found."""
    asyncio.run(deliver(store, account, max_in_flight=4, batch_size=2))
    return store.counts


def test_a_first_plan_puts_every_valid_row_into_the_outbox_in_order() -> None:
    """What the CRM has never acknowledged is pending, in the source's order; the invalid row costs no place."""
    store = MemoryStore()
    rows: list[Row] = [(1, "a@example.com"), (2, INVALID), (3, "c@example.com")]
    assert planned(store, rows).counts == Counts(read=3, pending=2, invalid=1)
    assert [row.source_key for row in store.outbox(0, 10)] == ["1", "3"]
    assert store.sealed


def test_a_second_plan_without_changes_plans_nothing() -> None:
    """Rows the CRM acknowledged are unchanged; an invalid one is looked at again."""
    store, account = MemoryStore(), MemoryAccount()
    rows: list[Row] = [(1, "a@example.com"), (2, INVALID), (3, "c@example.com")]
    planned(store, rows)
    delivered(store, account)
    assert planned(store, rows).counts == Counts(read=3, unchanged=2, invalid=1)


def test_a_row_that_was_not_acknowledged_is_planned_again() -> None:
    """A plan whose rows were never delivered leaves them changed: a fingerprint counts when acknowledged."""
    store = MemoryStore()
    planned(store, [(1, "a@example.com")])
    assert planned(store, [(1, "a@example.com")]).counts == Counts(read=1, pending=1)


def test_a_row_in_doubt_is_sent_even_if_it_went_back_to_what_was_acknowledged() -> None:
    """A changed row may have reached the CRM unseen; when the source goes back, the old value must be sent again."""
    store, account = MemoryStore(), MemoryAccount()
    planned(store, [(1, "a@example.com")])
    delivered(store, account)
    planned(store, [(1, "b@example.com")])
    assert planned(store, [(1, "a@example.com")]).counts == Counts(read=1, pending=1)


def test_the_last_of_several_rows_with_one_key_wins_within_and_across_batches() -> None:
    """Earlier rows of a key are superseded wherever they stand, whatever they would have been."""
    store = MemoryStore()
    rows: list[Row] = [
        (1, "a@example.com"),
        (1, "b@example.com"),
        (2, INVALID),
        (1, "c@example.com"),
        (2, "d@example.com"),
    ]
    assert planned(store, rows).counts == Counts(read=5, superseded=3, pending=2)
    assert [row.contact.fields["email"] for row in store.outbox(0, 10)] == ["c@example.com", "d@example.com"]


def test_repeated_keys_are_unchanged_in_the_next_run() -> None:
    """A result with the same repeated keys sends nothing the second time."""
    store, account = MemoryStore(), MemoryAccount()
    rows: list[Row] = [(1, "a@example.com"), (2, "x@example.com"), (3, "y@example.com"), (1, "b@example.com")]
    planned(store, rows)
    assert delivered(store, account) == Counts(read=4, superseded=1, created=3)
    assert planned(store, rows).counts == Counts(read=4, superseded=1, unchanged=3)
    assert store.outbox(0, 10) == []


def test_a_row_without_a_key_is_invalid_and_named_by_its_number() -> None:
    """Null keys can't be told apart, so such rows are invalid; the plan keeps the first few numbers."""
    store = MemoryStore()
    found = planned(store, [(1, "a@example.com"), (None, "b@example.com"), (" ", "c@example.com")])
    assert found.counts == Counts(read=3, pending=1, invalid=2)
    assert [(row.number, row.reason.field, row.reason.code) for row in found.unkeyed] == [
        (2, "id", "key_missing"),
        (3, "id", "key_missing"),
    ]


def test_a_plan_tells_what_is_wrong_by_kind() -> None:
    """Rows that are wrong in the same way are one finding, with their number and the first key; the most first."""
    store = MemoryStore()
    rows: list[Row] = [(1, "a@example.com"), (2, INVALID), (3, "a@example.com"), (4, INVALID)]
    found = planned(store, rows).findings
    assert [(each.reason.code, each.first_key, each.rows) for each in found] == [
        ("email_malformed", "2", 2),
        ("identity_shared", "3", 1),
    ]


def test_an_empty_result_is_a_plan_of_nothing() -> None:
    """No rows are no error."""
    store = MemoryStore()
    assert planned(store, []).counts == Counts()
    assert store.sealed


ROWS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3, "4", None]),
        st.sampled_from(["a@example.com", "b@example.com", "c@example.com", INVALID]),
    ),
    max_size=12,
)


@given(st.lists(ROWS, min_size=1, max_size=4), st.integers(1, 5))
def test_outcomes_add_up_and_what_is_sent_is_what_changed(results: list[list[Row]], batch_size: int) -> None:
    """Over any sequence of results: outcomes add up, only changes are sent, and the CRM ends with the last values."""
    store, account = MemoryStore(), MemoryAccount()
    acknowledged: dict[str, str] = {}
    for rows in results:
        latest = {str(key): str(email) for key, email in rows if key is not None}
        planned(store, rows, batch_size, SEND_SHARED).counts.verify()
        sending = {row.source_key: row.contact.fields["email"] for row in store.outbox(0, 100)}
        assert sending == {key: email for key, email in latest.items() if email not in (INVALID, acknowledged.get(key))}
        counts = delivered(store, account)
        counts.verify()
        assert counts.pending == 0
        assert counts.superseded == sum(Counter(str(key) for key, _ in rows if key is not None).values()) - len(latest)
        acknowledged.update(latest)
        acknowledged = {key: email for key, email in acknowledged.items() if email != INVALID}


def test_a_row_that_a_newer_interval_saw_is_left_as_it_is() -> None:
    """An older interval's plan sends only rows that no newer one saw; what differs is superseded, and not forgotten."""
    store, account = MemoryStore(), MemoryAccount()
    seen = planned(store, [(1, "a@example.com"), (2, "b@example.com")]).seen
    delivered(store, account)
    older = planned(store, [(1, "old@example.com"), (2, "b@example.com"), (3, "c@example.com")], newer=seen)
    assert older.counts == Counts(read=3, superseded=1, unchanged=1, pending=1)
    assert older.outdated == 1
    assert [row.source_key for row in store.outbox(0, 10)] == ["3"]
    delivered(store, account)
    assert planned(store, [(1, "a@example.com"), (2, "b@example.com")]).counts == Counts(read=2, unchanged=2)


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("xyz")), max_size=12), st.integers(1, 5))
def test_outcomes_add_up_whatever_a_newer_interval_saw(versions: list[tuple[int, str]], batch_size: int) -> None:
    """Keys that come again, seen by a newer interval or not, changed or not: every row is counted once."""
    store, account = MemoryStore(), MemoryAccount()
    seen = planned(store, [(1, "x1@example.com"), (2, "x2@example.com")]).seen
    delivered(store, account)
    rows: list[Row] = [(key, f"{letter}{key}@example.com") for key, letter in versions]
    found = planned(store, rows, batch_size, newer=seen)
    found.counts.verify()
    latest = dict(versions)
    assert found.outdated == sum(letter != "x" for key, letter in latest.items() if key <= 2)
    assert found.counts.unchanged == sum(letter == "x" for key, letter in latest.items() if key <= 2)
    assert found.counts.pending == sum(key > 2 for key in latest)


def test_everything_is_sent_again_where_that_is_asked_for() -> None:
    """A full resync plans rows that did not change, too."""
    store, account = MemoryStore(), MemoryAccount()
    rows: list[Row] = [(1, "a@example.com"), (2, "b@example.com")]
    planned(store, rows)
    delivered(store, account)
    assert planned(store, rows, resend=True).counts == Counts(read=2, pending=2)
