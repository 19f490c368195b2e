"""The first phase, over a state store in memory."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.policies import RemovalPolicy
from leadway_provider.sync.identities import UNKEYED
from leadway_provider.sync.outcome import Counts
from tests.sync.columns import INVALID, SEND_SHARED, Columns
from tests.sync.scenario import Row, Scenario, keys_waiting, waiting


def test_a_first_plan_puts_every_valid_row_into_the_outbox_in_order() -> None:
    """What the CRM has never acknowledged is pending, in the source's order; an invalid row is not."""
    run, found = Scenario().plan([(1, "a@example.com"), (2, INVALID), (3, "c@example.com")])
    assert found.counts == Counts(read=3, pending=2, invalid=1)
    assert keys_waiting(run) == ["1", "3"]


def test_a_second_plan_without_changes_plans_nothing() -> None:
    """Rows that the CRM acknowledged are unchanged; an invalid one is validated again."""
    sync = Scenario()
    rows: list[Row] = [(1, "a@example.com"), (2, INVALID), (3, "c@example.com")]
    sync.run(rows)
    run, found = sync.plan(rows)
    assert found.counts == Counts(read=3, unchanged=2, invalid=1)
    assert keys_waiting(run) == []


def test_rows_that_become_the_same_contact_are_unchanged() -> None:
    """Where the mapping's digest or a row changed, the contact decides; after the seal the row alone does again."""
    sync = Scenario()
    rows: list[Row] = [(1, "a@example.com"), (2, "b@example.com")]
    sync.run(rows)
    sync.mapping = Columns(digest=b"an option was added to a custom field")
    run, found = sync.plan([(1, "a@example.com", None), (2, "other@example.com")])
    assert found.counts == Counts(read=2, unchanged=1, pending=1)
    assert found.compared_again == 1
    assert keys_waiting(run) == ["2"]
    assert sync.deliver(run) == Counts(read=2, unchanged=1, updated=1)
    _, again = sync.plan([(1, "a@example.com", None), (2, "other@example.com")])
    assert (again.counts, again.compared_again) == (Counts(read=2, unchanged=2), 0)


def test_a_full_resync_sends_rows_that_become_the_same_contact() -> None:
    """It sends every row, whatever is known of it."""
    sync = Scenario()
    sync.run([(1, "a@example.com")])
    assert sync.run([(1, "a@example.com", None)], full_resync=True) == Counts(read=1, updated=1)


def test_a_row_that_becomes_the_same_contact_and_comes_again_is_superseded() -> None:
    """A key that repeats takes back what was found for it: the later row counts."""
    sync = Scenario(batch_size=1)
    sync.run([(1, "a@example.com")])
    rows: list[Row] = [(1, "a@example.com", None), (1, "new@example.com")]
    assert sync.run(rows) == Counts(read=2, superseded=1, updated=1)
    assert sync.run(rows[::-1]) == Counts(read=2, superseded=1, updated=1)
    assert sync.run(rows[:1]) == Counts(read=1, unchanged=1)


def test_a_plan_that_is_not_sealed_changes_nothing() -> None:
    """Rows, claims and the outbox stay as they were, and the next plan finds the same once more."""
    sync = Scenario()
    sync.run([(1, "a@example.com", "+1"), (2, "b@example.com", "+1")])
    before = sync.state.summary()
    changed: list[Row] = [(1, "new@example.com"), (2, INVALID), (3, "c@example.com", "+1")]
    _, found = sync.plan_only(changed)
    assert sync.state.summary() == before
    _, again = sync.plan_only(changed)
    assert again.counts == found.counts
    assert sync.state.summary() == before
    unchanged = sync.run([(1, "a@example.com", "+1"), (2, "b@example.com", "+1")])
    assert unchanged == Counts(read=2, unchanged=2)


def test_a_row_that_was_not_acknowledged_is_planned_again() -> None:
    """A plan whose rows were never delivered leaves them changed, and each of them waits in the outbox once."""
    sync = Scenario()
    sync.plan([(1, "a@example.com")])
    run, found = sync.plan([(1, "a@example.com")])
    assert found.counts == Counts(read=1, pending=1)
    assert keys_waiting(run) == ["1"]


def test_a_row_that_an_earlier_run_left_is_carried_where_it_was_not_read() -> None:
    """A partial read does not show what became of a row that waits, so that the run delivers it as well."""
    sync = Scenario()
    sync.plan([(1, "a@example.com")])
    run, found = sync.plan([(2, "b@example.com")], incremental=True)
    assert found.counts == Counts(read=1, pending=1)
    assert run.counts() == Counts(read=1, carried=1, pending=2)
    assert sync.deliver(run) == Counts(read=1, carried=1, created=2)


