"""A copy of what the state store has of one sync, in a file of its own, so that a plan can be tried out there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import Database
from leadway_provider.store.syncs import identity_family

_WITHOUT_LEASE: Final = {"lease": None, "holder": None, "process": None, "held_until": None}


def copy_sync(source: Database, target: Database, sync_id: int) -> int:
    """Copy a sync with its runs, rows, claims and outbox, and the key of its hashes; return how many rows it has.

    All is read in one transaction, so that what other runs write meanwhile is seen as a whole or not at all. Ledger,
    usage and the tokens of connections are not copied.

    Args:
        source: the state store.
        target: a store with the same tables, which has nothing of the sync.
        sync_id: the store's number of the sync.
    """
    rows = 0
    with source.reading() as connection, target.writing() as into:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        else:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901 - the same one
        for table, condition in _parts(sync_id):
            found = connection.execution_options(yield_per=source.chunk).execute(sa.select(table).where(condition))
            for part in found.mappings().partitions():
                values: list[dict[str, Any]] = [dict(each) for each in part]
                if table is tables.sync:
                    values = [each | _WITHOUT_LEASE for each in values]
                into.execute(sa.insert(table), values)
                rows += len(values) if table is tables.row else 0
    return rows


def _parts(sync_id: int) -> Iterator[tuple[sa.Table, sa.ColumnElement[bool]]]:
    """Return each table with what of it is the sync's; a table comes after those that it refers to."""
    runs = sa.select(tables.run.c.id).where(tables.run.c.sync_id == sync_id)
    yield tables.sync, tables.sync.c.id == sync_id
    yield tables.run, tables.run.c.sync_id == sync_id
    yield tables.row, tables.row.c.sync_id == sync_id
    yield tables.claim, tables.claim.c.sync_id == sync_id
    yield tables.staged_claim, tables.staged_claim.c.run_id.in_(runs)
    yield tables.outbox, tables.outbox.c.run_id.in_(runs)
    yield tables.token, tables.token.c.family == identity_family(sync_id)
