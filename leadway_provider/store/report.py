"""What a run reports of itself: its counts, its rejected rows, and what it cost."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa

from leadway_provider.contacts.row import MappedColumn
from leadway_provider.store import tables
from leadway_provider.store.database import Database
from leadway_provider.store.encoding import decode_columns, decode_document
from leadway_provider.store.rejection import RejectedRows, rejected_rows
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.outcome import Counts, RowState


class Totals(NamedTuple):
    """What a run cost over all its attempts: calls to the API, and seconds."""

    calls: int
    seconds: float


class RunReport:
    """The report of one run, as it is now. Every method raises StateUnavailableError where the store can't be read."""

    def __init__(self, database: Database, run_id: str) -> None:
        self._database = database
        self._run_id = run_id

    def columns(self) -> list[MappedColumn]:
        """Return which column, or constant, feeds which field, as described."""
        return decode_columns(self._stored("columns"))

    def source(self) -> dict[str, Any]:
        """Return the facts about the source, as described."""
        return decode_document(self._stored("source"))

    def comparison(self) -> dict[str, Any]:
        """Return what a comparison with the account found beside the counts; nothing where there was none."""
        return decode_document(self._stored("comparison"))

    def counts(self) -> Counts:
        """Return how the rows ended so far, over all attempts; before the plan's end all are 0 but `pending`."""
        outbox = tables.outbox.c
        pending = (
            sa.select(sa.func.count())
            .where(outbox.run_id == self._run_id, outbox.outcome == RowState.PENDING)
            .scalar_subquery()
        )
        counters = [tables.run.c[name] for name in tables.COUNTERS]
        wanted = sa.select(*counters, pending.label("pending"), tables.run.c.status).where(
            tables.run.c.id == self._run_id
        )
        with self._database.reading() as connection:
            row = connection.execute(wanted).one()
        counts = Counts(**{name: getattr(row, name) for name in (*tables.COUNTERS, RowState.PENDING)})
        # What a dry run would carry is still in the outbox of earlier runs.
        return counts.plus(pending=counts["carried"]) if row.status == RunStatus.DRY_RUN else counts

    def rejected(self, limit: int, *, sealed: bool) -> RejectedRows:
        """Return the first rejected rows, new ones before others; see `rejected_rows`."""
        with self._database.reading() as connection:
            return rejected_rows(connection, self._run_id, limit, sealed=sealed)

    def totals(self) -> Totals:
        """Return the calls and seconds of the attempts that have ended."""
        wanted = sa.select(tables.run.c.calls, tables.run.c.seconds).where(tables.run.c.id == self._run_id)
        with self._database.reading() as connection:
            return Totals(*connection.execute(wanted).one())

    def _stored(self, column: str) -> str | None:
        with self._database.reading() as connection:
            found: str | None = connection.scalar(
                sa.select(tables.run.c[column]).where(tables.run.c.id == self._run_id)
            )
            return found
