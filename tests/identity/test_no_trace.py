"""A plan that is not sealed changes nothing: every table of the state store is compared before and after."""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import Any, cast

import sqlalchemy as sa

from leadway_provider.policies import RemovalPolicy
from leadway_provider.store import tables
from leadway_provider.store.state import StateStore
from leadway_provider.sync.request import SyncIdentity
from leadway_provider.testing import MemoryState
from tests.identity.faults import Fault
from tests.identity.model import Person, RunSpec, World
from tests.identity.sql_state import SqlState

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
HOME, WORK = "+12025550101", "+12025550102"


def every_table(engine: sa.Engine) -> dict[str, list[Any]]:
    """Return the rows of each table but that of the runs, which keeps that there was a run."""
    with engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for table in tables.metadata.sorted_tables
            if table is not tables.run
        }


def test_a_dry_run_a_killed_plan_and_an_abandoned_one_change_no_table(engine: sa.Engine) -> None:
    """Rows wait in the outbox, e-mails move and are shared, rows are new and depart: all is as it was."""
    world = World(policy=RemovalPolicy("tag", ("left",), max_removed=10))
    with closing(StateStore.open(engine, "state", world.time.now)) as store:
        sync = SyncIdentity(f"customers {uuid.uuid4().hex}", "https://api.example.com", "loc1")
        state = SqlState(engine, store, sync)
        world.state = cast("MemoryState", state)
        world.source = {1: Person(ANN, HOME, "Ann"), 2: Person(BOB, WORK, "Bob"), 3: Person(EVE, None, "Eve")}
        world.refused = frozenset({EVE})
        world.run()
        world.source[2] = Person(BOB, HOME, "Bobby")
        world.run(RunSpec(attempts=({0: Fault.KILLED_BEFORE},), is_abandoned=True))
        state.begin(task_run="before", retry_refused=5)
        before = every_table(engine)

        world.source = {2: Person(ANN, HOME, "Bob"), 3: Person(EVE, WORK, "Eve"), 4: Person(BOB, None, "Sue")}
        world.dry_run()
        assert every_table(engine) != before
        assert world.run(RunSpec(plan_dies_after=1)) is None
        abandoned = state.begin(task_run="abandoned", retry_refused=5)
        world.plan(cast("Any", abandoned))
        state.begin(task_run="after", retry_refused=5)

        assert every_table(engine) == before
