"""Where a run goes on, and how it ends, on every kind of database."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.store import run as run_module
from leadway_provider.store import tables
from leadway_provider.store.state import StateStore, SyncIdentity, SyncRun
from leadway_provider.sync.outcome import Counts
from tests.store.sample import acknowledged, begin, deliver_all, delivered, fingerprint, invalid, planned, sealed


def status(engine: sa.Engine, run: SyncRun) -> str:
    """Where a run stands."""
    with engine.connect() as connection:
        return str(connection.scalar(sa.select(tables.run.c.status).where(tables.run.c.id == run.id)))


def test_a_retry_goes_on_with_the_sealed_run(state: StateStore, sync: SyncIdentity) -> None:
    """The next attempt of a task finds the outbox as the first left it, and its counts."""
    run = sealed(state, sync, "a", "b")
    first, second = run.outbox(0, 10)
    run.acknowledge([delivered(first, "C1")])

    retry = begin(state, sync)

    assert retry.sealed
    assert retry.id == run.id
    assert retry.outbox(0, 10) == [second]
    assert retry.counts() == Counts(read=2, created=1, pending=1)


@pytest.mark.parametrize(
    ("task_run", "definition"), [("run 2", b"query"), ("RUN 1", b"query"), ("run 1", b"query "), ("run 1", b"")]
)
def test_anything_else_is_planned_anew(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, task_run: str, definition: bytes
) -> None:
    """Another task run, or a changed query, abandons the unfinished run and empties its outbox."""
    old = sealed(state, sync, "a")

    run = begin(state, sync, task_run, definition)

    assert not run.sealed
    assert run.id != old.id
    assert old.outbox(0, 10) == []
    assert status(engine, old) == "abandoned"
    assert acknowledged(run, "a") is None


def test_an_unsealed_run_is_planned_anew(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A plan that broke off is not gone on with, even by the same task run."""
    broken = begin(state, sync)
    broken.write([planned("a")], [])

    retry = begin(state, sync)

    assert not retry.sealed
    assert status(engine, broken) == "abandoned"
    assert broken.outbox(0, 10) == []


def test_other_syncs_are_left_alone(state: StateStore, sync: SyncIdentity) -> None:
    """A run that begins touches only its own sync's runs."""
    other = SyncIdentity(sync.name, sync.host, "loc2")
    running = sealed(state, other, "a")

    begin(state, sync)

    assert len(running.outbox(0, 10)) == 1
    assert begin(state, other).id == running.id


def test_what_a_killed_begin_left_is_swept_later(
    state: StateStore, sync: SyncIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outbox that was not emptied, because the process died after abandoning the run, is emptied by the next."""
    monkeypatch.setattr(run_module, "_CHUNK", 2)
    old = sealed(state, sync, "a", "b", "c", "d", "e")
    with monkeypatch.context() as killed:
        killed.setattr(SyncRun, "sweep", lambda _: None)
        begin(state, sync, "run 2")
    assert len(old.outbox(0, 10)) == 5

    begin(state, sync, "run 3")

    assert old.outbox(0, 10) == []


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


def test_a_finished_run_is_not_gone_on_with(state: StateStore, sync: SyncIdentity) -> None:
    """A task that is cleared after success compares the source again."""
    run = sealed(state, sync, "a")
    deliver_all(run)

    again = begin(state, sync)

    assert not again.sealed
    assert again.id != run.id
    assert acknowledged(again, "a") == fingerprint("a")
    assert run.counts() == Counts(read=1, created=1)


def test_finishing_a_broken_plan_does_not_finish_it(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A plan that failed has an empty outbox too, but is no finished run."""
    run = begin(state, sync)

    run.finish(calls=1, seconds=1)

    assert status(engine, run) == "planning"


def test_a_dry_run_is_kept_until_the_next_run_begins(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it planned can be looked at and delivered; the next run empties its outbox, in any number of steps."""
    monkeypatch.setattr(run_module, "_CHUNK", 2)
    run = begin(state, sync)
    run.write([planned(key) for key in "abcd"], [])

    run.shelve(Counts(read=4, pending=4))
    run.finish(calls=1, seconds=1)

    assert status(engine, run) == "dry_run"
    assert run.counts() == Counts(read=4, pending=4)
    assert not begin(state, sync).sealed
    assert run.outbox(0, 10) == []
    with pytest.raises(ConfigurationError, match="another run of the sync has begun"):
        state.adopt(sync, run.id, task_run="run 2", definition=b"")


def test_a_dry_run_that_was_reviewed_is_delivered(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """Another task goes on with what was planned, again after a crash, and nobody else can."""
    dry = begin(state, sync)
    dry.write([planned(key) for key in "ab"], [invalid("c")])
    dry.shelve(Counts(read=3, pending=2, invalid=1), b"\x0e")

    def adopt(task_run: str = "deliver") -> SyncRun:
        return state.adopt(sync, dry.id, task_run=task_run, definition=b"other")

    run = adopt()
    assert not run.sealed
    run = adopt()  # the attempt died
    run.seal(run.counts())
    assert [row.source_key for row in run.outbox(0, 10)] == ["a", "b"]
    assert adopt().sealed
    with pytest.raises(ConfigurationError, match="it is delivering"):
        adopt("another")
    deliver_all(adopt())
    assert status(engine, run) == "finished"
    assert adopt().counts() == Counts(read=3, created=2, invalid=1)
    with pytest.raises(ConfigurationError, match="same sync_name"):
        state.adopt(replace(sync, name="another"), dry.id, task_run="deliver", definition=b"")


def test_two_stores_see_one_state(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A second worker goes on with what the first has committed."""
    run = sealed(state, sync, "a")
    second = StateStore.open(sa.create_engine(engine.url), "state")

    retry = begin(second, sync)
    deliver_all(retry)
    second.close()

    assert retry.id == run.id
    assert run.counts() == Counts(read=1, created=1)
