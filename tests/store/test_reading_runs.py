"""The runs of a sync, and the syncs with their last runs, on every kind of database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.reading.page import every_record
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import Delivery
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import NOON, StoreClock, begin, deliver_all, delivered, invalid, planned, row_ids, sealed, write
from tests.store.statements import SORTS, analyze, query_plan, reads_all, statements


def all_runs(state: StateStore, run: SyncRun, limit: int) -> list[str]:
    """The ids of a sync's runs, over all pages."""
    reader = state.reader().runs()
    return [each.id for each in every_record(lambda cursor: reader.of_sync(run.sync_id, cursor=cursor, limit=limit))]


def test_a_run_is_shown_with_times_counts_and_cost(state: StateStore, sync: SyncIdentity, clock: StoreClock) -> None:
    """While it waits and when it is finished, with what its attempts cost together."""
    run = state.begin(sync, task_run="dag/run/task/-1", digest=b"", as_of=NOON - timedelta(days=1))
    run.write([planned(run, "a"), planned(run, "b")], [invalid(run, "c")])
    clock.move(seconds=5)
    run.seal(Counts(read=3, pending=2, invalid=1))
    first, second = run.outbox(0, 10)
    run.acknowledge([delivered(first, "C1")])
    run.finish(calls=2, seconds=1.5)

    found = state.reader().runs().one(run.id)

    assert found
    assert (found.id, found.sync_id, found.status) == (run.id, run.sync_id, RunStatus.DELIVERING)
    assert (found.task_run, found.attempts, found.as_of) == ("dag/run/task/-1", 1, NOON - timedelta(days=1))
    assert (found.started_at, found.sealed_at, found.finished_at) == (NOON, NOON + timedelta(seconds=5), None)
    assert found.counts == Counts(read=3, created=1, invalid=1, pending=1)
    assert (found.calls, found.seconds) == (2, 1.5)

    retry = state.begin(sync, task_run="dag/run/task/-1", digest=b"")
    clock.move(seconds=5)
    retry.acknowledge([delivered(second, "C2")])
    retry.finish(calls=1, seconds=0.5)
    finished = state.reader().runs().one(run.id)

    assert finished
    assert (finished.status, finished.finished_at, finished.attempts) == (RunStatus.FINISHED, clock.time, 2)
    assert finished.counts == Counts(read=3, created=2, invalid=1)
    assert (finished.calls, finished.seconds) == (3, 2.0)


def test_the_counts_of_a_run_add_up_whoever_delivers_its_rows(state: StateStore, sync: SyncIdentity) -> None:
    """What an abandoned run left stays pending there, and is carried by the next one; a dry run counts it as well."""
    died = sealed(state, sync, "a", "b", "c")
    died.acknowledge([delivered(row, "C1") for row in died.outbox(0, 1)])
    dry = begin(state, sync, "run 2")
    write(dry, "d")
    dry.finish_dry_run(Counts(read=1, pending=1), is_whole=False)
    reader = state.reader().runs()

    def counts(run: SyncRun) -> Counts:
        found = reader.one(run.id)
        assert found
        found.counts.verify()
        return found.counts

    assert counts(died) == Counts(read=3, created=1, pending=2)
    assert counts(dry) == Counts(read=1, carried=2, pending=3)
    run = sealed(state, sync, "a", task_run="run 3")
    assert counts(died) == Counts(read=3, created=1, pending=2)
    assert counts(dry) == Counts(read=1, carried=2, pending=3)
    assert counts(run) == Counts(read=1, carried=2, pending=3)
    deliver_all(run)
    assert counts(run) == Counts(read=1, carried=2, created=3)


def test_a_run_that_does_not_exist(state: StateStore) -> None:
    """None, and not an error."""
    assert state.reader().runs().one("0" * 32) is None


def test_runs_come_newest_first(state: StateStore, sync: SyncIdentity, clock: StoreClock) -> None:
    """Each with its status; another sync's runs are not among them."""
    planning = []
    for number in range(3):
        clock.move(seconds=1)
        planning.append(begin(state, sync, f"run {number}"))
    begin(state, replace(sync, location_id="loc2"))

    page = state.reader().runs().of_sync(planning[0].sync_id)

    assert [each.id for each in page.records] == [run.id for run in reversed(planning)]
    assert [each.status for each in page.records] == [RunStatus.PLANNING, RunStatus.ABANDONED, RunStatus.ABANDONED]
    assert page.cursor is None


def test_runs_that_began_at_one_moment_are_all_shown(state: StateStore, sync: SyncIdentity) -> None:
    """The id decides their order, so that no page leaves one out or shows it again."""
    runs = [begin(state, sync, f"run {number}") for number in range(7)]

    for limit in (1, 2, 3, 7, 100):
        assert all_runs(state, runs[0], limit) == sorted((run.id for run in runs), reverse=True)


def test_a_run_that_begins_between_two_pages_moves_none(
    state: StateStore, sync: SyncIdentity, clock: StoreClock
) -> None:
    """The second page goes on behind the first, whatever has come before it."""
    runs = []
    for number in range(4):
        clock.move(seconds=1)
        runs.append(begin(state, sync, f"run {number}"))
    reader = state.reader().runs()
    first = reader.of_sync(runs[0].sync_id, limit=2)
    clock.move(seconds=1)
    begin(state, sync, "run 4")

    second = reader.of_sync(runs[0].sync_id, cursor=first.cursor, limit=2)

    assert [each.id for each in (*first.records, *second.records)] == [run.id for run in reversed(runs)]


