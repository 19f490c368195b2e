"""What the store can tell of one source row or one contact: every delivery, and how things stand now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.contacts.contact import Reason
from leadway_provider.contacts.row import MappedColumn
from leadway_provider.store import tables
from leadway_provider.store.database import Database, chunks
from leadway_provider.store.encoding import decode_columns, decode_document, decode_reasons, decode_remarks
from leadway_provider.store.ledger import places_sent
from leadway_provider.store.syncs import KnownSync
from leadway_provider.store.tables import RunStatus

_CHUNK: Final = 1000


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that delivered the row.

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
    query: str | None
    columns: tuple[MappedColumn, ...]
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PastDelivery:
    """An entry of the ledger.

    Attributes:
        run_id: the run in the state store.
        run: what is kept of it; None where that is gone.
        sent: the fields that were sent with what fed them; None where the run's columns are not known.
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
class PresentRow:
    """How a source row stands.

    Attributes:
        outcome: an `Outcome`, or `REMOVED`.
        contact_id: its contact.
        run_id: the run that found the outcome.
        since: since when it stands so.
        acknowledged: whether the CRM has the row as it was last read.
        waits_in: the run whose outbox it waits in.
        reasons: those of the outcome.
        withheld: values that were left out.
        not_kept: values that the CRM's answer shows otherwise.
        collision: another source key on the same contact.
    """

    outcome: str
    contact_id: str | None
    run_id: str
    since: datetime
    acknowledged: bool
    waits_in: str | None
    reasons: tuple[Reason, ...]
    withheld: tuple[Reason, ...]
    not_kept: tuple[Reason, ...]
    collision: str | None


@dataclass(frozen=True, slots=True)
class History:
    """Everything that is known of one source row of one sync.

    Attributes:
        sync: the sync.
        source_key: the row.
        now: how it stands, or None where the row has been forgotten.
        deliveries: oldest first.
    """

    sync: KnownSync
    source_key: str
    now: PresentRow | None
    deliveries: tuple[PastDelivery, ...]


class HistoryBook:
    """The histories in one state store. Every method raises StateUnavailableError as `StateStore.begin` does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_key(self, key: str, syncs: Sequence[KnownSync]) -> list[History]:
        """What is known of that source key, for each of these syncs that knows it."""
        return self._of_rows([(sync.id, key) for sync in syncs], syncs)

    def of_contact(self, contact_id: str, syncs: Sequence[KnownSync]) -> list[History]:
        """The histories of all source keys of these syncs that were ever written to that contact.

        They are whole: a delivery that was refused names no contact, and yet belongs to it.
        """
        ids = [sync.id for sync in syncs]
        found: set[tuple[int, str]] = set()
        with self._database.reading() as connection:
            for table in (tables.delivery, tables.row):
                here = sa.select(table.c.sync_id, table.c.source_key).distinct()
                there = here.where(table.c.contact_id == contact_id, table.c.sync_id.in_(ids))
                found.update((sync_id, key) for sync_id, key in connection.execute(there))
        return self._of_rows(sorted(found), syncs)

    def _of_rows(self, rows: Sequence[tuple[int, str]], syncs: Sequence[KnownSync]) -> list[History]:
        by_id = {sync.id: sync for sync in syncs}
        order = {sync.id: number for number, sync in enumerate(syncs)}
        with self._database.reading() as connection:
            entries = _entries(connection, {key for _, key in rows})
            runs = _runs(connection, {entry.run_id for found in entries.values() for entry in found})
            told = [
                History(
                    by_id[sync_id],
                    key,
                    _present(connection, sync_id, key),
                    tuple(_delivery(entry, runs.get(entry.run_id)) for entry in entries[sync_id, key]),
                )
                for sync_id, key in sorted(rows, key=lambda row: (order[row[0]], row[1]))
            ]
        return [history for history in told if history.now or history.deliveries]


def _entries(connection: sa.Connection, keys: Iterable[str]) -> Mapping[tuple[int, str], list[sa.Row[Any]]]:
    """The ledger's entries by sync and key, oldest first."""
    entry = tables.delivery.c
    found: defaultdict[tuple[int, str], list[sa.Row[Any]]] = defaultdict(list)
    for chunk in chunks(sorted(keys), _CHUNK):
        for each in connection.execute(sa.select(tables.delivery).where(entry.source_key.in_(chunk))):
            found[each.sync_id, each.source_key].append(each)
    for same in found.values():
        same.sort(key=lambda each: each.id)
    return found


def _runs(connection: sa.Connection, ids: Iterable[str]) -> dict[str, PastRun]:
    run = tables.run.c
    columns = (run.id, run.task_run, run.started_at, run.query, run["columns"], run.versions)
    return {
        run_id: PastRun(
            run_id, task_run, started_at, query, tuple(decode_columns(described)), decode_document(versions)
        )
        for chunk in chunks(sorted(ids), _CHUNK)
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
        sent=tuple(columns[place] for place in places_sent(entry.fields)) if columns else None,
        not_kept=decode_reasons(entry.not_kept),
        reasons=decode_reasons(entry.reasons),
    )


def _present(connection: sa.Connection, sync_id: int, key: str) -> PresentRow | None:
    this_row = sa.and_(tables.row.c.sync_id == sync_id, tables.row.c.source_key == key)
    row = connection.execute(sa.select(tables.row).where(this_row)).one_or_none()
    if row is None:
        return None
    waits_in = connection.scalar(
        sa.select(tables.outbox.c.run_id)
        .join(tables.run, tables.run.c.id == tables.outbox.c.run_id)
        .where(tables.outbox.c.row_id == row.id, tables.run.c.status == RunStatus.DELIVERING)
    )
    remarks = decode_remarks(row.remarks)
    return PresentRow(
        outcome=row.outcome,
        contact_id=row.contact_id,
        run_id=row.run_id,
        since=row.updated_at,
        acknowledged=row.fingerprint is not None,
        waits_in=waits_in,
        reasons=decode_reasons(row.reasons),
        withheld=remarks.withheld,
        not_kept=remarks.not_kept,
        collision=remarks.collision,
    )
