"""The state store: where the syncs of many tasks keep what they need after a crash."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from leadway_provider.clock import utc_now
from leadway_provider.exceptions import ConnectionSettingsError, StateUnavailableError
from leadway_provider.store.accounts import AccountStore
from leadway_provider.store.alert import AlertStore
from leadway_provider.store.attempt import (
    begin_run,
    complete_seals,
    is_split,
    join_run,
    refuse_sibling,
    resume_reviewed,
)
from leadway_provider.store.before import SqlBeforeStore
from leadway_provider.store.database import CHUNK, STATE_DIALECTS, Database
from leadway_provider.store.file import file_of, opened_file, protect_file
from leadway_provider.store.forgotten import KEY_FAMILY, ForgottenStore
from leadway_provider.store.lease import SqlLeaseStore
from leadway_provider.store.outbox import sweep_outbox
from leadway_provider.store.part_run import PartRun
from leadway_provider.store.parts import SqlPartStore, forget_parts
from leadway_provider.store.person import PersonStore
from leadway_provider.store.quota import QuotaStore
from leadway_provider.store.reading.reader import StateReader
from leadway_provider.store.run import SyncRun
from leadway_provider.store.schema import ensure_schema
from leadway_provider.store.slots import SqlSlotStore
from leadway_provider.store.syncs import SyncStore, identity_family
from leadway_provider.store.token import SqlTokenStore
from leadway_provider.sync.request import SyncIdentity

__all__ = ["PartRun", "StateStore", "SyncRun"]


class StateStore:
    """State in one database. Any thread may use it, many at a time; `open` or `open_file` return one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, engine: sa.Engine, name: str, now: Callable[[], datetime] = utc_now, *, chunk: int = CHUNK) -> Self:
        """Use a database, and create or upgrade its tables where needed.

        Args:
            engine: a SQLite file, PostgreSQL, MariaDB or MySQL.
            name: how errors name the store: a connection id or a file's path.
            now: the present, in aware time.
            chunk: rows in one statement or short transaction.

        Raises:
            ConnectionSettingsError: the engine is of another kind, SQLite in memory, or a file of another owner that
                others can read.
            StateVersionError: a newer provider wrote the schema.
            StateUnavailableError: the database can't be reached, is locked or, where it must be upgraded, read-only.
        """
        if engine.dialect.name not in STATE_DIALECTS or engine.dialect.driver == "pyodbc":
            raise ConnectionSettingsError(
                f"State store {name!r} is {engine.dialect.name} by way of {engine.dialect.driver}, which can't keep "
                "the state: use a connection to PostgreSQL, MariaDB, MySQL or a SQLite file."
            )
        if (file := file_of(engine)) is not None:
            protect_file(file, name)
        database = Database(engine, name, now, chunk=chunk)
        if engine.dialect.name == "sqlite":
            with database.reading() as connection:
                opened = opened_file(connection)
            if opened is None:
                database.close()
                raise ConnectionSettingsError(
                    f"State store {name!r} is SQLite in memory, which is lost at the end of the task: name a file."
                )
            protect_file(opened, name)
        ensure_schema(database)
        return cls(database)

    @classmethod
    def open_file(cls, path: Path, now: Callable[[], datetime] = utc_now) -> Self:
        """Use a SQLite file, which is created with its folder where it is missing; see `open` for the errors."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StateUnavailableError(
                f"State store {str(path)!r}: {error.strerror}. Let the task's user write there, or set state_conn_id."
            ) from error
        engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), hide_parameters=True)
        return cls.open(engine, str(path), now)

    def lease(self, sync: SyncIdentity) -> SqlLeaseStore:
        """Return the lease of a sync; see `SqlLeaseStore`."""
        return SqlLeaseStore(self._database, self.syncs().ensure(sync))

    def quota(self, sync: SyncIdentity) -> QuotaStore:
        """Return the daily quota of a sync's account; see `QuotaStore`."""
        return QuotaStore(self._database, sync.host, sync.location_id)

    def slots(self, sync: SyncIdentity, app: str) -> SqlSlotStore:
        """Return the leases of the quota that an app has for a sync's account; see `SqlSlotStore`."""
        return SqlSlotStore(self._database, sync.host, sync.location_id, app)

    def begin(
        self,
        sync: SyncIdentity,
        *,
        task_run: str,
        digest: bytes,
        origin: str = "",
        as_of: datetime | None = None,
        retry_refused: int = 5,
    ) -> SyncRun:
        """Start a run, or go on with the sealed one that this task run left unfinished.

        Any other unfinished run of this sync is abandoned. What its plan left, if it was never sealed, is deleted; what
        a sealed run could not deliver stays in the outbox for the next one. The caller must hold the sync's lease.

        Args:
            sync: the source → account pair.
            task_run: what stays the same when a task is retried, and differs from one scheduled run to the next.
            digest: what the plan was made from (query, mapping, settings), hashed: a changed one is planned anew.
            origin: names source connection and key; what was planned from another one is never delivered by this run.
            as_of: the end of the data interval, in aware time: what the source then held is what the run sends.
            retry_refused: a row that the API refused is tried again by so many runs; then it waits until it changes.

        Raises:
            ConfigurationError: another map index of the same mapped task reads other rows under this sync.
            StateUnavailableError: the database can't be reached, is locked or can't be written.
        """
        sync_id = self.syncs().ensure(sync)
        refuse_sibling(
            self._database,
            sync_id,
            sync.name,
            task_run=task_run,
            digest=digest,
            origin=origin,
            retry_refused=retry_refused,
        )
        complete_seals(self._database, sync_id)
        run = begin_run(
            self._database,
            sync_id,
            task_run=task_run,
            digest=digest,
            origin=origin,
            as_of=as_of,
            retry_refused=retry_refused,
        )
        sweep_outbox(self._database, sync_id)
        forget_parts(self._database, sync_id)
        return run

    def resume_reviewed(self, sync: SyncIdentity, reviewed: str, *, task_run: str, digest: bytes) -> SyncRun:
        """Go on with a dry run, so that exactly what it planned is delivered; a retry continues with it again.

        Args:
            sync: the source → account pair.
            reviewed: the id of a dry run of this sync after which no other run began.
            task_run: as in `begin`.
            digest: as in `begin`.

        Raises:
            ConfigurationError: the run does not exist, or another one of the sync has begun since.
            StateUnavailableError: the database can't be reached, is locked or can't be written.
        """
        sync_id = self.syncs().ensure(sync)
        complete_seals(self._database, sync_id)
        return resume_reviewed(self._database, sync_id, sync.name, reviewed, task_run=task_run, digest=digest)

    def is_split(self, sync: SyncIdentity, reviewed: str) -> bool:
        """Return whether the outbox of a reviewed run was split into parts, so that workers may deliver it.

        Raises:
            ConfigurationError: the run does not exist, or another one of the sync has begun since.
        """
        return is_split(self._database, self.syncs().ensure(sync), sync.name, reviewed)

    def parts(self, sync: SyncIdentity, run_id: str) -> SqlPartStore:
        """Return the parts of a run; see `PartStore`."""
        return SqlPartStore(self._database, self.syncs().ensure(sync), run_id)

    def join(self, sync: SyncIdentity, reviewed: str) -> PartRun:
        """Return a run that was split, for a worker that holds its lease; raises as `is_split` does."""
        return join_run(self._database, self.syncs().ensure(sync), sync.name, reviewed)

    def watermark(self, sync: SyncIdentity) -> datetime | None:
        """Return up to when a sync's incremental runs have read the source; None before the first."""
        return self.syncs().watermark(self.syncs().ensure(sync))

    def tokens(self, encrypt: Callable[[str], str], decrypt: Callable[[str], str]) -> SqlTokenStore:
        """Return the rotating tokens that are kept here; see `SqlTokenStore`."""
        return SqlTokenStore(self._database, encrypt, decrypt)

    def identity_key(
        self, sync: SyncIdentity, encrypt: Callable[[str], str], decrypt: Callable[[str], str]
    ) -> bytes | None:
        """Return the key that a sync's e-mails and phones are hashed with, which is made before its first row.

        It is stored encrypted, each time anew, so that a Fernet key that was replaced can be taken away after the next
        run of each sync. The caller must hold the sync's lease.

        Returns:
            The key; None for a sync that has rows without one, because hashes of two kinds can't be compared.

        Raises:
            ConfigurationError: the key can't be decrypted.
        """
        sync_id = self.syncs().ensure(sync)
        make = None if self.syncs().has_rows(sync_id) else lambda: secrets.token_hex(32)
        found = self.tokens(encrypt, decrypt).keep_key(identity_family(sync_id), make)
        return None if found is None else bytes.fromhex(found)

    def has_identity_key(self, sync: SyncIdentity) -> bool:
        """Return whether a sync's e-mails and phones are hashed with a key."""
        return self.syncs().has_key(self.syncs().ensure(sync))

    def forgotten_secret(self, encrypt: Callable[[str], str], decrypt: Callable[[str], str]) -> bytes:
        """Return the key that the keys of forgotten persons are hashed with, which is made where there is none.

        It is the same for all syncs, and is stored encrypted, each time anew, as `identity_key` says.

        Raises:
            ConfigurationError: it can't be decrypted.
        """
        found = self.tokens(encrypt, decrypt).keep_key(KEY_FAMILY, lambda: secrets.token_hex(32))
        return bytes.fromhex(found or "")

    def before(
        self, sync_id: int, run_id: str, encrypt: Callable[[str], str], decrypt: Callable[[str], str]
    ) -> SqlBeforeStore:
        """Return what a run's contacts were before; see `SqlBeforeStore`."""
        return SqlBeforeStore(self._database, sync_id, run_id, encrypt, decrypt)

    def forgotten(self) -> ForgottenStore:
        """Return the record of persons that were forgotten; see `ForgottenStore`."""
        return ForgottenStore(self._database)

    def persons(self) -> PersonStore:
        """Return what the store has of persons; see `PersonStore`."""
        return PersonStore(self._database)

    def accounts(self, sync: SyncIdentity) -> AccountStore:
        """Return the accounts of a sync whose rows name their accounts; see `AccountStore`."""
        return AccountStore(self._database, sync)

    def alerts(self) -> AlertStore:
        """Return which conditions of alerts are met; see `AlertStore`."""
        return AlertStore(self._database)

    def syncs(self) -> SyncStore:
        """Return the syncs of this store; see `SyncStore`."""
        return SyncStore(self._database)

    def reader(self) -> StateReader:
        """Return what can be read of this store, in pages; see `StateReader`."""
        return StateReader(self._database)

    def close(self) -> None:
        """Close the database's connections."""
        self._database.close()
