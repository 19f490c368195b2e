"""One run in the state store: its plan, its outbox, its counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from leadway_provider.contacts.contact import Reason
from leadway_provider.contacts.row import MappedColumn
from leadway_provider.exceptions import LeaseLostError
from leadway_provider.store import tables
from leadway_provider.store.claims import ClaimBook
from leadway_provider.store.database import Database, chunks, repeated_after_deadlock
from leadway_provider.store.encoding import (
    decode_columns,
    decode_document,
    decode_reasons,
    encode_columns,
    encode_document,
)
from leadway_provider.store.ledger import Attempt, trim
from leadway_provider.store.lookup import known_rows
from leadway_provider.store.newer import forget_covered, seen_by_newer
from leadway_provider.store.outbox import read_outbox, settled_row, waiting_row
from leadway_provider.store.removal import RemovalBook
from leadway_provider.store.settlement import settle, take
from leadway_provider.store.tables import LEAVING, RunStatus
from leadway_provider.sync.outcome import UNREMOVED, Counts, Outcome
from leadway_provider.sync.ports import Delivery, OutboxRow, PlannedRow, SettledRow
from leadway_provider.sync.seen import pack

_CHUNK: Final = 1000
"""Rows in one statement or short transaction; SQLite takes 32,766 parameters at most."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row of a run that our validation (invalid) or the CRM (refused, unremoved) rejected."""

    source_key: str
    outcome: str
    reasons: tuple[Reason, ...]


class Totals(NamedTuple):
    """What a run cost over all its attempts: calls to the API, and seconds."""

    calls: int
    seconds: float


