"""How a run begins, continues and ends, on every kind of database."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.store import tables
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.request import SyncIdentity
from tests.faults.instant import at
from tests.store.sample import (
    StoreClock,
    acknowledged,
    begin,
    bits,
    deliver_all,
    delivered,
    fingerprint,
    invalid,
    planned,
    sealed,
    write,
)
from tests.store.statements import killed


def status(engine: sa.Engine, run: SyncRun) -> str:
    """The status of a run."""
    with engine.connect() as connection:
        return str(connection.scalar(sa.select(tables.run.c.status).where(tables.run.c.id == run.id)))


def test_a_retry_continues_with_the_sealed_run(state: StateStore, sync: SyncIdentity) -> None:
    """The next attempt of a task finds the outbox as it was at the end of the first, and its counts."""
    run = sealed(state, sync, "a", "b")
    first, second = run.outbox(0, 10)
    run.acknowledge([delivered(first, "C1")])

    retry = begin(state, sync)

    assert retry.sealed
    assert retry.id == run.id
    assert retry.outbox(0, 10) == [second]
    assert retry.counts() == Counts(read=2, created=1, pending=1)


@pytest.mark.parametrize(
    ("task_run", "digest"), [("run 2", b"query"), ("RUN 1", b"query"), ("run 1", b"query "), ("run 1", b"")]
)
def test_anything_else_is_planned_again(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, task_run: str, digest: bytes
) -> None:
    """Another task run, or a changed query, abandons the unfinished run; its outbox stays until the new plan counts."""
    old = sealed(state, sync, "a")

    run = begin(state, sync, task_run, digest)

    assert not run.sealed
    assert run.id != old.id
    assert [row.source_key for row in old.outbox(0, 10)] == ["a"]
    assert status(engine, old) == "abandoned"
    assert acknowledged(run, "a") is None
    ids = write(run, "a", content="new")
    run.seal(Counts(read=1, pending=1), bits(ids))
    assert old.outbox(0, 10) == []
    assert [row.fingerprint for row in run.outbox(0, 10)] == [fingerprint("new")]


def test_an_unsealed_run_is_planned_again(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A plan that failed is not continued, even by the same task run."""
    broken = begin(state, sync)
    write(broken, "a")

    retry = begin(state, sync)

    assert not retry.sealed
    assert status(engine, broken) == "abandoned"
    assert broken.outbox(0, 10) == []


def test_other_syncs_stay_as_they_are(state: StateStore, sync: SyncIdentity) -> None:
    """A run that begins touches only its own sync's runs."""
    other = SyncIdentity(sync.name, sync.host, "loc2")
    running = sealed(state, other, "a")

    begin(state, sync)

    assert len(running.outbox(0, 10)) == 1
    assert begin(state, other).id == running.id


def test_an_outbox_that_was_not_emptied_is_emptied_later(state_by_twos: StateStore, sync: SyncIdentity) -> None:
    """A process that dies after it abandoned a plan leaves that plan's outbox to the next one."""
    old = begin(state_by_twos, sync)
    write(old, "a", "b", "c", "d", "e")
    with at("DELETE FROM leadway_outbox", killed), pytest.raises(KeyboardInterrupt):
        begin(state_by_twos, sync, "run 2")
    assert len(old.outbox(0, 10)) == 5

    run = begin(state_by_twos, sync, "run 3")

    assert old.outbox(0, 10) == []
    assert run.known(["a", "b", "c", "d", "e"]) == {}


