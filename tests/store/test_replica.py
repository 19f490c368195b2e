"""A sync is copied from any database to a file, where a plan can be tried out; and deleted from any database."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.reading.syncs import SyncRecord
from leadway_provider.store.state import StateStore
from leadway_provider.sync.claims import Claim, ClaimKind
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import begin, bits, deliver_all, sealed, write

COPIED: Final = (tables.run, tables.row, tables.claim, tables.outbox)


def filled(state: StateStore, sync: SyncIdentity) -> SyncRecord:
    """A sync with delivered rows, a row that waits, claims, and the key of its hashes."""
    state.identity_key(sync, lambda secret: f"encrypted {secret}", lambda text: text.removeprefix("encrypted "))
    deliver_all(sealed(state, sync, "a", "b", "ä", "\U0001f600", "Z"))
    run = begin(state, sync, "run 2")
    ids = write(run, "a", "c")
    holds = ClaimKind.HOLDS
    run.claims.update_claims([], [Claim(f"{number:032x}", row_id, holds) for number, row_id in enumerate(ids.values())])
    run.seal(Counts(read=2, pending=2), bits(ids), is_whole=False)
    [found] = state.syncs().known(sync.name, sync.location_id)
    return found


def contents(engine: sa.Engine, table: sa.Table, sync_id: int) -> list[Mapping[str, Any]]:
    """What a table has of a sync."""
    of_sync = table.c.sync_id == sync_id if "sync_id" in table.c else sa.true()
    with engine.connect() as connection:
        runs = set(connection.scalars(sa.select(tables.run.c.id).where(tables.run.c.sync_id == sync_id)))
        found = [dict(each) for each in connection.execute(sa.select(table).where(of_sync)).mappings()]
    return sorted((each for each in found if "run_id" not in each or each["run_id"] in runs), key=repr)


@pytest.mark.parametrize("step", [2, 1000])
def test_a_copy_has_all_of_a_sync_and_nothing_else(
    sync: SyncIdentity, engine: sa.Engine, tmp_path: Path, step: int
) -> None:
    """Every value is the same in the file, whatever the database; another sync and the lease are not there."""
    state = StateStore.open(engine, "state", chunk=step)
    this = filled(state, sync)
    filled(state, replace(sync, location_id="loc2"))
    file = tmp_path / "copy.db"
    with closing(StateStore.open_file(file)) as copy:
        assert state.reader().copy_sync(this.id, file) == 6
        assert copy.syncs().known() == [this]
        assert copy.syncs().size(this.id) == state.syncs().size(this.id)
        assert copy.has_identity_key(sync)
        assert copy.lease(sync).read() is None
        copied = sa.create_engine(f"sqlite:///{file}")
        for table in COPIED:
            assert contents(copied, table, this.id) == contents(engine, table, this.id), table.name
        copied.dispose()


def test_what_happens_to_the_copy_leaves_the_store(sync: SyncIdentity, engine: sa.Engine, tmp_path: Path) -> None:
    """A run that begins in the copy takes over what waits there, and nothing of it is in the store."""
    state = StateStore.open(engine, "state")
    this = filled(state, sync)
    before = {table.name: contents(engine, table, this.id) for table in COPIED}
    file = tmp_path / "copy.db"
    with closing(StateStore.open_file(file)) as copy:
        state.reader().copy_sync(this.id, file)
        deliver_all(sealed(copy, sync, "a", "d"))
    assert {table.name: contents(engine, table, this.id) for table in COPIED} == before


@pytest.mark.parametrize("step", [2, 1000])
def test_a_deleted_sync_is_in_no_table(sync: SyncIdentity, engine: sa.Engine, step: int) -> None:
    """Runs, ledger and the sync itself go; another sync keeps all of its own."""
    state = StateStore.open(engine, "state", chunk=step)
    this, that = filled(state, sync), filled(state, replace(sync, location_id="loc2"))
    before = {table.name: contents(engine, table, that.id) for table in (*COPIED, tables.delivery)}
    with engine.connect() as connection:
        runs = set(connection.scalars(sa.select(tables.run.c.id).where(tables.run.c.sync_id == this.id)))

    assert state.syncs().delete(this.id) == 6

    assert this not in state.syncs().known()
    with engine.connect() as connection:
        for table in tables.metadata.sorted_tables:
            for name, gone in (("sync_id", {this.id}), ("run_id", runs)):
                if name in table.c:
                    assert not gone & set(connection.scalars(sa.select(table.c[name]).distinct())), table.name
    assert {table.name: contents(engine, table, that.id) for table in (*COPIED, tables.delivery)} == before
