"""How many statements a batch of keys costs, on every kind of database."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from leadway_provider.store.state import StateStore
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import begin, row_ids
from tests.store.statements import statements

BATCH = [f"{number:04}" for number in range(1000)]


def test_a_batch_of_new_keys_costs_few_statements(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """The insert is one statement for all rows. SQLite's ids follow each other."""
    run = begin(state, sync)

    with statements(engine) as seen:
        assert run.known(BATCH) == {}
        ids = run.ensure_rows(BATCH)

    of_ids = [] if engine.dialect.name == "sqlite" else ["SELECT"]
    assert [each.sql.split()[0] for each in seen] == ["SELECT", "INSERT", *of_ids]
    assert run.known(BATCH) == {key: (row_id, None) for key, row_id in ids.items()}
    assert len(set(ids.values())) == len(BATCH)


def test_new_rows_get_their_ids_whatever_other_syncs_add(state: StateStore, sync: SyncIdentity) -> None:
    """Batches of several sizes are added in turn, and each key has the id that the table says."""
    runs = [begin(state, each) for each in (sync, replace(sync, name="another"))]
    for number, size in enumerate((1, 99, 100, 101, 205)):
        for run in runs:
            keys = [f"{number}-{key}" for key in reversed(range(size))]
            ids = run.ensure_rows(keys)
            assert set(ids) == {*keys}
            assert run.known(keys) == {key: (row_id, None) for key, row_id in ids.items()}


def test_a_batch_of_known_keys_costs_one_look_up(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """A row that the sync has met before is not inserted, and not looked up twice."""
    run = begin(state, sync)
    ids = row_ids(run, *BATCH)

    with statements(engine) as seen:
        assert run.known(BATCH) == {key: (row_id, None) for key, row_id in ids.items()}

    assert [each.sql.split()[0] for each in seen] == ["SELECT"]
