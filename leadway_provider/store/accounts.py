"""The accounts of a sync whose rows name their accounts: each is a sync of its own, of the same name and host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.report import RunReport
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.request import ALL_ACCOUNTS, SyncIdentity

_SEALED = (RunStatus.SEALING, RunStatus.DELIVERING, RunStatus.FINISHED)


@dataclass(frozen=True, slots=True)
class AccountRun:
    """What an attempt before this one did for one account.

    Attributes:
        run_id: the run.
        is_finished: whether everything was delivered; otherwise the run's outbox is left to do.
        counts: how its rows ended so far.
        calls: its calls to the API so far.
    """

    run_id: str
    is_finished: bool
    counts: Counts
    calls: int


class AccountStore:
    """The accounts of one such sync. Every method raises StateUnavailableError as `StateStore.begin` does.

    Args:
        database: where the syncs are.
        sync: the sync of all accounts.
    """

    def __init__(self, database: Database, sync: SyncIdentity) -> None:
        self._database = database
        self._sync = sync
        self._of_sync = sa.and_(
            tables.sync.c.name == sync.name,
            tables.sync.c.host == sync.host,
            tables.sync.c.location_id != ALL_ACCOUNTS,
        )

    def runs_since(self, run_id: str) -> Mapping[str, AccountRun]:
        """Return the sealed runs that the same task run has begun since that run of all accounts, by location."""
        run = tables.run.c
        with self._database.reading() as connection:
            task_run, started_at = connection.execute(
                sa.select(run.task_run, run.started_at).where(run.id == run_id)
            ).one()
            found = connection.execute(
                sa.select(tables.sync.c.location_id, run.id, run.status)
                .join_from(tables.run, tables.sync, tables.sync.c.id == run.sync_id)
                .where(self._of_sync, run.task_run == task_run, run.started_at >= started_at, run.status.in_(_SEALED))
                .order_by(run.started_at)
            ).all()
        return {location_id: self._account_run(each, status) for location_id, each, status in found}

    def known(self, limit: int) -> Sequence[str]:
        """Return the locations that had a part in the sync, at most so many, those that came last first."""
        sync = tables.sync.c
        with self._database.reading() as connection:
            newest_first = sa.select(sync.location_id).where(self._of_sync).order_by(sync.id.desc()).limit(limit)
            return connection.scalars(newest_first).all()

    def waiting(self) -> Sequence[str]:
        """Return the locations for which rows wait in the outbox."""
        outbox, run = tables.outbox.c, tables.run.c
        waits = sa.exists().where(outbox.run_id == run.id, run.sync_id == tables.sync.c.id)
        with self._database.reading() as connection:
            return connection.scalars(
                sa.select(tables.sync.c.location_id).where(self._of_sync, waits).order_by(tables.sync.c.id)
            ).all()

    @repeated_after_deadlock
    def move_watermark(self, until: datetime) -> None:
        """Store up to when the source was read for all accounts; a watermark never moves back."""
        sync = tables.sync.c
        this_sync = sa.and_(
            sync.name == self._sync.name,
            sync.host == self._sync.host,
            sync.location_id == self._sync.location_id,
        )
        with self._database.writing() as connection:
            connection.execute(
                sa.update(tables.sync)
                .where(this_sync, sa.or_(sync.watermark_at.is_(None), sync.watermark_at < until))
                .values(watermark_at=until)
            )

    def _account_run(self, run_id: str, status: str) -> AccountRun:
        report = RunReport(self._database, run_id)
        return AccountRun(run_id, status == RunStatus.FINISHED, report.counts(), report.totals().calls)
