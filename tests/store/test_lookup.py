"""How many statements a batch of keys costs, on every kind of database."""

from __future__ import annotations

import sqlalchemy as sa

from leadway_provider.store.state import StateStore
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import begin, row_ids
from tests.store.statements import statements

BATCH = [f"{number:04}" for number in range(1000)]


def test_a_batch_of_new_keys_costs_two_look_ups_and_one_insert(
    state: StateStore, sync: SyncIdentity, engine: sa.Engine
) -> None:
    """The insert is one statement for all rows, and their ids are read at once."""
    run = begin(state, sync)

    with statements(engine) as seen:
        assert run.known(BATCH) == {}
        ids = run.ensure_rows(BATCH)

    assert [each.sql.split()[0] for each in seen] == ["SELECT", "INSERT", "SELECT"]
    assert run.known(BATCH) == {key: (row_id, None) for key, row_id in ids.items()}
    assert len(set(ids.values())) == len(BATCH)


def test_a_batch_of_known_keys_costs_one_look_up(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A row that the sync has met before is not inserted, and not looked up twice."""
    run = begin(state, sync)
    ids = row_ids(run, *BATCH)

    with statements(engine) as seen:
        assert run.known(BATCH) == {key: (row_id, None) for key, row_id in ids.items()}

    assert [each.sql.split()[0] for each in seen] == ["SELECT"]
