"""The state store: syncs, their runs, and where to go on after a crash."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from leadway_provider.exceptions import ConfigurationError, ConnectionSettingsError, StateUnavailableError
from leadway_provider.store import tables
from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.history import HistoryBook
from leadway_provider.store.lease import LeaseBook
from leadway_provider.store.quota import QuotaBook
from leadway_provider.store.run import RejectedRow, SyncRun, Totals
from leadway_provider.store.schema import ensure_schema
from leadway_provider.store.syncs import SyncBook
from leadway_provider.store.tables import RunStatus
from leadway_provider.store.token import TokenBook

__all__ = ["RejectedRow", "StateStore", "SyncIdentity", "SyncRun", "Totals"]


@dataclass(frozen=True, slots=True)
class SyncIdentity:
    """What tells syncs apart: another account, or another host, never shares fingerprints.

    Attributes:
        name: the sync's name, at most 512 characters.
        host: the API's host, at most 190 characters.
        location_id: the account, at most 64 characters.
    """

    name: str
    host: str
    location_id: str


class StateStore:
    """State in one database. It may be used from any thread, by one at a time; make it by `open` or `open_file`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, engine: sa.Engine, name: str) -> Self:
        """Use a database, and create or upgrade its tables where needed.

        Args:
            engine: a SQLite file, PostgreSQL, MariaDB or MySQL.
            name: how errors call the store: a connection id or a file's path.

        Raises:
            ConnectionSettingsError: the engine is SQLite in memory.
            StateVersionError: a newer provider wrote the schema.
            StateUnavailableError: the database can't be reached, is locked or, where it must be upgraded, read-only.
        """
        if engine.dialect.name == "sqlite" and engine.url.database in {None, "", ":memory:"}:
            raise ConnectionSettingsError(
                f"State store {name!r} is SQLite in memory, which forgets all at the end of the task: name a file."
            )
        database = Database(engine, name)
        ensure_schema(database)
        return cls(database)

    @classmethod
    def open_file(cls, path: Path) -> Self:
        """Use a SQLite file, which is created with its folder where missing; see `open` for the errors."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # For its owner only: the outbox holds contacts.
            path.touch(mode=0o600)
        except OSError as error:
            raise StateUnavailableError(
                f"State store {str(path)!r}: {error.strerror}. Let the task's user write there, or set state_conn_id."
            ) from error
        return cls.open(sa.create_engine(sa.URL.create("sqlite", database=str(path))), str(path))

    def lease(self, sync: SyncIdentity) -> LeaseBook:
        """The lease of a sync; see `LeaseBook`."""
        return LeaseBook(self._database, self._sync_id(sync))

    def quota(self, sync: SyncIdentity) -> QuotaBook:
        """The daily quota of a sync's account; see `QuotaBook`."""
        return QuotaBook(self._database, sync.host, sync.location_id)

    def begin(self, sync: SyncIdentity, *, task_run: str, definition: bytes, as_of: datetime | None = None) -> SyncRun:
        """Start a run, or go on with the sealed one that this task run left unfinished.

        Any other unfinished run of this sync is abandoned and its outbox deleted: what it had not delivered is found
        changed again. Whoever calls this holds the sync's lease.

        Args:
            sync: the source → account pair.
            task_run: what stays the same when a task is retried, and differs from one scheduled run to the next.
            definition: what the plan was made from (query, mapping, settings), hashed: a changed one is planned anew.
            as_of: the end of the data interval, in aware time: what the source then held is what the run sends.

        Raises:
            StateUnavailableError: the database can't be reached, is locked or can't be written.
        """
        run = self._begun(self._sync_id(sync), task_run, definition, as_of)
        run.sweep()
        return run

    def adopt(self, sync: SyncIdentity, reviewed: str, *, task_run: str, definition: bytes) -> SyncRun:
        """Go on with a dry run, so that exactly what it planned is delivered; a retry goes on with it again.

        Args:
            sync: the source → account pair.
            reviewed: the id of a dry run of this sync after which no other run began.
            task_run: as in `begin`.
            definition: as in `begin`.

        Raises:
            ConfigurationError: there is no such run, or another one of the sync has begun since.
            StateUnavailableError: the database can't be reached, is locked or can't be written.
        """
        return self._adopted(self._sync_id(sync), sync.name, reviewed, task_run, definition)

    def tokens(self, encrypt: Callable[[str], str], decrypt: Callable[[str], str]) -> TokenBook:
        """The tokens that are kept here; see `TokenBook`."""
        return TokenBook(self._database, encrypt, decrypt)

    def syncs(self) -> SyncBook:
        """The syncs that are known here; see `SyncBook`."""
        return SyncBook(self._database)

    def history(self) -> HistoryBook:
        """What is known here of a source row or a contact; see `HistoryBook`."""
        return HistoryBook(self._database)

    def close(self) -> None:
        """Close the database's connections."""
        self._database.close()

    @repeated_after_deadlock
    def _begun(self, sync_id: int, task_run: str, definition: bytes, as_of: datetime | None) -> SyncRun:
        """The run to go on with, or a new one, in one transaction."""
        with self._database.writing() as connection:
            # The sync's row is the lock by which two processes begin one after the other.
            connection.execute(sa.select(tables.sync.c.id).where(tables.sync.c.id == sync_id).with_for_update())
            unfinished = connection.execute(
                sa.select(tables.run.c.id, tables.run.c.status, tables.run.c.task_run, tables.run.c.definition)
                .where(
                    tables.run.c.sync_id == sync_id,
                    tables.run.c.status.in_([RunStatus.PLANNING, RunStatus.DELIVERING, RunStatus.DRY_RUN]),
                )
                .with_for_update()
            ).all()
            wanted = (RunStatus.DELIVERING, task_run, definition)
            resumed = next((found for found, *rest in unfinished if tuple(rest) == wanted), None)
            now = datetime.now(UTC)
            connection.execute(
                sa.update(tables.run)
                .where(tables.run.c.id.in_([found for found, *_ in unfinished if found != resumed]))
                .values(status=RunStatus.ABANDONED, finished_at=now)
            )
            run_id = resumed or uuid.uuid4().hex
            if resumed is None:
                connection.execute(
                    sa.insert(tables.run).values(
                        id=run_id,
                        sync_id=sync_id,
                        task_run=task_run,
                        definition=definition,
                        status=RunStatus.PLANNING,
                        as_of=as_of,
                        started_at=now,
                    )
                )
            attempt = _next_attempt(connection, run_id)
        return SyncRun(self._database, sync_id, run_id, sealed=resumed is not None, attempt=attempt)

    @repeated_after_deadlock
    def _adopted(self, sync_id: int, name: str, reviewed: str, task_run: str, definition: bytes) -> SyncRun:
        """The dry run, from now on this task run's own, in one transaction."""
        this_run = sa.and_(tables.run.c.id == reviewed, tables.run.c.sync_id == sync_id)
        with self._database.writing() as connection:
            found = connection.execute(
                sa.select(tables.run.c.status, tables.run.c.task_run).where(this_run).with_for_update()
            ).one_or_none()
            if found is None:
                raise ConfigurationError(
                    f"Run {reviewed!r} is not one of sync {name!r} in this account: give the task that plans and the "
                    "one that delivers the same sync_name, and pass on the `run_id` of the first one's report."
                )
            status, planned_by = found
            if status != RunStatus.DRY_RUN and (status == RunStatus.ABANDONED or planned_by != task_run):
                raise ConfigurationError(
                    f"Run {reviewed} of sync {name!r} can't be delivered as it was reviewed: it is {status}, since it "
                    "was delivered before or another run of the sync has begun. Plan and review anew."
                )
            if status == RunStatus.DRY_RUN:
                adopted = {"status": RunStatus.PLANNING, "task_run": task_run, "definition": definition}
                connection.execute(sa.update(tables.run).where(this_run).values(**adopted, finished_at=None))
            attempt = _next_attempt(connection, reviewed)
        sealed = status in {RunStatus.DELIVERING, RunStatus.FINISHED}
        return SyncRun(self._database, sync_id, reviewed, sealed=sealed, attempt=attempt)

    def _sync_id(self, sync: SyncIdentity) -> int:
        while True:
            with self._database.reading() as connection:
                found: int | None = connection.scalar(sa.select(tables.sync.c.id).filter_by(**asdict(sync)))
            if found is not None:
                return found
            self._add(sync)

    @repeated_after_deadlock
    def _add(self, sync: SyncIdentity) -> None:
        """Make a sync known, unless another process has been first."""
        with self._database.writing() as connection, suppress(sa.exc.IntegrityError):
            connection.execute(sa.insert(tables.sync).values(**asdict(sync), created_at=datetime.now(UTC)))


def _next_attempt(connection: sa.Connection, run_id: str) -> int:
    """Count an attempt that begins, and tell its number; part of a transaction that holds the run."""
    this_run = tables.run.c.id == run_id
    connection.execute(sa.update(tables.run).where(this_run).values(attempts=tables.run.c.attempts + 1))
    number: int = connection.execute(sa.select(tables.run.c.attempts).where(this_run)).scalar_one()
    return number