def test_a_row_that_an_earlier_run_left_is_dropped_once_the_source_no_longer_has_it() -> None:
    """A whole read without the row shows that nothing is to be sent for it."""
    sync = Scenario()
    sync.plan([(1, "a@example.com")])
    run, _ = sync.plan([(2, "b@example.com")])
    assert keys_waiting(run) == ["2"]
    assert run.counts() == Counts(read=1, pending=1)


def test_a_row_in_doubt_is_sent_even_if_it_went_back_to_what_was_acknowledged() -> None:
    """A changed row may have reached the CRM unseen; when the source goes back, the old value is sent again."""
    sync = Scenario()
    sync.run([(1, "a@example.com")])
    sync.plan([(1, "b@example.com")])
    run, found = sync.plan([(1, "a@example.com")])
    assert found.counts == Counts(read=1, pending=1)
    assert [row.contact.fields["email"] for row in waiting(run)] == ["a@example.com"]


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_the_last_of_several_rows_with_one_key_wins_within_and_across_batches(batch_size: int) -> None:
    """Earlier rows of a key are superseded wherever they stand, whatever they would have been."""
    rows: list[Row] = [
        (1, "a@example.com"),
        (1, "b@example.com"),
        (2, INVALID),
        (1, "c@example.com"),
        (2, "d@example.com"),
    ]
    run, found = Scenario(batch_size=batch_size).plan(rows)
    assert found.counts == Counts(read=5, superseded=3, pending=2)
    assert [row.contact.fields["email"] for row in waiting(run)] == ["c@example.com", "d@example.com"]


def test_a_key_that_comes_again_is_sent_where_its_last_row_stands() -> None:
    """The order is that of the rows that are sent, and not of those that they supersede."""
    run, _ = Scenario(batch_size=3).plan([(1, "a@example.com"), (2, "b@example.com"), (1, "c@example.com")])
    assert keys_waiting(run) == ["2", "1"]


def test_repeated_keys_are_unchanged_in_the_next_run() -> None:
    """A result with the same repeated keys sends nothing the second time."""
    sync = Scenario()
    rows: list[Row] = [(1, "a@example.com"), (2, "x@example.com"), (3, "y@example.com"), (1, "b@example.com")]
    assert sync.run(rows) == Counts(read=4, superseded=1, created=3)
    run, found = sync.plan(rows)
    assert found.counts == Counts(read=4, superseded=1, unchanged=3)
    assert keys_waiting(run) == []


def test_a_row_without_a_key_is_invalid_and_named_by_its_number() -> None:
    """Null keys can't be told apart, so such rows are invalid; the plan keeps the first few numbers."""
    _, found = Scenario().plan([(1, "a@example.com"), (None, "b@example.com"), (" ", "c@example.com")])
    assert found.counts == Counts(read=3, pending=1, invalid=2)
    assert [(row.number, row.reason.field, row.reason.code) for row in found.unkeyed] == [
        (2, "id", "key_missing"),
        (3, "id", "key_missing"),
    ]


def test_only_the_first_rows_without_a_key_are_named() -> None:
    """All of them are counted, however many there are, and twenty are kept."""
    _, found = Scenario(batch_size=7).plan([(None, "a@example.com")] * 25)
    assert found.counts == Counts(read=25, invalid=25)
    assert [row.number for row in found.unkeyed] == list(range(1, 21))


def test_a_plan_counts_what_is_wrong_by_kind() -> None:
    """Rows that are wrong in the same way are one problem, with their number and the first key; the most first."""
    rows: list[Row] = [(1, "a@example.com"), (3, "a@example.com"), (2, INVALID), (4, INVALID)]
    _, found = Scenario().plan(rows)
    assert [(each.reason.code, each.first_key, each.rows) for each in found.problems] == [
        ("email_malformed", "2", 2),
        ("identity_shared", "3", 1),
    ]


def test_an_empty_result_is_a_plan_of_nothing() -> None:
    """No rows are not an error, and no row counts as departed for it."""
    sync = Scenario()
    sync.run([(1, "a@example.com")])
    _, found = sync.plan([])
    assert found.counts == Counts()
    assert not found.is_whole
    assert found.is_present(1)


def test_a_whole_read_shows_which_rows_have_departed() -> None:
    """A row that a whole read does not have is not present; in a partial read every row counts as present."""
    sync = Scenario()
    sync.run([(1, "a@example.com"), (2, "b@example.com")])
    _, partial = sync.plan([(2, "b@example.com")], incremental=True)
    assert (partial.is_whole, partial.is_present(1), partial.is_present(2)) == (False, True, True)
    _, whole = sync.plan([(2, "b@example.com")])
    assert (whole.is_whole, whole.is_present(1), whole.is_present(2)) == (True, False, True)


