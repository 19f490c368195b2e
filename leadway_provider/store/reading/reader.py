"""A state store that is only read: nothing in its database is created, upgraded or changed."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import sqlalchemy as sa

from leadway_provider.exceptions import StateMissingError
from leadway_provider.store.database import Database
from leadway_provider.store.file import file_of, require_folder
from leadway_provider.store.reading.history import HistoryReader
from leadway_provider.store.reading.plan import PlanReader
from leadway_provider.store.reading.quotas import QuotaReader
from leadway_provider.store.reading.rows import RowReader
from leadway_provider.store.reading.runs import RunReader
from leadway_provider.store.reading.syncs import SyncReader
from leadway_provider.store.reading.usage import UsageReader
from leadway_provider.store.replica import copy_sync
from leadway_provider.store.schema import require_schema


class StateReader:
    """What can be read of one state store, in pages.

    Every query follows an index, which the methods name. It may be used from any thread. `open` and `open_file` return
    one, and `StateStore.reader` one of an open store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, engine: sa.Engine, name: str) -> Self:
        """Read the state store in a database.

        Args:
            engine: a SQLite file, PostgreSQL, MariaDB or MySQL.
            name: how errors name the store: a connection id or a file's path.

        Raises:
            StateMissingError: the SQLite file does not exist, or the database has no tables of ours.
            StateVersionError: the tables are those of an older or a newer provider.
            StateUnavailableError: the database can't be reached or read, or the SQLite file's folder is missing.
        """
        # SQLite would create a file that does not exist.
        if (file := file_of(engine)) is not None:
            require_folder(file, name)
            if not file.exists():
                raise _missing(name)
        database = Database(engine, name, read_only=True)
        require_schema(database)
        return cls(database)

    @classmethod
    def open_file(cls, path: Path) -> Self:
        """Read the state store in a SQLite file; see `open` for the errors."""
        if not path.exists():
            raise _missing(str(path))
        url = sa.URL.create("sqlite", database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true"})
        return cls.open(sa.create_engine(url, hide_parameters=True), str(path))

    def syncs(self) -> SyncReader:
        """Return the syncs of the store; see `SyncReader`."""
        return SyncReader(self._database)

    def runs(self) -> RunReader:
        """Return the runs of the store; see `RunReader`."""
        return RunReader(self._database)

    def rows_of_sync(self, sync_id: int) -> RowReader:
        """Return the rows of a sync; see `RowReader`."""
        return RowReader(self._database, sync_id=sync_id)

    def rows_of_run(self, run_id: str) -> RowReader:
        """Return the rows of a run; see `RowReader`."""
        return RowReader(self._database, run_id=run_id)

    def plan_of_run(self, run_id: str) -> PlanReader:
        """Return what a run's plan has in the outbox; see `PlanReader`."""
        return PlanReader(self._database, run_id)

    def quotas(self) -> QuotaReader:
        """Return the daily quotas of the accounts; see `QuotaReader`."""
        return QuotaReader(self._database)

    def usage(self) -> UsageReader:
        """Return what runs used of the API over time; see `UsageReader`."""
        return UsageReader(self._database)

    def history(self) -> HistoryReader:
        """Return the histories of source keys and of contacts; see `HistoryReader`."""
        return HistoryReader(self._database)

    def copy_sync(self, sync_id: int, file: Path) -> int:
        """Copy what there is of a sync to a state store in that file, and return how many rows it has.

        The file must be one that `StateStore.open_file` has made and that has nothing of the sync; see `replica`.
        """
        engine = sa.create_engine(sa.URL.create("sqlite", database=str(file)), hide_parameters=True)
        target = Database(engine, str(file))
        try:
            return copy_sync(self._database, target, sync_id)
        finally:
            target.close()

    def close(self) -> None:
        """Close the database's connections."""
        self._database.close()


def _missing(name: str) -> StateMissingError:
    return StateMissingError(
        f"There is no state store at {name!r}: a sync creates it at its first run. Name the file or the connection "
        "that the tasks use."
    )