def test_syncs_are_shown_with_their_last_run(state: StateStore, sync: SyncIdentity, clock: StoreClock) -> None:
    """By name, host and account, byte for byte, over all pages; a sync that only has a lease has no run."""
    capital = replace(sync, name=sync.name.upper())
    elsewhere = replace(sync, location_id="loc2")
    state.lease(replace(sync, location_id="loc3")).read()
    for each in (sync, capital, elsewhere):
        deliver_all(sealed(state, each, "a"))
    clock.move(seconds=1)
    last = sealed(state, sync, "a", task_run="run 2")
    reader = state.reader().syncs()

    found = [
        each
        for each in every_record(lambda cursor: reader.summaries(cursor=cursor, limit=2))
        if each.sync.name.lower() == sync.name
    ]

    assert [(each.sync.name, each.sync.location_id) for each in found] == [
        (capital.name, "loc1"),
        (sync.name, "loc1"),
        (sync.name, "loc2"),
        (sync.name, "loc3"),
    ]
    statuses = [each.last_run and each.last_run.status for each in found]
    assert statuses == [RunStatus.FINISHED, RunStatus.DELIVERING, RunStatus.FINISHED, None]
    assert found[1].last_run
    assert (found[1].last_run.id, found[1].last_run.counts) == (last.id, Counts(read=1, pending=1))
    assert [each.waiting for each in found] == [0, 1, 0, 0]


def waiting(state: StateStore, sync: SyncIdentity) -> int:
    """How many rows of the sync wait."""
    reader = state.reader().syncs()
    [found] = [
        each
        for each in every_record(lambda cursor: reader.summaries(cursor=cursor))
        if (each.sync.name, each.sync.location_id) == (sync.name, sync.location_id)
    ]
    return found.waiting


def test_rows_wait_from_the_seal_until_they_are_acknowledged(state: StateStore, sync: SyncIdentity) -> None:
    """Departed rows too, also of a run that was abandoned; not what a plan or a dry run has found, nor refused rows."""
    deliver_all(sealed(state, sync, "departs"))
    run = begin(state, sync, "run 2")
    write(run, "a", "b")
    run.removals.plan_departed(row_ids(run, "departs").values())
    assert waiting(state, sync) == 0
    run.seal(Counts(read=2, pending=2))
    assert waiting(state, sync) == 3
    run.acknowledge([delivered(row, row.source_key) for row in run.outbox(0, 1)])
    assert waiting(state, sync) == 2
    dry = begin(state, sync, "run 3")
    write(dry, "a", "b")
    dry.finish_dry_run(Counts(read=2, pending=2))
    assert waiting(state, sync) == 2
    last = sealed(state, sync, "a", task_run="run 4")
    last.acknowledge([Delivery(row, RowState.REFUSED) for row in last.outbox(0, 1)])
    assert waiting(state, sync) == 1
    found = state.reader().syncs().waiting(last.sync_id)
    assert [(each.state, each.rows) for each in found] == [(RowState.PENDING, 1), (RowState.REFUSED, 1)]


def test_a_sync_is_shown_with_its_watermark(state: StateStore, sync: SyncIdentity) -> None:
    """None before an incremental run; then up to when the last one has read the source."""
    for expected in (None, NOON):
        run = begin(state, sync, f"run until {expected}")
        run.seal(Counts(), b"", is_whole=False, watermark=expected)
        found = every_record(lambda cursor: state.reader().syncs().summaries(cursor=cursor))
        assert [each.watermark for each in found if each.sync.id == run.sync_id] == [expected]


def fill(engine: sa.Engine, sync_id: int) -> None:
    """Give a sync a thousand runs."""
    rows = [
        {
            "id": f"{sync_id:06x}{number:06x}",
            "sync_id": sync_id,
            "task_run": f"run {number}",
            "digest": b"",
            "origin": "",
            "retry_refused": 5,
            "status": RunStatus.FINISHED,
            "started_at": NOON - timedelta(hours=number),
        }
        for number in range(1000)
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(tables.run), rows)


def test_runs_are_read_along_indexes(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """The runs of one sync, and the last run of each, without a look at all the others."""
    for number in range(10):
        fill(engine, begin(state, replace(sync, location_id=f"loc{number}")).sync_id)
    run = sealed(state, sync, "a")
    analyze(engine, "leadway_run", "leadway_sync", "leadway_outbox")

    with statements(engine, "leadway_run.") as of_sync:
        first = state.reader().runs().of_sync(run.sync_id, limit=2)
        state.reader().runs().of_sync(run.sync_id, cursor=first.cursor, limit=2)
    with statements(engine) as of_all:
        state.reader().syncs().summaries(limit=3)

    runs, more = (query_plan(engine, each) for each in of_sync)
    assert "leadway_run_by_start" in runs
    assert "leadway_run_by_start" in more
    syncs, last, *_ = (query_plan(engine, each) for each in of_all)
    assert "leadway_sync" in syncs
    assert "leadway_run_by_start" in last
    for each in (runs, more):
        assert not reads_all(each, "leadway_run"), each
        assert SORTS not in each


def test_what_waits_is_read_along_indexes(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """The rows of other syncs are not read, nor those of a run that delivers, whose counts have them."""
    sealed(state, replace(sync, location_id="other"), *(f"other {number}" for number in range(2000)))
    runs = [sealed(state, sync, "a", "b", task_run="run 1"), begin(state, sync, "run 2")]
    analyze(engine, "leadway_run", "leadway_sync", "leadway_outbox")

    with statements(engine, "leadway_outbox") as seen:
        found = state.reader().syncs().one(runs[0].sync_id)
        [waits] = state.reader().syncs().waiting(runs[0].sync_id)
    assert found is not None
    assert found.waiting == 2
    assert (waits.state, waits.rows) == (RowState.PENDING, 2)
    plans = [query_plan(engine, each) for each in seen]
    assert [plan for plan in plans if reads_all(plan, "leadway_outbox")] == []