@pytest.mark.parametrize(("known", "read", "too_few"), [(20, 9, (9, 20)), (20, 10, None), (19, 1, None)])
def test_a_whole_read_of_less_than_half_of_many_rows_counts_as_partial(
    known: int, read: int, too_few: tuple[int, int] | None
) -> None:
    """So few rows are more likely a mistake of the query, so that no row counts as departed."""
    sync = Scenario(batch_size=100)
    rows: list[Row] = [(key, f"{key}@example.com") for key in range(1, known + 1)]
    sync.run(rows)
    _, found = sync.plan(rows[:read])
    assert found.too_few == too_few
    assert found.is_whole == (too_few is None)
    assert found.is_present(known) == (too_few is not None)


def test_a_partial_read_may_have_few_rows() -> None:
    """Nothing is wrong with few rows where only some are read."""
    sync = Scenario(batch_size=100)
    sync.run([(key, f"{key}@example.com") for key in range(1, 31)])
    _, found = sync.plan([(1, "1@example.com")], incremental=True)
    assert found.too_few is None
    assert not found.is_whole


def test_a_whole_read_counts_as_whole_however_few_rows_come_where_that_is_asked_for() -> None:
    """With `trust_few`, rows that are not read have departed, even if almost all of them have."""
    sync = Scenario(batch_size=100)
    sync.run([(key, f"{key}@example.com") for key in range(1, 31)])
    _, found = sync.plan([(1, "1@example.com")], trust_few=True)
    assert found.is_whole
    assert found.too_few is None
    assert not found.is_present(30)


ROWS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3, "4", None]),
        st.sampled_from(["a@example.com", "b@example.com", "c@example.com", INVALID]),
    ),
    max_size=12,
)


@given(st.lists(ROWS, min_size=1, max_size=4), st.integers(1, 5))
def test_outcomes_add_up_and_what_is_sent_is_what_changed(results: list[list[Row]], batch_size: int) -> None:
    """Over any results, outcomes add up, and the rows are sent that the CRM has not acknowledged as they are.

    Keys that had one e-mail may be on one contact. Such a row is sent again where another one has written to it.
    """
    sync = Scenario(SEND_SHARED, batch_size)
    acknowledged: dict[str, str] = {}
    beside: set[str] = set()
    for rows in results:
        latest = {str(key): str(email) for key, email in rows if key is not None}
        run, found = sync.plan(rows)
        found.counts.verify()
        sending = {row.source_key: row.contact.fields["email"] for row in waiting(run)}
        changed = {key: email for key, email in latest.items() if email not in (INVALID, acknowledged.get(key))}
        assert changed.items() <= sending.items() <= latest.items()
        assert sending.keys() - changed.keys() <= beside
        counts = sync.deliver(run)
        assert counts["pending"] == counts["refused"] == 0
        repeated = Counter(str(key) for key, _ in rows if key is not None).total() - len(latest)
        assert counts["superseded"] == repeated
        acknowledged.update(latest)
        acknowledged = {key: email for key, email in acknowledged.items() if email != INVALID}
        beside |= {key for key, email in acknowledged.items() if [*acknowledged.values()].count(email) > 1}


def test_a_row_that_a_newer_interval_read_is_left_as_it_is() -> None:
    """An older interval's plan sends only rows that no newer one read; a row that differs is superseded, and kept."""
    sync = Scenario()
    run, newer = sync.plan([(1, "a@example.com"), (2, "b@example.com")])
    sync.deliver(run)
    run, older = sync.plan(
        [(1, "old@example.com"), (2, "b@example.com"), (3, "c@example.com")], seen_by_newer=newer.seen
    )
    assert older.counts == Counts(read=3, superseded=1, unchanged=1, pending=1)
    assert older.older == 1
    assert not older.is_whole
    assert keys_waiting(run) == ["3"]
    sync.deliver(run)
    assert sync.run([(1, "a@example.com"), (2, "b@example.com")]) == Counts(read=2, unchanged=2)


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("xyz")), max_size=12), st.integers(1, 5))
def test_outcomes_add_up_whatever_a_newer_interval_read(versions: list[tuple[int, str]], batch_size: int) -> None:
    """Keys that come again, read by a newer interval or not, changed or not: every row is counted once."""
    sync = Scenario(batch_size=batch_size)
    run, newer = sync.plan([(1, "x1@example.com"), (2, "x2@example.com")])
    sync.deliver(run)
    rows: list[Row] = [(key, f"{letter}{key}@example.com") for key, letter in versions]
    _, found = sync.plan(rows, seen_by_newer=newer.seen)
    found.counts.verify()
    latest = dict(versions)
    assert found.older == sum(letter != "x" for key, letter in latest.items() if key <= 2)
    assert found.counts["unchanged"] == sum(letter == "x" for key, letter in latest.items() if key <= 2)
    assert found.counts["pending"] == sum(key > 2 for key in latest)


