"""The syncs of a state store; one can be reset, so that its next run sends everything again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.bulk import delete_all
from leadway_provider.store.database import repeated_after_deadlock
from leadway_provider.store.reading.syncs import SyncReader
from leadway_provider.store.tables import UNFINISHED, RunStatus
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.request import SyncIdentity


def identity_family(sync_id: int) -> str:
    """Return what the key of a sync's hashes is stored as, among the secrets of the store."""
    return f"identities of sync {sync_id}"


class SyncStore(SyncReader):
    """The syncs of one state store. Every method raises StateUnavailableError as `StateStore.begin` does."""

    def ensure(self, sync: SyncIdentity) -> int:
        """Return the store's number of a sync, which gets one where it has none."""
        while True:
            with self._database.reading() as connection:
                found: int | None = connection.scalar(sa.select(tables.sync.c.id).filter_by(**asdict(sync)))
            if found is not None:
                return found
            self._add(sync)

    def forget(self, sync_id: int, check: Callable[[], None] = lambda: None) -> int:
        """Delete a sync's rows, claims and outbox in short transactions, and return how many rows were deleted.

        The key of its hashes goes too; runs and ledger stay. The caller must hold the sync's lease. Unfinished
        runs are abandoned first, so that no attempt continues with what is deleted. Killed half-way, some rows are
        deleted and others are not; both is safe, and a repetition completes it.

        Args:
            sync_id: the sync.
            check: is called before each transaction; raises where the lease is lost.
        """
        check()
        self._abandon_runs(sync_id)
        key: str | None = ""
        forgotten = 0
        while key is not None:
            check()
            key, rows = self._forget_rows(sync_id, key)
            forgotten += rows
        check()
        with self._database.writing() as connection:
            connection.execute(sa.delete(tables.token).where(tables.token.c.family == identity_family(sync_id)))
        return forgotten

    def delete(self, sync_id: int, check: Callable[[], None] = lambda: None) -> int:
        """Delete all that is stored of a sync, and the sync itself; return how many rows it had.

        Runs, the ledger and the record of forgotten keys go, too.

        It is done in short transactions, the sync last; killed half-way, a repetition completes it. The caller must
        hold the sync's lease, which goes with the sync.

        Args:
            sync_id: the sync.
            check: is called before each transaction; raises where the lease is lost.
        """
        forgotten = self.forget(sync_id, check)
        runs = sa.select(tables.run.c.id).where(tables.run.c.sync_id == sync_id)
        for table in (tables.delivery, tables.usage, tables.forgotten):
            while self._delete_some(table, sync_id, check):
                pass
        check()
        delete_all(self._database, tables.before, tables.before.c.contact_id, tables.before.c.sync_id == sync_id)
        check()
        with self._database.writing() as connection:
            for table in (tables.part, tables.worker):
                connection.execute(sa.delete(table).where(table.c.run_id.in_(runs)))
            connection.execute(sa.delete(tables.alert).where(tables.alert.c.sync_id == sync_id))
            connection.execute(sa.delete(tables.run).where(tables.run.c.sync_id == sync_id))
            connection.execute(sa.delete(tables.sync).where(tables.sync.c.id == sync_id))
        return forgotten

    @repeated_after_deadlock
    def _delete_some(self, table: sa.Table, sync_id: int, check: Callable[[], None]) -> bool:
        """Delete the next entries of a sync; return whether there may be more."""
        check()
        of_sync = sa.select(table.c.id).where(table.c.sync_id == sync_id).limit(self._database.chunk)
        with self._database.writing() as connection:
            found = connection.scalars(of_sync).all()
            connection.execute(sa.delete(table).where(table.c.id.in_(found)))
        return len(found) == self._database.chunk

    def has_rows(self, sync_id: int) -> bool:
        """Return whether the store has any row of a sync."""
        with self._database.reading() as connection:
            return (
                connection.scalar(sa.select(tables.row.c.id).where(tables.row.c.sync_id == sync_id).limit(1))
                is not None
            )

    def has_key(self, sync_id: int) -> bool:
        """Return whether the store has a key of a sync's hashes."""
        wanted = sa.select(tables.token.c.secret).where(tables.token.c.family == identity_family(sync_id))
        with self._database.reading() as connection:
            return connection.scalar(wanted) is not None

    @repeated_after_deadlock
    def ask_full_resync(self, sync_id: int) -> None:
        """Let the sync's next whole run send every row, as `full_resync=True` does; a dry run only plans it."""
        self._set_full_resync(sync_id, self._database.now())

    @repeated_after_deadlock
    def withdraw_full_resync(self, sync_id: int) -> None:
        """Take back what `ask_full_resync` asked for; a run that has planned it goes on."""
        self._set_full_resync(sync_id, None)

    def _set_full_resync(self, sync_id: int, asked_at: datetime | None) -> None:
        asked = sa.update(tables.sync).where(tables.sync.c.id == sync_id).values(resync_asked_at=asked_at)
        with self._database.writing() as connection:
            connection.execute(asked)

    def retry_refused(self, sync_id: int) -> int:
        """Let the next runs try the sync's refused rows again, as if each had been refused for the first time.

        Returns:
            How many rows that concerns: all that the API refused last, and that wait in the outbox.
        """
        position: int | None = 0
        rows = 0
        while position is not None:
            position, more = self._count_refusals_anew(sync_id, position)
            rows += more
        return rows

    @repeated_after_deadlock
    def _count_refusals_anew(self, sync_id: int, after: int) -> tuple[int | None, int]:
        """Treat the refused rows that come next; return the last position, None at the end, and how many they were."""
        outbox, run = tables.outbox.c, tables.run.c
        runs = sa.select(run.id).where(run.sync_id == sync_id)
        following = (
            sa.select(outbox.id)
            .where(outbox.run_id.in_(runs), outbox.outcome == RowState.REFUSED, outbox.refusals > 0, outbox.id > after)
            .order_by(outbox.id)
            .limit(self._database.chunk)
        )
        with self._database.writing() as connection:
            found = connection.scalars(following).all()
            connection.execute(sa.update(tables.outbox).where(outbox.id.in_(found)).values(refusals=0))
        return (found[-1] if len(found) == self._database.chunk else None), len(found)

    @repeated_after_deadlock
    def _add(self, sync: SyncIdentity) -> None:
        """Store a sync, unless another process has been first."""
        with self._database.writing() as connection, suppress(sa.exc.IntegrityError):
            connection.execute(sa.insert(tables.sync).values(**asdict(sync), created_at=self._database.now()))

    def watermark(self, sync_id: int) -> datetime | None:
        """Return up to when a sync's incremental runs have read the source; None before the first."""
        with self._database.reading() as connection:
            found: datetime | None = connection.scalar(
                sa.select(tables.sync.c.watermark_at).where(tables.sync.c.id == sync_id)
            )
        return found

    @repeated_after_deadlock
    def _abandon_runs(self, sync_id: int) -> None:
        with self._database.writing() as connection:
            connection.execute(
                sa.update(tables.run)
                .where(tables.run.c.sync_id == sync_id, tables.run.c.status.in_(UNFINISHED))
                .values(status=RunStatus.ABANDONED, finished_at=self._database.now())
            )
            connection.execute(sa.update(tables.sync).where(tables.sync.c.id == sync_id).values(watermark_at=None))

    @repeated_after_deadlock
    def _forget_rows(self, sync_id: int, after: str) -> tuple[str | None, int]:
        """Delete the rows that come next by key, and what refers to them; return the last key, and how many."""
        row = tables.row.c
        # By key, along the index: a search that begins at its start each time would pass all that was just deleted.
        following = (
            sa.select(row.id, row.source_key)
            .where(row.sync_id == sync_id, row.source_key > after)
            .order_by(row.source_key)
            .limit(self._database.chunk)
        )
        with self._database.writing() as connection:
            found = connection.execute(following).all()
            ids = [row_id for row_id, _ in found]
            for table in (tables.outbox, tables.claim, tables.staged_claim, tables.reason):
                connection.execute(sa.delete(table).where(table.c.row_id.in_(ids)))
            connection.execute(sa.delete(tables.row).where(row.id.in_(ids)))
        return (found[-1].source_key if len(found) == self._database.chunk else None), len(found)
