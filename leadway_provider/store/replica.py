"""A copy of what the state store has of one sync, in a file of its own, so that a plan can be tried out there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import Database
from leadway_provider.store.forgotten import KEY_FAMILY
from leadway_provider.store.syncs import identity_family
from leadway_provider.sync.request import ALL_ACCOUNTS

_WITHOUT_LEASE: Final = {"lease": None, "holder": None, "process": None, "held_until": None}


def copy_sync(source: Database, target: Database, sync_id: int) -> int:
    """Copy a sync with its runs, rows, claims, outbox and forgotten keys; return how many rows it has.

    All is read in one transaction, so that what other runs write meanwhile is seen as a whole or not at all. The
    keys of its hashes are copied; ledger, usage and the tokens of connections are not.

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
                if table is tables.forgotten:
                    values = [each | {"sync_id": sync_id} for each in values]
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
    yield tables.token, tables.token.c.family.in_([identity_family(sync_id), KEY_FAMILY])
    yield tables.forgotten, _is_forgotten_by(sync_id)


def _is_forgotten_by(sync_id: int) -> sa.ColumnElement[bool]:
    """Return the condition of what a sync has forgotten, by itself or together with all accounts of its name."""
    forgotten, of_all, this = tables.forgotten.c, tables.sync.alias(), tables.sync.alias()
    alike = (this.c.id == sync_id, of_all.c.name == this.c.name, of_all.c.host == this.c.host)
    together = sa.select(of_all.c.id).where(*alike, of_all.c.location_id == ALL_ACCOUNTS)
    own = sa.select(forgotten.key_hash).where(forgotten.sync_id == sync_id, forgotten.key_hash.is_not(None))
    return sa.or_(
        forgotten.sync_id == sync_id, sa.and_(forgotten.sync_id.in_(together), forgotten.key_hash.not_in(own))
    )
