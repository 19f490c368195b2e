"""PostgreSQL's statistics of the state's tables, taken again whenever the rows of a sync may have doubled.

A server takes them by itself, but at the earliest a minute after a change, and never where that is turned off. Until
then it supposes that a sync which a plan has just filled has hardly any rows, and reads all of them for each look-up: a
first sync would take a time that grows with the square of its rows.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import Database, repeated_after_deadlock

_FEW: Final = 1000
"""With fewer rows any way to read them is fast."""
_ANALYZE: Final = f"ANALYZE (SKIP_LOCKED) {tables.row}, {tables.claim}, {tables.outbox}, {tables.delivery}"


class Statistics:
    """Counts what one phase of a run writes.

    Args:
        database: the state store's.
        rows: selects the rows of the sync of which the phase writes more and more.
    """

    def __init__(self, database: Database, rows: sa.Select[Any]) -> None:
        self._database = database
        self._rows = rows
        self._written = 0
        self._due = _FEW

    def written(self, rows: int) -> None:
        """Count rows that were written, and take the statistics where at least half of the sync's are of this phase.

        This is looked at when so many were written again. Where the database's user does not own the tables,
        PostgreSQL leaves them out with a warning of its own.

        Raises:
            StateUnavailableError: the database can't be reached or written.
        """
        self._written += rows
        if self._written >= self._due and self._database.is_postgresql:
            self._take()
            self._due = 2 * self._written

    @repeated_after_deadlock
    def _take(self) -> None:
        with self._database.writing() as connection:
            if connection.execute(self._rows.offset(2 * self._written).limit(1)).first() is None:
                connection.exec_driver_sql(_ANALYZE)
