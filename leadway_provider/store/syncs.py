"""The syncs that a state store knows, and how one is forgotten, so that its next run sends everything again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.tables import RunStatus

_CHUNK: Final = 1000


@dataclass(frozen=True, slots=True)
class KnownSync:
    """A sync of the store.

    Attributes:
        id: the store's own number for it.
        name: the sync's name.
        host: the API.
        location_id: the account.
    """

    id: int
    name: str
    host: str
    location_id: str


@dataclass(frozen=True, slots=True)
class Memory:
    """What the store knows of a sync, apart from its runs and the ledger: how many of each.

    Attributes:
        rows: source rows, with what the CRM acknowledged of each.
        claims: e-mails and phones that rows hold or wait for.
        waiting: rows that wait in an outbox.
    """

    rows: int
    claims: int
    waiting: int


class SyncBook:
    """The syncs of one state store. Every method raises StateUnavailableError as `StateStore.begin` does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, name: str | None = None, location_id: str | None = None) -> list[KnownSync]:
        """The syncs of that name and account, or all of them, by name."""
        sync = tables.sync.c
        wanted = sa.select(sync.id, sync.name, sync.host, sync.location_id)
        if name is not None:
            wanted = wanted.where(sync.name == name)
        if location_id is not None:
            wanted = wanted.where(sync.location_id == location_id)
        with self._database.reading() as connection:
            found = connection.execute(wanted.order_by(sync.name, sync.location_id, sync.host))
            return [KnownSync(*each) for each in found]

    def memory(self, sync_id: int) -> Memory:
        """How much `forget` would delete."""
        rows, claims, waiting = (
            sa.select(sa.func.count()).select_from(table).where(belongs).scalar_subquery()
            for table, belongs in (
                (tables.row, tables.row.c.sync_id == sync_id),
                (tables.claim, tables.claim.c.sync_id == sync_id),
                (tables.outbox, tables.outbox.c.run_id.in_(_runs_of(sync_id))),
            )
        )
        with self._database.reading() as connection:
            return Memory(*connection.execute(sa.select(rows, claims, waiting)).one())

    def forget(self, sync_id: int, check: Callable[[], None] = lambda: None) -> int:
        """Delete a sync's rows, claims and outbox in short transactions, and tell how many rows; runs and ledger stay.

        Whoever calls this holds the sync's lease. Unfinished runs are abandoned first, so that no attempt goes on with
        what is gone. Killed half-way, some rows are forgotten and others are not; both is safe, and a repetition
        completes it.

        Args:
            sync_id: the sync.
            check: asked before each transaction; raises where the lease is lost.
        """
        check()
        self._abandon_runs(sync_id)
        key: str | None = ""
        forgotten = 0
        while key is not None:
            check()
            key, rows = self._forget_rows(sync_id, key)
            forgotten += rows
        return forgotten

    @repeated_after_deadlock
    def _abandon_runs(self, sync_id: int) -> None:
        unfinished = (RunStatus.PLANNING, RunStatus.DELIVERING, RunStatus.DRY_RUN)
        with self._database.writing() as connection:
            connection.execute(
                sa.update(tables.run)
                .where(tables.run.c.sync_id == sync_id, tables.run.c.status.in_(unfinished))
                .values(status=RunStatus.ABANDONED, finished_at=datetime.now(UTC))
            )

    @repeated_after_deadlock
    def _forget_rows(self, sync_id: int, after: str) -> tuple[str | None, int]:
        """Forget the rows that come next by key, and what refers to them; tells the last key, and how many."""
        row = tables.row.c
        # By key, along the index: looked for from its start, each time, they would stand behind all that are deleted.
        following = (
            sa.select(row.id, row.source_key)
            .where(row.sync_id == sync_id, row.source_key > after)
            .order_by(row.source_key)
            .limit(_CHUNK)
        )
        with self._database.writing() as connection:
            found = connection.execute(following).all()
            ids = [row_id for row_id, _ in found]
            if ids:
                connection.execute(sa.delete(tables.outbox).where(tables.outbox.c.row_id.in_(ids)))
                connection.execute(sa.delete(tables.claim).where(tables.claim.c.row_id.in_(ids)))
                connection.execute(sa.delete(tables.row).where(row.id.in_(ids)))
        return (found[-1].source_key if len(found) == _CHUNK else None), len(found)


def _runs_of(sync_id: int) -> sa.Select[tuple[str]]:
    return sa.select(tables.run.c.id).where(tables.run.c.sync_id == sync_id)
