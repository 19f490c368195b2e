"""The history of a source key or of a contact: every delivery, and how the row is now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.contacts.contact import Reason
from leadway_provider.contacts.row import MappedColumn
from leadway_provider.store import tables
from leadway_provider.store.database import Database, chunks
from leadway_provider.store.encoding import decode_columns, decode_document, decode_reasons
from leadway_provider.store.ledger import columns_sent
from leadway_provider.store.reading.page import Order, Page
from leadway_provider.store.reading.rows import RowSummary, summaries_of_rows
from leadway_provider.store.reading.syncs import SyncRecord

_NEWEST_FIRST: Final = Order((tables.delivery.c.id,), (int,), newest_first=True)
_OLDEST_FIRST: Final = Order((tables.delivery.c.delivered_at, tables.delivery.c.id), (datetime, int))


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that delivered a row.

    Attributes:
        id: the run in the state store.
        task_run: the task's run as the operator calls it, `dag/dag run/task/map index`.
        started_at: when it began.
        query: the source's query, if it is known.
        columns: which column, or constant, fed which field, as far as it is known.
        versions: of the software that planned it, by name.
    """

    id: str
    task_run: str
    started_at: datetime
    query: str | None = field(repr=False)
    columns: tuple[MappedColumn, ...]
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PastDelivery:
    """An entry of the ledger.

    Attributes:
        delivered_at: when it was acknowledged.
        outcome: what became of the row, or `CLEARED` where its contact only gave an e-mail or phone up.
        contact_id: the contact, as far as it is known.
        status: the HTTP status; None where no answer came.
        trace_id: the CRM's id of the call.
        attempt: the number of the run's attempt.
        run_id: the run in the state store.
        run: what is kept of the run; None where nothing is.
        sent: the fields that were sent with what fed them; None where the run's columns are not known.
        not_kept: for which fields the CRM's answer shows another value than was sent.
        reasons: why it was refused, is unknown, or was sent without some of its values.
    """

    delivered_at: datetime
    outcome: str
    contact_id: str | None
    status: int | None
    trace_id: str | None
    attempt: int
    run_id: str
    run: PastRun | None
    sent: tuple[MappedColumn, ...] | None
    not_kept: tuple[Reason, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class TracedKey:
    """A source key that a sync has met.

    Attributes:
        sync: the sync.
        source_key: the key.
        row: the row as it is now; None where it was deleted, and only the ledger has the key.
    """

    sync: SyncRecord
    source_key: str
    row: RowSummary | None


class HistoryReader:
    """The histories in one state store. Every method raises StateUnavailableError where it can't be reached or read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_key(
        self, key: str, syncs: Sequence[SyncRecord], *, cursor: str | None = None, limit: int = 100
    ) -> Page[TracedKey]:
        """Return that source key in each of these syncs that has met it, by the store's number of the sync.

        It is found by the unique index of sync and key, and in the ledger by `leadway_delivery_key`.

        Raises:
            ValueError: see `Order.page`.
        """
        return self._traced(lambda table: table.c.source_key == key, syncs, cursor, limit)

    def of_contact(
        self, contact_id: str, syncs: Sequence[SyncRecord], *, cursor: str | None = None, limit: int = 100
    ) -> Page[TracedKey]:
        """Return all source keys of these syncs that were ever written to that contact, by sync and key.

        They are found by the indexes `leadway_row_contact` and `leadway_delivery_contact`.

        Raises:
            ValueError: see `Order.page`.
        """
        return self._traced(lambda table: table.c.contact_id == contact_id, syncs, cursor, limit)

    def deliveries(
        self, sync_id: int, source_key: str, *, cursor: str | None = None, limit: int = 100
    ) -> Page[PastDelivery]:
        """Return the ledger's entries of a source key, newest first (index `leadway_delivery_key`).

        A delivery that was refused belongs to the key too, although it may name no contact.

        Raises:
            ValueError: see `Order.page`.
        """
        entry = tables.delivery.c
        of_key = sa.select(tables.delivery).where(entry.source_key == source_key, entry.sync_id == sync_id)
        with self._database.reading() as connection:
            found = connection.execute(_NEWEST_FIRST.page(of_key, cursor, limit)).all()
            entries, next_cursor = _NEWEST_FIRST.cut(found, limit, lambda each: (each.id,))
            runs = _runs(connection, {each.run_id for each in entries})
        return Page(tuple(_delivery(each, runs.get(each.run_id)) for each in entries), next_cursor)

    def of_run(
        self, sync: SyncRecord, run_id: str, since: datetime, *, cursor: str | None = None, limit: int = 100
    ) -> Page[tuple[TracedKey, PastDelivery]]:
        """Return the ledger's entries of a run with their keys, oldest first (index `leadway_delivery_age`).

        Args:
            sync: the run's sync.
            run_id: the run.
            since: when it began; what is older is not read.
            cursor: that of the page before.
            limit: the most entries of the page.

        Raises:
            ValueError: see `Order.page`.
        """
        entry = tables.delivery.c
        of_run = sa.select(tables.delivery).where(
            entry.sync_id == sync.id, entry.delivered_at >= since, entry.run_id == run_id
        )
        with self._database.reading() as connection:
            found = connection.execute(_OLDEST_FIRST.page(of_run, cursor, limit)).all()
            entries, next_cursor = _OLDEST_FIRST.cut(found, limit, lambda each: (each.delivered_at, each.id))
            runs, rows = _runs(connection, [run_id]), _rows(connection, entries)
        records = (
            (
                TracedKey(sync, each.source_key, rows.get((sync.id, each.source_key))),
                _delivery(each, runs.get(run_id)),
            )
            for each in entries
        )
        return Page(tuple(records), next_cursor)

    def _traced(
        self,
        condition: Callable[[sa.Table], sa.ColumnElement[bool]],
        syncs: Sequence[SyncRecord],
        cursor: str | None,
        limit: int,
    ) -> Page[TracedKey]:
        by_id = {sync.id: sync for sync in syncs}
        row, entry = tables.row.c, tables.delivery.c
        in_row, in_ledger = (
            sa.select(table.c.sync_id, table.c.source_key).where(of_sync.in_(list(by_id)), condition(table))
            # In the ledger no index may be used for the sync: SQLite would read all entries of it.
            for table, of_sync in ((tables.row, row.sync_id), (tables.delivery, entry.sync_id + 0))
        )
        both = sa.union(in_row, in_ledger).subquery("traced").c
        order = Order((both.sync_id, both.source_key), (int, str))
        with self._database.reading() as connection:
            found = connection.execute(order.page(sa.select(both.sync_id, both.source_key), cursor, limit)).all()
            keys, next_cursor = order.cut(found, limit, lambda each: (each.sync_id, each.source_key))
            rows = _rows(connection, keys)
        records = (
            TracedKey(by_id[key.sync_id], key.source_key, rows.get((key.sync_id, key.source_key))) for key in keys
        )
        return Page(tuple(records), next_cursor)


def _rows(connection: sa.Connection, keys: Sequence[sa.Row[Any]]) -> dict[tuple[int, str], RowSummary]:
    """Return the rows of pairs of sync and key, of those that have one (unique index of sync and key)."""
    row = tables.row.c
    found = [
        each
        for sync_id in {key.sync_id for key in keys}
        for chunk in chunks([key.source_key for key in keys if key.sync_id == sync_id])
        for each in connection.execute(sa.select(tables.row).where(row.sync_id == sync_id, row.source_key.in_(chunk)))
    ]
    return {(each.sync_id, each.source_key): each for each in summaries_of_rows(connection, found)}


def _runs(connection: sa.Connection, ids: Iterable[str]) -> dict[str, PastRun]:
    run = tables.run.c
    columns = (run.id, run.task_run, run.started_at, run.query, run["columns"], run.versions)
    return {
        run_id: PastRun(
            run_id, task_run, started_at, query, tuple(decode_columns(described)), decode_document(versions)
        )
        for chunk in chunks(sorted(ids))
        for run_id, task_run, started_at, query, described, versions in connection.execute(
            sa.select(*columns).where(run.id.in_(chunk))
        )
    }


def _delivery(entry: sa.Row[Any], run: PastRun | None) -> PastDelivery:
    columns = run.columns if run else ()
    return PastDelivery(
        delivered_at=entry.delivered_at,
        outcome=entry.outcome,
        contact_id=entry.contact_id,
        status=entry.status,
        trace_id=entry.trace_id,
        attempt=entry.attempt,
        run_id=entry.run_id,
        run=run,
        sent=tuple(columns[position] for position in columns_sent(entry.fields)) if columns else None,
        not_kept=decode_reasons(entry.not_kept),
        reasons=decode_reasons(entry.reasons),
    )