def test_everything_is_sent_again_where_that_is_asked_for() -> None:
    """A full resync plans rows that did not change, too."""
    sync = Scenario()
    rows: list[Row] = [(1, "a@example.com"), (2, "b@example.com")]
    sync.run(rows)
    assert sync.run(rows, full_resync=True) == Counts(read=2, updated=2)


def test_a_row_that_the_api_refused_too_often_waits_until_it_changes() -> None:
    """It is sent in so many more runs as asked for, then refused without a call; a change or a full resync sends it."""
    sync = Scenario(refused=frozenset({"a@example.com", "b@example.com"}))
    rows: list[Row] = [(1, "a@example.com")]
    for _ in range(3):
        run, found = sync.plan(rows, retry_refused=2)
        assert found.counts == Counts(read=1, pending=1)
        assert sync.deliver(run) == Counts(read=1, refused=1)
    run, found = sync.plan(rows, retry_refused=2)
    assert found.counts == Counts(read=1, refused=1)
    assert keys_waiting(run) == []
    assert sync.state.rows[1].reasons
    assert keys_waiting(sync.plan_only(rows, retry_refused=2, full_resync=True)[0]) == ["1"]
    assert sync.plan_only(rows, retry_refused=2)[1].counts == Counts(read=1, refused=1)
    assert keys_waiting(sync.plan([(1, "b@example.com")], retry_refused=2)[0]) == ["1"]


def test_a_row_that_is_sent_loses_the_tags_of_departed_rows() -> None:
    """Where the policy tags the contacts of departed rows, each planned row removes those tags."""
    policy = RemovalPolicy(on_removed="tag", removed_tags=("left",))
    run, _ = Scenario().plan([(1, "a@example.com")], removal=policy)
    assert [row.contact.remove_tags for row in waiting(run)] == [("left",)]


def test_a_row_keeps_its_order_with_those_that_share_what_it_sends_or_gives_up() -> None:
    """Its lanes are the hashes of the identities that it may send, and of those that it gives up."""
    sync = Scenario()
    run, _ = sync.plan([(1, "a@example.com", "+1"), (2, "b@example.com", "+1")])
    assert [row.lanes for row in waiting(run)] == [
        (UNKEYED.hash("email", "a@example.com"), UNKEYED.hash("phone", "+1")),
        (UNKEYED.hash("email", "b@example.com"),),
    ]
    sync.deliver(run)
    run, _ = sync.plan([(1, "a@example.com", "+2"), (2, "b@example.com", "+1")])
    (giver, taker) = waiting(run)
    assert UNKEYED.hash("phone", "+1") in giver.lanes
    assert UNKEYED.hash("phone", "+1") in taker.lanes


def test_counts_are_reported_after_each_batch() -> None:
    """Whoever shows progress gets the counts so far, which add up each time."""
    sync = Scenario()
    run = sync.state.begin()
    planner = sync.planner(run)
    reported: list[Counts] = []
    batches: list[list[Row]] = [[(1, "a@example.com")], [(2, INVALID), (1, "b@example.com")]]
    planner.plan(batches, read_again=lambda: batches, on_batch=reported.append)
    assert reported == [Counts(read=1, pending=1), Counts(read=3, pending=1, invalid=1, superseded=1)]


@pytest.mark.parametrize("batch_size", [1, 2, 10])
@pytest.mark.parametrize("between", ["b@example.com", INVALID])
def test_a_key_that_comes_again_as_it_was_claims_what_it_had(batch_size: int, between: str) -> None:
    """What an earlier row of its key would have claimed is free for others, and what it has is not."""
    sync = Scenario(Columns(), batch_size)
    run, _ = sync.plan([(1, "b@example.com"), (3, "a@example.com")])
    sync.deliver(run)
    run, _ = sync.plan([(1, "c@example.com"), (3, between), (3, "a@example.com")])
    assert [row.source_key for row in waiting(run)] == ["1"]
    assert sync.deliver(run) == Counts(read=3, unchanged=1, superseded=1, updated=1)
    run, found = sync.plan([(1, "c@example.com"), (3, "a@example.com"), (5, "b@example.com"), (6, "a@example.com")])
    assert [row.source_key for row in waiting(run)] == ["5"]
    assert found.counts == Counts(read=4, unchanged=2, superseded=1, pending=1)
