"""The syncs of a state store, with their last runs and with how much is kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import Database
from leadway_provider.store.reading.page import Order, Page
from leadway_provider.store.reading.runs import RunSummary, runs_by_id
from leadway_provider.store.waiting import WaitingRows, waiting_in_syncs, waiting_rows

_SYNC: Final = tables.sync.c
_FACTS: Final = (
    *(_SYNC.id, _SYNC.name, _SYNC.host, _SYNC.location_id),
    *(_SYNC.watermark_at, _SYNC.resync_asked_at, _SYNC.held_until),
)
_BY_NAME: Final = Order((_SYNC.name, _SYNC.host, _SYNC.location_id), (str, str, str))


@dataclass(frozen=True, slots=True)
class SyncRecord:
    """A sync of the store.

    Attributes:
        id: the store's own number for it.
        name: the sync's name.
        host: the API.
        location_id: the account.
    """

    id: int
    name: str
    host: str
    location_id: str


@dataclass(frozen=True, slots=True)
class SyncSize:
    """How much is kept of a sync, apart from its runs and the ledger.

    Attributes:
        rows: source rows, with what the CRM acknowledged of each.
        claims: e-mails and phones that rows hold or wait for.
        waiting: rows in an outbox, of any run.
    """

    rows: int
    claims: int
    waiting: int


@dataclass(frozen=True, slots=True)
class SyncSummary:
    """A sync, and how it is getting on.

    Attributes:
        sync: the sync.
        last_run: the run that began last; None before the first one.
        waiting: rows that a sealed plan has decided to send, or whose contacts it has decided to remove, and that are
            not acknowledged.
        waiting_since: when the first of them was planned; None where none waits.
        watermark: up to when its incremental runs have read the source; None before the first.
        resync_asked_at: when a person asked for a full resync that no run has planned yet, or None.
        held_until: until when a run waits for quota and keeps the sync's lease; None where none does.
    """

    sync: SyncRecord
    last_run: RunSummary | None
    waiting: int
    waiting_since: datetime | None
    watermark: datetime | None
    resync_asked_at: datetime | None
    held_until: datetime | None


class SyncReader:
    """The syncs of one state store. Every method raises StateUnavailableError where it can't be reached or read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, name: str | None = None, location_id: str | None = None) -> list[SyncRecord]:
        """Return the syncs of that name and account, or all of them, by name (unique index of the name)."""
        wanted = sa.select(_SYNC.id, _SYNC.name, _SYNC.host, _SYNC.location_id)
        if name is not None:
            wanted = wanted.where(_SYNC.name == name)
        if location_id is not None:
            wanted = wanted.where(_SYNC.location_id == location_id)
        with self._database.reading() as connection:
            found = connection.execute(wanted.order_by(_SYNC.name, _SYNC.location_id, _SYNC.host))
            return [SyncRecord(*each) for each in found]

    def summaries(self, *, cursor: str | None = None, limit: int = 100) -> Page[SyncSummary]:
        """Return the syncs by name, host and account (unique index of these), each with its last run.

        The last run is found by the index `leadway_run_by_start`, and what waits by `leadway_run_by_sync` and
        `leadway_outbox_order`.

        Raises:
            ValueError: see `Order.page`.
        """
        columns: sa.Select[Any] = sa.select(*_FACTS)
        wanted = _BY_NAME.page(columns, cursor, limit)
        with self._database.reading() as connection:
            found = connection.execute(wanted).all()
            rows, next_cursor = _BY_NAME.cut(found, limit, lambda each: (each.name, each.host, each.location_id))
            return Page(tuple(_summaries(connection, rows)), next_cursor)

    def one(self, sync_id: int) -> SyncSummary | None:
        """Return a sync by the store's number (primary key); None where there is none."""
        wanted: sa.Select[Any] = sa.select(*_FACTS).where(_SYNC.id == sync_id)
        with self._database.reading() as connection:
            found = connection.execute(wanted).all()
            return next(iter(_summaries(connection, found)), None)

    def waiting(self, sync_id: int) -> list[WaitingRows]:
        """Return the rows of a sync that wait in the outbox, by reason; those that the API refused are among them.

        They are found by the indexes `leadway_run_by_sync` and `leadway_outbox_order`.
        """
        with self._database.reading() as connection:
            return waiting_rows(connection, sync_id)

    def size(self, sync_id: int) -> SyncSize:
        """Return how much `SyncStore.forget` would delete."""
        runs = sa.select(tables.run.c.id).where(tables.run.c.sync_id == sync_id)
        rows, claims, waiting = (
            sa.select(sa.func.count()).select_from(table).where(belongs).scalar_subquery()
            for table, belongs in (
                (tables.row, tables.row.c.sync_id == sync_id),
                (tables.claim, tables.claim.c.sync_id == sync_id),
                (tables.outbox, tables.outbox.c.run_id.in_(runs)),
            )
        )
        with self._database.reading() as connection:
            return SyncSize(*connection.execute(sa.select(rows, claims, waiting)).one())


def _summaries(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[SyncSummary]:
    """Return syncs with their last runs and what waits; see `SyncReader.summaries` for the indexes."""
    last_runs = _last_runs(connection, [row.id for row in rows])
    waiting = waiting_in_syncs(connection, [row.id for row in rows])
    return [
        SyncSummary(
            SyncRecord(row.id, row.name, row.host, row.location_id),
            last_run=last_runs.get(row.id),
            waiting=sum(each.rows for each in waiting[row.id]),
            waiting_since=min((each.since for each in waiting[row.id]), default=None),
            watermark=row.watermark_at,
            resync_asked_at=row.resync_asked_at,
            held_until=row.held_until,
        )
        for row in rows
    ]


def _last_runs(connection: sa.Connection, sync_ids: Sequence[int]) -> dict[int, RunSummary]:
    run = tables.run.c
    last = (
        sa.select(run.id)
        .where(run.sync_id == _SYNC.id)
        .order_by(run.started_at.desc(), run.id.desc())
        .limit(1)
        .correlate(tables.sync)
        .scalar_subquery()
    )
    ids = connection.scalars(sa.select(last).where(_SYNC.id.in_(sync_ids))).all()
    return {each.sync_id: each for each in runs_by_id(connection, [run_id for run_id in ids if run_id]).values()}
