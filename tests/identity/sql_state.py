"""The state of one sync in a database, with the methods that the state in memory has: both play the same runs."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.parts import SqlPartStore
from leadway_provider.store.run import SyncRun
from leadway_provider.store.state import StateStore
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.claims import ClaimKind
from leadway_provider.sync.request import SyncIdentity


class SqlState:
    """The state of one sync; `begin` its runs one after the other."""

    def __init__(self, engine: sa.Engine, store: StateStore, sync: SyncIdentity) -> None:
        self._engine = engine
        self._store = store
        self._sync = sync

    def begin(self, *, task_run: str, retry_refused: int) -> SqlRun:
        """Start a run, or continue with the sealed one that this task run left unfinished."""
        run = self._store.begin(self._sync, task_run=task_run, digest=b"", retry_refused=retry_refused)
        return SqlRun(self._engine, run)

    def resume_reviewed(self, run_id: str, *, task_run: str) -> SqlRun:
        """Continue with a dry run."""
        run = self._store.resume_reviewed(self._sync, run_id, task_run=task_run, digest=b"")
        return SqlRun(self._engine, run)

    def parts(self, run_id: str) -> SqlPartStore:
        """Return the parts of a run, for several workers."""
        return self._store.parts(self._sync, run_id)

    def join(self, run_id: str) -> SqlRun:
        """Return a run that was split, for one of its workers."""
        return SqlRun(self._engine, self._store.join(self._sync, run_id))

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return what is known of each source row, by its key."""
        row, other = tables.row.c, tables.row.alias("other")
        wanted = (
            sa.select(tables.row, other.c.source_key.label("other_key"))
            .outerjoin_from(tables.row, other, other.c.id == row.collides_with)
            .where(row.sync_id == self._sync_id)
        )
        with self._engine.connect() as connection:
            found = connection.execute(wanted).all()
        return {
            each.source_key: {
                "state": each.outcome,
                "contact_id": each.contact_id,
                "is_acknowledged": each.fingerprint is not None,
                "created_by_sync": bool(each.created_by_sync),
                "acknowledged_values": None if each.acknowledged_values is None else bytes(each.acknowledged_values),
                "in_crm": {identity.hex() for identity in (each.in_crm, each.also_in_crm) if identity},
                "collides_with": each.other_key,
            }
            for each in found
        }

    def claims(self) -> dict[tuple[str, str], ClaimKind]:
        """Return who holds, retains or waits for which identity, by its hash and the row's key.

        Those of rows that only a plan without a seal has added do not count; the next run deletes them.
        """
        claim, row, run = tables.claim.c, tables.row.c, tables.run.c
        wanted = (
            sa.select(claim.identity, row.source_key, claim.kind)
            .join_from(tables.claim, tables.row, row.id == claim.row_id)
            .join(tables.run, run.id == row.run_id)
            .where(claim.sync_id == self._sync_id, run.sealed_at.is_not(None))
        )
        with self._engine.connect() as connection:
            return {(each.identity.hex(), each.source_key): ClaimKind(each.kind) for each in connection.execute(wanted)}

    @property
    def _sync_id(self) -> int:
        return self._store.syncs().ensure(self._sync)


class SqlPlan:
    """What is kept of a run."""

    def __init__(self, engine: sa.Engine, run_id: str) -> None:
        self._engine = engine
        self._run_id = run_id

    @property
    def status(self) -> RunStatus:
        """The run's status."""
        with self._engine.connect() as connection:
            return RunStatus(
                connection.scalars(sa.select(tables.run.c.status).where(tables.run.c.id == self._run_id)).one()
            )


class SqlRun:
    """A run of the state store that ends as one in memory does: it took no time, and made no calls."""

    def __init__(self, engine: sa.Engine, run: SyncRun) -> None:
        self._run = run
        self.plan = SqlPlan(engine, run.id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._run, name)

    def finish(self) -> None:
        """End an attempt."""
        self._run.finish(calls=0, seconds=0.0)