class SyncRun:
    """One run of one sync: the store that plan and deliver work with. Every method is one or more short transactions.

    Made by `StateStore.begin`. Every method raises StateUnavailableError where the database can't be reached, is
    locked or can't be written.

    Attributes:
        id: 32 hexadecimal digits.
        attempt: 1 for the run's first attempt.
    """

    def __init__(self, database: Database, sync_id: int, run_id: str, *, sealed: bool, attempt: int) -> None:
        self.id = run_id
        self.attempt = attempt
        self._database = database
        self._sync_id = sync_id
        self._sealed = sealed
        self._in_outbox = tables.outbox.c.run_id == run_id

    @property
    def claims(self) -> ClaimBook:
        """Who holds which e-mail and phone in this run's sync."""
        return ClaimBook(self._database, self._sync_id)

    @property
    def removals(self) -> RemovalBook:
        """Which rows of this run's sync left the source."""
        return RemovalBook(self._database, Attempt(self._sync_id, self.id, self.attempt))

    @property
    def sealed(self) -> bool:
        """Whether the plan is complete, so that only delivery is left to do."""
        return self._sealed

    # Plan

    @repeated_after_deadlock
    def describe(
        self,
        query: str,
        columns: Sequence[MappedColumn],
        *,
        source: Mapping[str, object] = MappingProxyType({}),
        versions: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Keep what the run sends, for whoever asks later, and for an attempt that goes on with its outbox.

        Args:
            query: the source's query.
            columns: which column, or constant, feeds which field.
            source: plain facts about the source as it answered, which `source` gives back.
            versions: of the software that plans the run, by name.
        """
        kept = {
            "query": query,
            "columns": encode_columns(columns),
            "source": encode_document(source),
            "versions": encode_document(versions),
        }
        with self._database.writing() as connection:
            connection.execute(sa.update(tables.run).where(tables.run.c.id == self.id).values(kept))

    def known(self, keys: Sequence[str]) -> dict[str, tuple[int, bytes | None]]:
        """See `PlanStore.known`."""
        with self._database.reading() as connection:
            return known_rows(connection, self._sync_id, keys)

    @repeated_after_deadlock
    def enroll(self, keys: Sequence[str]) -> dict[str, int]:
        """See `PlanStore.enroll`."""
        with self._database.writing() as connection:
            return self._row_ids(connection, list(keys), datetime.now(UTC))

    @repeated_after_deadlock
    def write(self, planned: Sequence[PlannedRow], settled: Sequence[SettledRow]) -> dict[str, int]:
        """See `PlanStore.write`."""
        keys = list(dict.fromkeys(row.source_key for rows in (planned, settled) for row in rows))
        waiting = [waiting_row(row) for row in planned] + [settled_row(row) for row in settled]
        with self._database.writing() as connection:
            ids = self._row_ids(connection, keys, datetime.now(UTC))
            if waiting:
                connection.execute(
                    sa.insert(tables.outbox),
                    [{"run_id": self.id, "row_id": ids[found["source_key"]], **found} for found in waiting],
                )
        return ids

    @repeated_after_deadlock
    def retract(self, row_ids: Sequence[int]) -> dict[int, Outcome]:
        """See `PlanStore.retract`."""
        found = dict.fromkeys(row_ids, Outcome.UNCHANGED)
        with self._database.writing() as connection:
            for chunk in chunks(row_ids, _CHUNK):
                these = sa.and_(self._in_outbox, tables.outbox.c.row_id.in_(chunk))
                for row_id, outcome in connection.execute(
                    sa.select(tables.outbox.c.row_id, tables.outbox.c.outcome).where(these)
                ):
                    found[row_id] = Outcome(outcome)
                connection.execute(sa.delete(tables.outbox).where(these))
        return found

    def seal(self, counts: Counts, seen: bytes | None = None) -> None:
        """See `PlanStore.seal`; `withheld` is counted here, from the outbox.

        Killed half-way it leaves a plan that counts for nothing, and rows that the next plan finds changed.

        Args:
            counts: the plan's.
            seen: one bit for each row id that the source has; what a newer data interval has seen, an older one leaves.
                None keeps what a dry run saw.

        Raises:
            LeaseLostError: another run of the sync has abandoned this one.
        """
        position = 0
        while batch := self._seal_rows(position):
            position = batch
        kept = {} if seen is None else {"seen": pack(seen)}
        self._end_plan(RunStatus.DELIVERING, counts, sealed_at=datetime.now(UTC), **kept)
        self._sealed = True
        forget_covered(self._database, self._sync_id, self.id)

    def seen_by_newer(self) -> bytes:
        """One bit for each row id that a run for a newer data interval has planned, whatever became of it there."""
        return seen_by_newer(self._database, self._sync_id, self.id)

    def shelve(self, counts: Counts, seen: bytes = b"") -> None:
        """End a dry run in place of sealing it: nothing else is changed, and `StateStore.adopt` can go on with it.

        The outbox stays until then, or until the sync's next run begins.
        """
        self._end_plan(RunStatus.DRY_RUN, counts, finished_at=datetime.now(UTC), seen=pack(seen))

    # Deliver

    def outbox(self, after: int, limit: int) -> list[OutboxRow]:
        """See `DeliveryStore.outbox`."""
        with self._database.reading() as connection:
            return read_outbox(connection, self.id, after, limit)

    @cached_property
    def _attempt(self) -> Attempt:
        """Asked for when the plan is sealed, so that the columns are what they will be."""
        return Attempt(self._sync_id, self.id, self.attempt, tuple(each.wire for each in self.columns()))

    @repeated_after_deadlock
    def mark_sent(self, row: OutboxRow, at: datetime | None) -> None:
        """See `DeliveryStore.mark_sent`."""
        marked = sa.update(tables.row).where(tables.row.c.id == row.row_id).values(sent=row.fingerprint, sent_at=at)
        with self._database.writing() as connection:
            connection.execute(marked)

    @repeated_after_deadlock
    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See `DeliveryStore.acknowledge`; a row that has left the outbox before is not counted again."""
        by_position = {delivery.row.position: delivery for delivery in deliveries}
        attempt = self._attempt
        with self._database.writing() as connection:
            present = take(connection, self.id, list(by_position))
            delivered = [delivery for position, delivery in by_position.items() if position in present]
            if delivered:
                settle(connection, attempt, delivered)

    @repeated_after_deadlock
    def finish(self, *, calls: int, seconds: float) -> None:
        """End an attempt; the run is finished when its outbox is empty.

        Args:
            calls: requests that this attempt sent; added to those of earlier attempts.
            seconds: how long it took; added likewise.
        """
        this_run = sa.update(tables.run).where(tables.run.c.id == self.id)
        with self._database.writing() as connection:
            connection.execute(
                this_run.values(calls=tables.run.c.calls + calls, seconds=tables.run.c.seconds + seconds)
            )
            connection.execute(
                this_run.where(
                    tables.run.c.status == RunStatus.DELIVERING,
                    ~sa.exists().where(self._in_outbox),
                ).values(status=RunStatus.FINISHED, finished_at=datetime.now(UTC))
            )

    def trim_ledger(self, days: int) -> int:
        """Delete what the ledger tells of this sync from more than so many days ago; tells how many entries."""
        return trim(self._database, self._sync_id, datetime.now(UTC) - timedelta(days=days))

    # Report

    def columns(self) -> list[MappedColumn]:
        """Which column, or constant, feeds which field, as described."""
        return decode_columns(self._kept("columns"))

    def source(self) -> dict[str, Any]:
        """The facts about the source, as described."""
        return decode_document(self._kept("source"))

    def counts(self) -> Counts:
        """How the rows ended so far, over all attempts; all zero but `pending` before the plan has ended."""
        columns = [tables.run.c[name] for name in tables.COUNTERS]
        pending = (
            sa.select(sa.func.count())
            .where(self._in_outbox, tables.outbox.c.outcome == Outcome.PENDING)
            .scalar_subquery()
        )
        with self._database.reading() as connection:
            found = connection.execute(
                sa.select(*columns, pending.label("pending")).where(tables.run.c.id == self.id)
            ).one()
        return Counts(**found._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row's columns

    def rejected(self, limit: int) -> list[RejectedRow]:
        """The first rejected rows of this run; before the seal, those that the plan has found so far."""
        where = (tables.row if self._sealed else tables.outbox).c
        with self._database.reading() as connection:
            rows = connection.execute(
                sa.select(where.source_key, where.outcome, where.reasons)
                .where(where.run_id == self.id, where.outcome.in_([Outcome.INVALID, Outcome.REFUSED, UNREMOVED]))
                .order_by(where.id)
                .limit(limit)
            ).all()
        return [RejectedRow(key, outcome, decode_reasons(reasons)) for key, outcome, reasons in rows]

    def totals(self) -> Totals:
        """Calls and seconds of the attempts that have ended."""
        with self._database.reading() as connection:
            return Totals(
                *connection.execute(
                    sa.select(tables.run.c.calls, tables.run.c.seconds).where(tables.run.c.id == self.id)
                ).one()
            )

    def sweep(self) -> None:
        """Delete what abandoned runs of this sync left in the outbox."""
        left = (
            sa.select(tables.outbox.c.id)
            .join(tables.run, tables.run.c.id == tables.outbox.c.run_id)
            .where(
                tables.run.c.sync_id == self._sync_id,
                tables.run.c.status == RunStatus.ABANDONED,
            )
            .limit(_CHUNK)
        )
        while True:
            with self._database.writing() as connection:
                positions = connection.scalars(left).all()
                connection.execute(sa.delete(tables.outbox).where(tables.outbox.c.id.in_(positions)))
            if len(positions) < _CHUNK:
                return

    def _kept(self, column: str) -> str | None:
        with self._database.reading() as connection:
            found: str | None = connection.scalar(sa.select(tables.run.c[column]).where(tables.run.c.id == self.id))
            return found

    def _row_ids(self, connection: sa.Connection, keys: list[str], now: datetime) -> dict[str, int]:
        """The row id of each key; a new key gets a row."""
        known = known_rows(connection, self._sync_id, keys)
        if new := [key for key in keys if key not in known]:
            start = {
                "sync_id": self._sync_id,
                "outcome": Outcome.PENDING,
                "run_id": self.id,
                "created_at": now,
                "updated_at": now,
            }
            connection.execute(sa.insert(tables.row), [start | {"source_key": key} for key in new])
            known |= known_rows(connection, self._sync_id, new)
        return {key: known[key][0] for key in keys}

    @repeated_after_deadlock
    def _seal_rows(self, after: int) -> int | None:
        """Seal the next rows of the outbox; tells the last position, None at the end."""
        wanted = tables.outbox.c
        now = datetime.now(UTC)
        with self._database.writing() as connection:
            batch = connection.execute(
                sa.select(wanted.id, wanted.row_id, wanted.outcome, wanted.reasons)
                .where(self._in_outbox, wanted.id > after)
                .order_by(wanted.id)
                .limit(_CHUNK)
            ).all()
            uncertain = {"fingerprint": None, "remarks": None, "run_id": self.id, "updated_at": now}
            connection.execute(
                sa.update(tables.row)
                .where(tables.row.c.id.in_([found.row_id for found in batch if found.outcome == Outcome.PENDING]))
                .values(outcome=Outcome.PENDING, reasons=None, **uncertain)
            )
            connection.execute(
                sa.update(tables.row)
                .where(tables.row.c.id.in_([found.row_id for found in batch if found.outcome == LEAVING]))
                .values(fingerprint=None, updated_at=now)
            )
            if settled := [found for found in batch if found.outcome not in (Outcome.PENDING, LEAVING)]:
                connection.execute(
                    sa.update(tables.row).where(tables.row.c.id == sa.bindparam("settled_row")).values(**uncertain),
                    [
                        {"settled_row": found.row_id, "outcome": found.outcome, "reasons": found.reasons}
                        for found in settled
                    ],
                )
                connection.execute(sa.delete(tables.outbox).where(wanted.id.in_([found.id for found in settled])))
        return batch[-1].id if batch else None

    @repeated_after_deadlock
    def _end_plan(self, status: RunStatus, counts: Counts, **kept: object) -> None:
        with self._database.writing() as connection:
            withheld = connection.scalar(
                sa.select(sa.func.count()).where(self._in_outbox, tables.outbox.c.withheld == 1)
            )
            counted = {name: getattr(counts, name) for name in tables.COUNTERS} | {"withheld": withheld}
            this_plan = sa.and_(tables.run.c.id == self.id, tables.run.c.status == RunStatus.PLANNING)
            ended = connection.execute(sa.update(tables.run).where(this_plan).values(status=status, **counted, **kept))
            if not ended.rowcount:
                raise LeaseLostError(f"Another run of the sync has taken over from run {self.id}, so this one stops.")