def test_a_run_is_finished_when_its_outbox_is_empty(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """Calls and seconds of all attempts are added up; the last attempt finishes the run."""
    run = sealed(state, sync, "a", "b")
    first, second = run.outbox(0, 10)
    run.acknowledge([delivered(first, "C1")])
    run.finish(calls=3, seconds=1.25)
    assert status(engine, run) == "delivering"

    retry = begin(state, sync)
    retry.acknowledge([delivered(second, "C2")])
    retry.finish(calls=2, seconds=0.5)

    assert status(engine, retry) == "finished"
    assert retry.totals() == (5, 1.75)


def test_a_finished_run_is_not_continued(state: StateStore, sync: SyncIdentity) -> None:
    """A task that is cleared after success compares the source again."""
    run = sealed(state, sync, "a")
    deliver_all(run)

    again = begin(state, sync)

    assert not again.sealed
    assert again.id != run.id
    assert acknowledged(again, "a") == fingerprint("a")
    assert run.counts() == Counts(read=1, created=1)


def test_finishing_a_broken_plan_does_not_finish_it(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A plan that failed has an empty outbox too, but is not a finished run."""
    run = begin(state, sync)

    run.finish(calls=1, seconds=1)

    assert status(engine, run) == "planning"


def test_a_dry_run_is_kept_until_the_next_run_begins(
    state_by_twos: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """What it planned can be looked at and delivered; the next run empties its outbox, in any number of steps."""
    state = state_by_twos
    run = begin(state, sync)
    write(run, *"abcd")

    run.finish_dry_run(Counts(read=4, pending=4))
    run.finish(calls=1, seconds=1)

    assert status(engine, run) == "dry_run"
    assert run.counts() == Counts(read=4, pending=4)
    assert not begin(state, sync).sealed
    assert run.outbox(0, 10) == []
    with pytest.raises(ConfigurationError, match="another run of the sync has begun"):
        state.resume_reviewed(sync, run.id, task_run="run 2", digest=b"")


def test_a_dry_run_that_was_reviewed_is_delivered(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """Another task goes on with what was planned, also after a crash; a third task can not."""
    dry = begin(state, sync)
    dry.write([planned(dry, key) for key in "ab"], [invalid(dry, "c")])
    dry.finish_dry_run(Counts(read=3, pending=2, invalid=1), b"\x0e")

    def resume(task_run: str = "deliver") -> SyncRun:
        return state.resume_reviewed(sync, dry.id, task_run=task_run, digest=b"other")

    run = resume()
    assert not run.sealed
    run = resume()  # the attempt died
    run.seal(run.counts())
    assert [row.source_key for row in run.outbox(0, 10)] == ["a", "b"]
    assert resume().sealed
    with pytest.raises(ConfigurationError, match="it is delivering"):
        resume("another")
    deliver_all(resume())
    assert status(engine, run) == "finished"
    assert resume().counts() == Counts(read=3, created=2, invalid=1)
    with pytest.raises(ConfigurationError, match="same sync_name"):
        state.resume_reviewed(replace(sync, name="another"), dry.id, task_run="deliver", digest=b"")


def test_two_stores_see_one_state(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A second worker continues with what the first has committed."""
    run = sealed(state, sync, "a")
    second = StateStore.open(sa.create_engine(engine.url), "state")

    retry = begin(second, sync)
    deliver_all(retry)
    second.close()

    assert retry.id == run.id
    assert run.counts() == Counts(read=1, created=1)


@pytest.mark.parametrize("first", [0, 1])
def test_a_sibling_of_a_mapped_task_with_another_query_is_refused(
    state: StateStore, sync: SyncIdentity, clock: StoreClock, first: int
) -> None:
    """The outbox of the sibling that was first stays; in the next DAG run both are refused, whoever begins first."""
    run = begin(state, sync, "dag/run 1/task/0", b"query for DE")
    run.seal(Counts(read=1, pending=1), bits(write(run, "a")), is_whole=True)
    clock.move(1)
    with pytest.raises(ConfigurationError, match=r"Map indexes 0 and 1 .*\bsync_name") as refused:
        begin(state, sync, "dag/run 1/task/1", b"query for FR")
    assert sync.name in str(refused.value)
    clock.move(1)
    for map_index in (first, 1 - first):
        with pytest.raises(ConfigurationError, match="sync_name"):
            begin(state, sync, f"dag/run 2/task/{map_index}", b"query for DE" if map_index == 0 else b"query for FR")
    assert [row.source_key for row in run.outbox(0, 10)] == ["a"]


def test_siblings_of_one_query_are_not_refused(state: StateStore, sync: SyncIdentity) -> None:
    """They are mapped over something that changes nothing of the plan."""
    for map_index in (0, 1):
        deliver_all(begin(state, sync, f"dag/run 1/task/{map_index}"))
