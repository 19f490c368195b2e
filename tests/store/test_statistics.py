"""What a run writes is found along the indexes at once, also in a database that was empty a moment before."""

from __future__ import annotations

import re

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import Database
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.store.statistics import Statistics
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import SettledRow
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import begin
from tests.store.statements import query_plan, reads_all, statements

BATCH = 1000
FEW = 20


def plan_rows(state: StateStore, sync: SyncIdentity, batches: int) -> SyncRun:
    """Plan so many batches of rows that a sync has never seen."""
    run = begin(state, sync)
    for number in range(batches):
        keys = [f"{number}-{each:04}" for each in range(BATCH)]
        run.known(keys)
        run.write([], [SettledRow(row_id, key, RowState.SUPERSEDED) for key, row_id in run.ensure_rows(keys).items()])
    return run


def test_a_first_plan_looks_its_rows_up_by_their_keys(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A server that does not know how many rows there are would read all rows of the sync for each batch."""
    run = plan_rows(state, sync, 8)
    with statements(engine, "leadway_row") as seen:
        assert len(run.known([f"1-{each:04}" for each in range(FEW)])) == FEW
    plan = query_plan(engine, seen[0])
    assert not reads_all(plan, "leadway_row")
    if engine.dialect.name == "postgresql":
        assert re.search(r"Index Cond: .*source_key", plan)


def test_statistics_are_taken_when_a_sync_has_doubled(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """At 4,000, 8,000 and 16,000 of 8,000 rows, not for each batch; no other kind of database needs it."""
    run = plan_rows(state, sync, 8)
    taken = Statistics(Database(engine, "state"), sa.select(tables.row.c.id).where(tables.row.c.sync_id == run.sync_id))
    with statements(engine) as seen:
        for _ in range(16):
            taken.written(BATCH)
    looked_at_and_taken = ["SELECT", "SELECT", "SELECT", "ANALYZE", "SELECT", "ANALYZE", "SELECT", "ANALYZE"]
    assert [each.sql.split()[0] for each in seen] == looked_at_and_taken * (engine.dialect.name == "postgresql")
