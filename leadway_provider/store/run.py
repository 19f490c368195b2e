"""One run in the state store: its plan and its outbox."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from leadway_provider.contacts.row import MappedColumn
from leadway_provider.store import tables
from leadway_provider.store.acknowledgement import acknowledge, dequeue
from leadway_provider.store.before import SqlBeforeStore, trim_before
from leadway_provider.store.carry import Sealed, carry
from leadway_provider.store.database import Database, chunks, repeated_after_deadlock
from leadway_provider.store.dry_run import SqlDryRun
from leadway_provider.store.encoding import encode_columns, encode_document, encode_reasons
from leadway_provider.store.homes import count_standing_collisions, shared_contacts
from leadway_provider.store.in_crm import forget_identity
from leadway_provider.store.ledger import CLEARED, Attempt, LedgerEntry, append, trim
from leadway_provider.store.newer import forget_covered, seen_by_newer
from leadway_provider.store.outbox import read_outbox
from leadway_provider.store.rejection import RejectedRows
from leadway_provider.store.report import RunReport, Totals
from leadway_provider.store.seal import end_plan, end_seal, follow_full_resync, seal_rows
from leadway_provider.store.statistics import Statistics
from leadway_provider.store.tables import RunStatus
from leadway_provider.store.unanswered import has_former, mark_unanswered
from leadway_provider.store.usage import Meter, store_usage, trim_usage
from leadway_provider.store.waiting import WaitingRows, waiting_rows
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import Blocker, Delivery, OutboxRow


class SyncRun(SqlDryRun):
    """One run of one sync: the store that plan and deliver work with. Every method is one or more short transactions.

    `StateStore.begin` gives one. Every method raises StateUnavailableError where the database can't be reached, is
    locked or can't be written.

    The methods of the plan are those of `SqlPlanStore`, and those of a dry run are those of `SqlDryRun`.
    """

    def __init__(
        self,
        database: Database,
        sync_id: int,
        run_id: str,
        *,
        sealed: bool,
        attempt: int,
        origin: str,
        retry_refused: int,
    ) -> None:
        super().__init__(database, sync_id, run_id, attempt=attempt, retry_refused=retry_refused, origin=origin)
        self._sealed = sealed
        self._report = RunReport(database, run_id)
        self._meter: Meter | None = None
        self._statistics_of_delivery = Statistics(database, self._of_sync.where(tables.row.c.contact_id.is_not(None)))

    @property
    def sealed(self) -> bool:
        """Whether the plan is complete, so that only delivery is left to do."""
        return self._sealed

    def measure_with(self, meter: Meter) -> None:
        """Store from now on what the meter says of the calls and rows of this run."""
        self._meter = meter

    # Plan

    def follow_full_resync(self) -> bool:
        """Return whether a person asked for a full resync of this run's sync; the run's seal then answers it."""
        return follow_full_resync(self._database, self.sync_id, self.id)

    @repeated_after_deadlock
    def describe(
        self,
        query: str,
        columns: Sequence[MappedColumn],
        *,
        source: Mapping[str, object] = MappingProxyType({}),
        versions: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Store what the run sends, for a later look at it, and for an attempt that continues with its outbox.

        Args:
            query: the source's query.
            columns: which column, or constant, feeds which field.
            source: plain facts about the source as it answered, which `source` returns.
            versions: of the software that plans the run, by name.
        """
        description = {
            "query": query,
            "columns": encode_columns(columns),
            "source": encode_document(source),
            "versions": encode_document(versions),
        }
        with self._database.writing() as connection:
            connection.execute(sa.update(tables.run).where(tables.run.c.id == self.id).values(description))

    def seal(
        self,
        counts: Counts | None = None,
        seen: bytes | None = None,
        *,
        is_whole: bool = True,
        only_keys: bool = False,
        watermark: datetime | None = None,
    ) -> Sealed:
        """End the plan: from here on it counts, and its outbox is the sync's.

        The first transaction decides. Killed after it, the sync's next attempt completes the seal.

        Args:
            counts: the plan's; None keeps what a dry run counted, as well as what it saw.
            seen: one bit for each row id that the plan read.
            is_whole: whether the plan read the whole source.
            only_keys: whether the run is for the rows that the plan read only: what earlier runs left of others stays.
            watermark: up to when an incremental run has read the source; None for a run that moves no watermark.

        Returns:
            What became of rows that earlier runs had left.

        Raises:
            LeaseLostError: another run of the sync has abandoned this one.
        """
        now = self._database.now()
        values = {}
        if seen is not None:
            values = self._read_values(seen, is_whole=is_whole, only_keys=only_keys, watermark=watermark)
        end_plan(self._database, self.id, RunStatus.SEALING, counts, sealed_at=now, **values)
        return self.complete_seal()

    def complete_seal(self) -> Sealed:
        """Bring a plan that counts to its rows and claims, and take over what earlier runs left."""
        sealed = carry(self._database, self.sync_id, self._carry_rule)
        seal_rows(self._database, self._rows)
        with self._database.reading() as connection:
            homes = shared_contacts(connection, self.sync_id)
            collisions = count_standing_collisions(connection, self._rows, homes)
        end_seal(self._database, self.sync_id, self.id, collisions=collisions)
        self._sealed = True
        forget_covered(self._database, self.sync_id, self.id)
        return sealed

    def seen_by_newer(self) -> bytes:
        """Return one bit for each row id that a run for a newer data interval planned, whatever its outcome was."""
        return seen_by_newer(self._database, self.sync_id, self.id)

    # Deliver

    def outbox(self, after: int, limit: int) -> list[OutboxRow]:
        """See `DeliveryStore.outbox`."""
        has_former = self._has_former
        with self._database.reading() as connection:
            page = read_outbox(connection, self._rows, after=after, limit=limit, has_former=has_former)
        beside = {blocker.row_id for row in page for blocker in row.blockers if not blocker.is_pending}
        if beside and self.attempt > 1:
            self._count_as_changed(beside)
        return page

    @cached_property
    def _has_former(self) -> bool:
        """Whether calls without an answer have left something; first read after the seal, which alone adds to it."""
        with self._database.reading() as connection:
            return has_former(connection, self.sync_id)

    @repeated_after_deadlock
    def _count_as_changed(self, row_ids: Collection[int]) -> None:
        with self._database.writing() as connection:
            for chunk in chunks(sorted(row_ids)):
                connection.execute(sa.update(tables.row).where(tables.row.c.id.in_(chunk)).values(fingerprint=None))

    @cached_property
    def _attempt(self) -> Attempt:
        """The attempt with the API's paths of its fields; first read after the seal, when the columns are final."""
        return Attempt(self.sync_id, self.id, self.attempt, tuple(each.api_path for each in self.columns()))

    @repeated_after_deadlock
    def mark_sent(self, row: OutboxRow, at: datetime | None) -> None:
        """See `DeliveryStore.mark_sent`."""
        with self._database.writing() as connection:
            mark_unanswered(connection, {row.row_id: row.fingerprint}, at)

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See `DeliveryStore.acknowledge`; a row that is no longer in the outbox is not counted again."""
        acknowledged = self._acknowledge(deliveries)
        self._statistics_of_delivery.written(acknowledged)
        if self._meter and (usage := self._meter.after(acknowledged)):
            store_usage(self._database, self.sync_id, self.id, usage)

    @repeated_after_deadlock
    def _acknowledge(self, deliveries: Sequence[Delivery]) -> int:
        attempt = self._attempt
        with self._database.writing() as connection:
            by_position = self._checked(connection, {delivery.row.position: delivery for delivery in deliveries})
            refused = {
                position: encode_reasons(delivery.reasons)
                for position, delivery in by_position.items()
                if delivery.outcome is RowState.REFUSED
            }
            present = dequeue(connection, self.id, list(by_position), refused)
            delivered = [delivery for position, delivery in by_position.items() if position in present]
            if delivered:
                acknowledge(connection, attempt, delivered, self._rows, now=self._database.now())
        return len(delivered)

    def _checked(self, _connection: sa.Connection, deliveries: dict[int, Delivery]) -> dict[int, Delivery]:
        """Return what is stored of deliveries, by position, in the transaction that stores them."""
        return deliveries

    @repeated_after_deadlock
    def cleared(self, blocker: Blocker, trace_id: str | None, status: int | None) -> None:
        """See `DeliveryStore.cleared`; the ledger has an entry for the call."""
        with self._database.writing() as connection:
            source_key = forget_identity(connection, self.sync_id, blocker)
            if status is not None:
                entry = LedgerEntry(source_key, CLEARED, blocker.contact_id, status=status, trace_id=trace_id)
                append(connection, self._attempt, [entry], now=self._database.now())

    def finish(self, *, calls: int, seconds: float) -> None:
        """End an attempt; the run is finished when its outbox is empty.

        Args:
            calls: requests that this attempt sent; added to those of earlier attempts.
            seconds: how long it took; added likewise.
        """
        if self._meter:
            store_usage(self._database, self.sync_id, self.id, self._meter.rest())
        self._finish(calls, seconds)
        self._database.shrink()

    @repeated_after_deadlock
    def _finish(self, calls: int, seconds: float) -> None:
        run = tables.run.c
        this_run = sa.update(tables.run).where(run.id == self.id)
        waits = sa.and_(self._in_outbox, tables.outbox.c.outcome.in_([RowState.PENDING, RowState.DEPARTED]))
        is_delivered = sa.and_(run.status == RunStatus.DELIVERING, ~sa.exists().where(waits))
        with self._database.writing() as connection:
            connection.execute(this_run.values(calls=run.calls + calls, seconds=run.seconds + seconds))
            connection.execute(
                this_run.where(is_delivered).values(status=RunStatus.FINISHED, finished_at=self._database.now())
            )

    def before(self, encrypt: Callable[[str], str], decrypt: Callable[[str], str]) -> SqlBeforeStore:
        """Return what this run's contacts were before; see `SqlBeforeStore`."""
        return SqlBeforeStore(self._database, self.sync_id, self.id, encrypt, decrypt)

    def count_as_changed(self, row_ids: Collection[int]) -> None:
        """Let rows count as changed: their contacts are no longer as the source says."""
        self._count_as_changed(row_ids)

    def trim_ledger(self, days: int) -> int:
        """Delete what is older than so many days of the ledger and beside it; return how many entries of the ledger."""
        before = self._database.now() - timedelta(days=days)
        trim_before(self._database, self.sync_id, before)
        trim_usage(self._database, self.sync_id, before)
        return trim(self._database, self.sync_id, before)

    # Report

    def waiting(self) -> list[WaitingRows]:
        """Return how many rows of the sync wait in the outbox, by the state that they wait in."""
        with self._database.reading() as connection:
            return waiting_rows(connection, self.sync_id)

    def columns(self) -> list[MappedColumn]:
        """See `RunReport.columns`."""
        return self._report.columns()

    def source(self) -> dict[str, Any]:
        """See `RunReport.source`."""
        return self._report.source()

    def comparison(self) -> dict[str, Any]:
        """See `RunReport.comparison`."""
        return self._report.comparison()

    def counts(self) -> Counts:
        """See `RunReport.counts`."""
        return self._report.counts()

    def rejected(self, limit: int) -> RejectedRows:
        """See `RunReport.rejected`."""
        return self._report.rejected(limit, sealed=self._sealed)

    def totals(self) -> Totals:
        """See `RunReport.totals`."""
        return self._report.totals()
