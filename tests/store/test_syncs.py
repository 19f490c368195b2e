"""A sync is reset as a whole, in short transactions, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import ConfigurationError, LeaseLostError
from leadway_provider.store import tables
from leadway_provider.store.reading.history import TracedKey
from leadway_provider.store.reading.syncs import SyncRecord, SyncSize
from leadway_provider.store.state import StateStore
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.claims import Claim, ClaimKind
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import acknowledged, begin, bits, deliver_all, sealed, write

NOTHING = SyncSize(rows=0, claims=0, waiting=0)


def known(state: StateStore, sync: SyncIdentity) -> SyncRecord:
    """The sync as the store has it."""
    [found] = state.syncs().known(sync.name, sync.location_id)
    return found


def waiting(state: StateStore, sync: SyncIdentity, *keys: str, task_run: str = "run 2") -> None:
    """Let these keys wait in the outbox of a run, each with a claim."""
    run = begin(state, sync, task_run)
    ids = write(run, *keys)
    holds = ClaimKind.HOLDS
    run.claims.update_claims([], [Claim(f"{number:032x}", row_id, holds) for number, row_id in enumerate(ids.values())])
    run.seal(Counts(read=len(keys), pending=len(keys)), bits(ids), is_whole=False)


def status(engine: sa.Engine, sync: SyncRecord) -> list[str]:
    """The statuses of the sync's runs."""
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(tables.run.c.status).where(tables.run.c.sync_id == sync.id)))


@pytest.mark.parametrize("step", [1, 2, 1000])
def test_a_sync_is_forgotten_as_a_whole(sync: SyncIdentity, engine: sa.Engine, step: int) -> None:
    """Rows, claims and outbox go, however many steps it takes; runs, the ledger and every other sync stay."""
    state = StateStore.open(engine, "state", chunk=step)
    other = replace(sync, location_id="loc2")
    for each in (sync, other):
        deliver_all(sealed(state, each, "a", "b", "ä", " ", "Z"))
        waiting(state, each, "a", "c")
    this, that = known(state, sync), known(state, other)
    assert state.syncs().size(this.id) == SyncSize(rows=6, claims=2, waiting=2)

    assert state.syncs().forget(this.id) == 6

    assert state.syncs().size(this.id) == NOTHING
    assert state.syncs().size(that.id) == SyncSize(rows=6, claims=2, waiting=2)
    assert sorted(status(engine, this)) == [RunStatus.ABANDONED, RunStatus.FINISHED]
    assert state.reader().history().of_key("a", [this]).records == (TracedKey(this, "a", row=None),)
    assert len(state.reader().history().deliveries(this.id, "a").records) == 1


def test_a_forgotten_sync_sends_everything_again(state: StateStore, sync: SyncIdentity) -> None:
    """Nothing is acknowledged any more, and no attempt continues with an outbox that was deleted."""
    deliver_all(sealed(state, sync, "a"))
    waiting(state, sync, "b")
    state.syncs().forget(known(state, sync).id)

    run = begin(state, sync, "run 2")

    assert not run.sealed
    assert run.known(["a", "b"]) == {}
    write(run, "a")
    run.seal(Counts(read=1, pending=1))
    deliver_all(run)
    assert acknowledged(run, "a")


def test_a_reviewed_plan_is_abandoned_too(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A dry run whose outbox was deleted can't be delivered as it was reviewed."""
    run = begin(state, sync)
    write(run, "a")
    run.finish_dry_run(Counts(read=1, pending=1))

    state.syncs().forget(known(state, sync).id)

    assert status(engine, known(state, sync)) == [RunStatus.ABANDONED]
    with pytest.raises(ConfigurationError, match="can't be delivered as it was reviewed"):
        state.resume_reviewed(sync, run.id, task_run="run 1", digest=b"query")


def test_forgetting_ends_with_the_lease(sync: SyncIdentity, engine: sa.Engine) -> None:
    """It is checked before each transaction; what was deleted by then stays so, and a repetition completes it."""
    state = StateStore.open(engine, "state", chunk=1)
    deliver_all(sealed(state, sync, "a", "b", "c"))
    this = known(state, sync)
    looks = iter([None, None, None])

    def check() -> None:
        if next(looks, "lost") == "lost":
            raise LeaseLostError("another run has it")

    with pytest.raises(LeaseLostError):
        state.syncs().forget(this.id, check)
    assert state.syncs().size(this.id).rows == 1

    assert state.syncs().forget(this.id) == 1
    assert state.syncs().size(this.id) == NOTHING


def test_syncs_are_found_by_name_and_account(state: StateStore, sync: SyncIdentity) -> None:
    """Names are compared exactly; without any, all are found."""
    for each in (sync, replace(sync, location_id="loc2"), replace(sync, name=sync.name.upper())):
        begin(state, each)
    syncs = state.syncs()

    assert [each.location_id for each in syncs.known(sync.name)] == ["loc1", "loc2"]
    assert [each.location_id for each in syncs.known(sync.name, "loc2")] == ["loc2"]
    assert syncs.known("no such sync") == []
    assert len([each for each in syncs.known() if each.name.lower() == sync.name.lower()]) == 3
