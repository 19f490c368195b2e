"""A sync is forgotten as a whole, in short transactions, and nothing beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import ConfigurationError, LeaseLostError
from leadway_provider.store import syncs, tables
from leadway_provider.store.state import StateStore, SyncIdentity
from leadway_provider.store.syncs import KnownSync, Memory
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.claims import Claim
from leadway_provider.sync.outcome import Counts
from tests.store.sample import acknowledged, begin, deliver_all, planned, sealed

NOTHING = Memory(rows=0, claims=0, waiting=0)


def known(state: StateStore, sync: SyncIdentity) -> KnownSync:
    """The sync as the store knows it."""
    [found] = state.syncs().known(sync.name, sync.location_id)
    return found


def waiting(state: StateStore, sync: SyncIdentity, *keys: str, task_run: str = "run 2") -> None:
    """Let these keys wait in the outbox of a run, each with a claim."""
    run = sealed(state, sync, *keys, task_run=task_run)
    ids = run.enroll(keys)
    run.claims.reclaim([], [Claim(f"{number:032x}", row_id, holds=True) for number, row_id in enumerate(ids.values())])


def status(engine: sa.Engine, sync: KnownSync) -> list[str]:
    """How the sync's runs stand."""
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(tables.run.c.status).where(tables.run.c.sync_id == sync.id)))


@pytest.mark.parametrize("step", [1, 2, 1000])
def test_a_sync_is_forgotten_as_a_whole(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Rows, claims and outbox go, however many steps it takes; runs, the ledger and every other sync stay."""
    monkeypatch.setattr(syncs, "_CHUNK", step)
    other = replace(sync, location_id="loc2")
    for each in (sync, other):
        deliver_all(sealed(state, each, "a", "b", "ä", " ", "Z"))
        waiting(state, each, "a", "c")
    this, that = known(state, sync), known(state, other)
    assert state.syncs().memory(this.id) == Memory(rows=6, claims=2, waiting=2)

    assert state.syncs().forget(this.id) == 6

    assert state.syncs().memory(this.id) == NOTHING
    assert state.syncs().memory(that.id) == Memory(rows=6, claims=2, waiting=2)
    assert sorted(status(engine, this)) == [RunStatus.ABANDONED, RunStatus.FINISHED]
    [history] = state.history().of_key("a", [this])
    assert history.now is None
    assert len(history.deliveries) == 1


def test_a_forgotten_sync_sends_everything_again(state: StateStore, sync: SyncIdentity) -> None:
    """Nothing is acknowledged any more, and no attempt goes on with an outbox that is gone."""
    deliver_all(sealed(state, sync, "a"))
    waiting(state, sync, "b")
    state.syncs().forget(known(state, sync).id)

    run = begin(state, sync, "run 2")

    assert not run.sealed
    assert run.known(["a", "b"]) == {}
    run.write([planned("a")], [])
    run.seal(Counts(read=1, pending=1))
    deliver_all(run)
    assert acknowledged(run, "a")


def test_a_reviewed_plan_is_abandoned_too(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A dry run whose outbox is gone can't be delivered as it was reviewed."""
    run = begin(state, sync)
    run.write([planned("a")], [])
    run.shelve(Counts(read=1, pending=1))

    state.syncs().forget(known(state, sync).id)

    assert status(engine, known(state, sync)) == [RunStatus.ABANDONED]
    with pytest.raises(ConfigurationError, match="can't be delivered as it was reviewed"):
        state.adopt(sync, run.id, task_run="run 1", definition=b"query")


def test_forgetting_ends_with_the_lease(state: StateStore, sync: SyncIdentity, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for before each transaction; what was forgotten by then stays so, and a repetition completes it."""
    monkeypatch.setattr(syncs, "_CHUNK", 1)
    deliver_all(sealed(state, sync, "a", "b", "c"))
    this = known(state, sync)
    looks = iter([None, None, None])

    def check() -> None:
        if next(looks, "lost") == "lost":
            raise LeaseLostError("somebody else has it")

    with pytest.raises(LeaseLostError):
        state.syncs().forget(this.id, check)
    assert state.syncs().memory(this.id).rows == 1

    assert state.syncs().forget(this.id) == 1
    assert state.syncs().memory(this.id) == NOTHING


def test_syncs_are_found_by_name_and_account(state: StateStore, sync: SyncIdentity) -> None:
    """Names are told apart exactly; without any, all are found."""
    for each in (sync, replace(sync, location_id="loc2"), replace(sync, name=sync.name.upper())):
        begin(state, each)
    book = state.syncs()

    assert [each.location_id for each in book.known(sync.name)] == ["loc1", "loc2"]
    assert [each.location_id for each in book.known(sync.name, "loc2")] == ["loc2"]
    assert book.known("no such sync") == []
    assert len([each for each in book.known() if each.name.lower() == sync.name.lower()]) == 3
