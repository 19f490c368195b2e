"""One run in the state store: its plan, its outbox, its counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from leadway_provider.contacts.contact import Reason
from leadway_provider.contacts.row import MappedColumn
from leadway_provider.store import tables
from leadway_provider.store.claims import ClaimBook
from leadway_provider.store.database import Database, chunks, repeated_after_deadlock
from leadway_provider.store.encoding import (
    decode_columns,
    decode_contact,
    decode_reasons,
    encode_columns,
    encode_contact,
    encode_reasons,
)
from leadway_provider.store.lookup import known_rows
from leadway_provider.store.removal import RemovalBook
from leadway_provider.store.settlement import settle, take
from leadway_provider.store.tables import LEAVING, RunStatus
from leadway_provider.sync.outcome import UNREMOVED, Counts, Outcome
from leadway_provider.sync.ports import Delivery, OutboxRow, PlannedRow, SettledRow

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
    """

    def __init__(self, database: Database, sync_id: int, run_id: str, *, sealed: bool) -> None:
        self.id = run_id
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
        return RemovalBook(self._database, self._sync_id, self.id)

    @property
    def sealed(self) -> bool:
        """Whether the plan is complete, so that only delivery is left to do."""
        return self._sealed

    # Plan

    @repeated_after_deadlock
    def describe(self, query: str, columns: Sequence[MappedColumn]) -> None:
        """Keep what the run sends: its query, and which column feeds which field."""
        kept = {"query": query, "columns": encode_columns(columns)}
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
        waiting = [_waiting(row) for row in planned] + [_decided(row) for row in settled]
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

    def seal(self, counts: Counts) -> None:
        """See `PlanStore.seal`; `withheld` is counted here, from the outbox.

        Killed half-way it leaves a plan that counts for nothing, and rows that the next plan finds changed.
        """
        position = 0
        while batch := self._seal_rows(position):
            position = batch
        self._end_plan(RunStatus.DELIVERING, counts, sealed_at=datetime.now(UTC))
        self._sealed = True

    def discard(self, counts: Counts) -> None:
        """End a dry run in place of sealing it: the counts are kept, and nothing else is changed."""
        self._end_plan(RunStatus.DRY_RUN, counts, finished_at=datetime.now(UTC))
        self.sweep()

    # Deliver

    def outbox(self, after: int, limit: int) -> list[OutboxRow]:
        """See `DeliveryStore.outbox`."""
        wanted = tables.outbox.c
        with self._database.reading() as connection:
            rows = connection.execute(
                sa.select(wanted.id, wanted.row_id, wanted.source_key, wanted.fingerprint, wanted.contact, wanted.lanes)
                .where(self._in_outbox, wanted.id > after, wanted.outcome == Outcome.PENDING)
                .order_by(wanted.id)
                .limit(limit)
            ).all()
        return [
            OutboxRow(position, row_id, source_key, fingerprint, decode_contact(contact), tuple(lanes.split()))
            for position, row_id, source_key, fingerprint, contact, lanes in rows
        ]

    @repeated_after_deadlock
    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See `DeliveryStore.acknowledge`; a row that has left the outbox before is not counted again."""
        by_position = {delivery.row.position: delivery for delivery in deliveries}
        with self._database.writing() as connection:
            present = take(connection, self.id, list(by_position))
            delivered = [delivery for position, delivery in by_position.items() if position in present]
            if delivered:
                settle(connection, self._sync_id, self.id, delivered)

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

    # Report

    def columns(self) -> list[MappedColumn]:
        """Which column feeds which field, as described."""
        with self._database.reading() as connection:
            return decode_columns(
                connection.scalar(sa.select(tables.run.c["columns"]).where(tables.run.c.id == self.id))
            )

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
        """Delete what abandoned and dry runs of this sync left in the outbox."""
        left = (
            sa.select(tables.outbox.c.id)
            .join(tables.run, tables.run.c.id == tables.outbox.c.run_id)
            .where(
                tables.run.c.sync_id == self._sync_id,
                tables.run.c.status.in_([RunStatus.ABANDONED, RunStatus.DRY_RUN]),
            )
            .limit(_CHUNK)
        )
        while True:
            with self._database.writing() as connection:
                positions = connection.scalars(left).all()
                connection.execute(sa.delete(tables.outbox).where(tables.outbox.c.id.in_(positions)))
            if len(positions) < _CHUNK:
                return

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
    def _end_plan(self, status: RunStatus, counts: Counts, **at: datetime) -> None:
        with self._database.writing() as connection:
            withheld = connection.scalar(
                sa.select(sa.func.count()).where(self._in_outbox, tables.outbox.c.withheld == 1)
            )
            kept = {name: getattr(counts, name) for name in tables.COUNTERS} | {"withheld": withheld}
            connection.execute(
                sa.update(tables.run).where(tables.run.c.id == self.id).values(status=status, **kept, **at)
            )


def _waiting(row: PlannedRow) -> dict[str, Any]:
    return {
        "source_key": row.source_key,
        "outcome": Outcome.PENDING,
        "fingerprint": row.fingerprint,
        "contact": encode_contact(row.contact),
        "lanes": " ".join(row.lanes),
        "withheld": int(bool(row.contact.withheld)),
        "reasons": None,
    }


def _decided(row: SettledRow) -> dict[str, Any]:
    return {
        "source_key": row.source_key,
        "outcome": row.outcome,
        "fingerprint": None,
        "contact": None,
        "lanes": None,
        "withheld": 0,
        "reasons": encode_reasons(row.reasons),
    }
