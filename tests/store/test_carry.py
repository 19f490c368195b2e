"""What earlier runs left in the sync's outbox: the next run delivers it, lets it wait, or drops it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.carry import DroppedRows, Sealed
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.store.waiting import WaitingRows
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import Delivery, Refusal, SettledRow
from leadway_provider.sync.request import SyncIdentity
from tests.faults.instant import at
from tests.store.sample import (
    MALFORMED,
    acknowledged,
    begin,
    bits,
    deliver_all,
    delivered,
    fingerprint,
    invalid,
    planned,
    row_ids,
    sealed,
    write,
)
from tests.store.statements import killed

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def outbox(run: SyncRun) -> list[tuple[str, bytes]]:
    """Key and content of the rows that a run delivers, in order."""
    return [(row.source_key, row.fingerprint) for row in run.outbox(0, 1000)]


def refuse(run: SyncRun) -> None:
    """Let the API refuse every row of the outbox, and end the attempt."""
    run.acknowledge([Delivery(row, RowState.REFUSED, reasons=(MALFORMED,), status=422) for row in run.outbox(0, 1000)])
    run.finish(calls=1, seconds=0.5)


def partial(state: StateStore, sync: SyncIdentity, number: int, retry_refused: int = 5) -> SyncRun:
    """Begin a run, and seal it with a partial read that found nothing."""
    run = state.begin(sync, task_run=f"run {number}", digest=b"query", retry_refused=retry_refused)
    run.seal(Counts(), b"", is_whole=False)
    return run


def outcomes(engine: sa.Engine, run: SyncRun) -> dict[str, str]:
    """Return the outcome of each row of the sync."""
    row = tables.row.c
    with engine.connect() as connection:
        found = connection.execute(sa.select(row.source_key, row.outcome).where(row.sync_id == run.sync_id))
        return {key: outcome for key, outcome in found.all()}  # noqa: C416 - rows of a result are not pairs to mypy


def test_a_plan_that_was_not_delivered_is_delivered_by_the_next_run(
    state_by_twos: StateStore, sync: SyncIdentity
) -> None:
    """A run that died for good after its seal loses nothing; its rows are counted as carried, and end with this run."""
    died = sealed(state_by_twos, sync, *"abcde")
    died.acknowledge([delivered(row, "C1") for row in died.outbox(0, 1)])
    run = begin(state_by_twos, sync, "run 2")
    write(run, "f")

    assert run.seal(Counts(read=1, pending=1), bits(row_ids(run, "f")), is_whole=False) == Sealed(carried=4)

    assert sorted(outbox(run)) == [(key, fingerprint(key)) for key in "bcdef"]
    assert outbox(died) == []
    assert run.counts() == Counts(read=1, carried=4, pending=5)
    deliver_all(run)
    assert run.counts() == Counts(read=1, carried=4, created=5)
    run.counts().verify()
    assert {acknowledged(run, key) for key in "bcdef"} == {fingerprint(key) for key in "bcdef"}


def test_rows_that_the_new_plan_decided_are_dropped_from_the_old_one(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """Changed, invalid and superseded ones: what the source says now counts, and no row is sent or counted twice."""
    sealed(state, sync, "changed", "invalid", "superseded", "old")
    run = begin(state, sync, "run 2")
    ids = row_ids(run, "changed", "invalid", "superseded")
    superseded = SettledRow(ids["superseded"], "superseded", RowState.SUPERSEDED, (MALFORMED,))
    run.write([planned(run, "changed", "new")], [invalid(run, "invalid"), superseded])

    counts = Counts(read=3, pending=1, invalid=1, superseded=1)
    assert run.seal(counts, bits(ids), is_whole=False) == Sealed(carried=1)

    assert sorted(outbox(run)) == [("changed", fingerprint("new")), ("old", fingerprint("old"))]
    assert run.counts() == counts.plus(carried=1, pending=1)
    run.counts().verify()
    wanted = {"changed": "pending", "old": "pending", "invalid": "invalid", "superseded": "superseded"}
    assert outcomes(engine, run) == wanted


def test_a_row_that_an_older_interval_only_looked_at_is_carried(state: StateStore, sync: SyncIdentity) -> None:
    """A backfill reads a row that a newer run had planned, and leaves it: the newer content is delivered."""
    newer = state.begin(sync, task_run="run 1", digest=b"query", as_of=NOON)
    ids = write(newer, "a", content="newer")
    newer.seal(Counts(read=1, pending=1), bits(ids), is_whole=False)
    backfill = state.begin(sync, task_run="backfill", digest=b"query", as_of=NOON - timedelta(days=1))
    assert backfill.seen_by_newer() == bits(ids)

    backfill.seal(Counts(read=1, superseded=1), bits(ids), is_whole=False)

    assert outbox(backfill) == [("a", fingerprint("newer"))]
    assert backfill.counts() == Counts(read=1, superseded=1, carried=1, pending=1)


def test_a_whole_read_drops_rows_that_are_gone(state: StateStore, sync: SyncIdentity) -> None:
    """A row that is no longer in the source is not sent, whether it was pending or refused; another one is."""
    first = sealed(state, sync, "refused", "pending", "still there")
    [refused, *_] = first.outbox(0, 10)
    first.acknowledge([Delivery(refused, RowState.REFUSED, reasons=(MALFORMED,))])
    run = begin(state, sync, "run 2")
    ids = write(run, "still there")

    assert run.seal(Counts(read=1, pending=1), bits(ids), is_whole=True) == Sealed()

    assert outbox(run) == [("still there", fingerprint("still there"))]
    assert [(each.state, each.rows) for each in run.waiting()] == [(RowState.PENDING, 1)]
    assert run.refusals(row_ids(run, "refused").values()) == {}


def test_rows_of_another_source_are_never_delivered(state: StateStore, sync: SyncIdentity) -> None:
    """With another connection or key, the same key may be another person; what is dropped is named with its origin."""

    def run_from(origin: str, task_run: str) -> SyncRun:
        return state.begin(sync, task_run=task_run, digest=b"query", origin=origin)

    first = run_from("warehouse", "run 1")
    write(first, "a", "b", "c")
    first.seal(Counts(read=3, pending=3), b"", is_whole=False)
    first.acknowledge([Delivery(row, RowState.REFUSED, reasons=(MALFORMED,)) for row in first.outbox(0, 1)])
    run = run_from("other", "run 2")

    sealed_ = run.seal(Counts(), b"", is_whole=False)

    assert sealed_ == Sealed(dropped=(DroppedRows(first.id, "warehouse", 3),))
    assert outbox(run) == outbox(first) == []
    assert run.waiting() == []


def test_rows_of_another_account_stay_in_its_own_sync(state: StateStore, sync: SyncIdentity) -> None:
    """A sync of the same name to another account carries none of them, and drops none."""
    run = sealed(state, sync, "a", "b")
    other = begin(state, replace(sync, location_id="elsewhere"))

    assert other.seal(Counts(), b"", is_whole=False) == Sealed()

    assert outbox(other) == []
    assert [row.source_key for row in run.outbox(0, 10)] == ["a", "b"]


@pytest.mark.parametrize("retry_refused", [0, 1, 3])
def test_a_refused_row_is_tried_again_by_so_many_runs(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, retry_refused: int
) -> None:
    """With N, N later runs send it once more each; then it stays refused, waits, and is neither sent nor counted."""
    first = state.begin(sync, task_run="run 0", digest=b"query", retry_refused=retry_refused)
    ids = write(first, "a")
    first.seal(Counts(read=1, pending=1), bits(ids), is_whole=False)
    refuse(first)

    for number in range(1, retry_refused + 1):
        run = partial(state, sync, number, retry_refused)
        assert outbox(run) == [("a", fingerprint("a"))]
        refuse(run)
        assert run.counts() == Counts(carried=1, refused=1)

    for number in (retry_refused + 1, retry_refused + 2):
        run = partial(state, sync, number, retry_refused)
        assert outbox(run) == []
        run.finish(calls=0, seconds=0)
        assert run.counts() == Counts()
        assert [(each.state, each.rows) for each in run.waiting()] == [(RowState.REFUSED, 1)]
    assert outcomes(engine, run) == {"a": "refused"}
    assert run.refusals(ids.values()) == {ids["a"]: Refusal(fingerprint("a"), retry_refused + 1, (MALFORMED,))}


def test_a_refused_row_finishes_its_run(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """It stays in the outbox for later runs, but no attempt of its own run sends it again."""
    run = sealed(state, sync, "a")
    refuse(run)

    assert run.outbox(0, 10) == []
    with engine.connect() as connection:
        assert connection.scalar(sa.select(tables.run.c.status).where(tables.run.c.id == run.id)) == "finished"
    assert run.counts() == Counts(read=1, refused=1)
    [waits] = run.waiting()
    assert waits == WaitingRows(RowState.REFUSED, 1, waits.since)


def test_a_run_that_died_is_not_a_refusal(state: StateStore, sync: SyncIdentity) -> None:
    """Only runs in which the API refused the row are counted; a carried row that was not reached comes back as ever."""
    refuse(sealed(state, sync, "a"))
    for number in range(2, 6):
        assert outbox(partial(state, sync, number, retry_refused=1)) == [("a", fingerprint("a"))]

    refuse(partial(state, sync, 6, retry_refused=1))

    assert outbox(partial(state, sync, 7, retry_refused=1)) == []


def test_a_refused_row_that_changed_begins_anew(state: StateStore, sync: SyncIdentity) -> None:
    """What the new plan writes is sent in place of it, with as many refusals as the plan says."""
    first = sealed(state, sync, "a", "b")
    refuse(first)
    run = begin(state, sync, "run 2")
    ids = row_ids(run, "a", "b")
    known = run.refusals(ids.values())
    assert {row_id: refusal.runs for row_id, refusal in known.items()} == dict.fromkeys(ids.values(), 1)
    run.write([planned(run, "a", "new"), planned(run, "b")._replace(refusals=1)], [])
    run.seal(Counts(read=2, pending=2), bits(ids), is_whole=False)

    refuse(run)

    runs = {row_id: refusal.runs for row_id, refusal in run.refusals(ids.values()).items()}
    assert runs == {ids["a"]: 1, ids["b"]: 2}


def test_a_row_that_the_plan_finds_refused_too_often_waits_on(
    state_by_twos: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """The plan counts it as refused; what was refused, and how often, stays, whatever kills the seal."""
    refuse(sealed(state_by_twos, sync, "a", "b", "c"))
    run = state_by_twos.begin(sync, task_run="run 2", digest=b"query", retry_refused=0)
    ids = row_ids(run, "a", "b", "c")
    run.write([], [SettledRow(ids[key], key, RowState.REFUSED, (MALFORMED,)) for key in "abc"])
    with at("DELETE FROM leadway_outbox", killed, after=3), pytest.raises(KeyboardInterrupt):
        run.seal(Counts(read=3, refused=3), bits(ids), is_whole=True)

    again = state_by_twos.begin(sync, task_run="run 2", digest=b"query", retry_refused=0)

    assert (again.id, again.outbox(0, 10)) == (run.id, [])
    assert again.counts() == Counts(read=3, refused=3)
    assert [(each.state, each.rows) for each in again.waiting()] == [(RowState.REFUSED, 3)]
    assert {refusal.runs for refusal in again.refusals(ids.values()).values()} == {1}
    assert set(outcomes(engine, run).values()) == {"refused"}


def test_a_carry_that_was_killed_is_completed(state_by_twos: StateStore, sync: SyncIdentity) -> None:
    """Killed between two parts of it, the retry takes over the rest, and every row is carried once."""
    sealed(state_by_twos, sync, *"abcdefg")
    run = begin(state_by_twos, sync, "run 2")
    write(run, "a", content="new")
    with at("UPDATE leadway_outbox", killed, after=1), pytest.raises(KeyboardInterrupt):
        run.seal(Counts(read=1, pending=1), bits(row_ids(run, "a")), is_whole=False)

    retry = begin(state_by_twos, sync, "run 2")

    assert (retry.id, retry.sealed) == (run.id, True)
    assert sorted(outbox(retry)) == sorted([("a", fingerprint("new")), *((key, fingerprint(key)) for key in "bcdefg")])
    assert retry.counts() == Counts(read=1, carried=6, pending=7)


def test_a_plan_that_is_not_sealed_carries_nothing(state: StateStore, sync: SyncIdentity) -> None:
    """Killed before its seal, it leaves the outbox as it was, and the run after it delivers all of it."""
    died = sealed(state, sync, "a", "b")
    broken = begin(state, sync, "run 2")
    write(broken, "a", content="new")

    run = partial(state, sync, 3)

    assert sorted(outbox(run)) == [("a", fingerprint("a")), ("b", fingerprint("b"))]
    assert outbox(died) == []


def test_a_dry_run_counts_what_it_would_carry(state_by_twos: StateStore, sync: SyncIdentity) -> None:
    """It changes nothing of it, and leaves out what its own plan has; delivered, exactly that is carried."""
    died = sealed(state_by_twos, sync, *"abcde")
    dry = begin(state_by_twos, sync, "run 2")
    ids = write(dry, "a", content="new")

    dry.finish_dry_run(Counts(read=1, pending=1), bits(ids), is_whole=False)

    assert dry.counts() == Counts(read=1, carried=4, pending=5)
    dry.counts().verify()
    assert len(outbox(died)) == 5
    reviewed = state_by_twos.resume_reviewed(sync, dry.id, task_run="deliver", digest=b"query")
    assert reviewed.seal() == Sealed(carried=4)
    assert reviewed.counts() == Counts(read=1, carried=4, pending=5)
    assert ("a", fingerprint("new")) in outbox(reviewed)


def test_departed_rows_are_not_carried(state: StateStore, sync: SyncIdentity) -> None:
    """Whether a row is gone is for the newest read to say: what an earlier run found is dropped, and found anew."""
    deliver_all(sealed(state, sync, "a", "b"))
    died = begin(state, sync, "run 2")
    died.removals.plan_departed(row_ids(died, "a").values())
    died.seal(Counts(read=1, unchanged=1), bits(row_ids(died, "b")), is_whole=True)

    run = partial(state, sync, 3)

    assert run.removals.waiting() == died.removals.waiting() == 0
    assert run.counts() == Counts()
    assert run.removals.count_with_contact() == 2
