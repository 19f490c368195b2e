"""The ledger: an entry for each delivery, appended with its acknowledgement and deleted when it is old.

An entry has names of fields, never their values. Nearly every row of a run sends the same fields, so an entry stores
which of the run's own list of columns were sent, one bit for each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from leadway_provider.contacts.contact import Reason
from leadway_provider.store import tables
from leadway_provider.store.bulk import insert
from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.encoding import encode_reasons

CLEARED: Final = "cleared"
"""In place of an outcome: a contact gave an e-mail or phone up, so that another row could take it."""

_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the entries of one attempt have in common.

    Attributes:
        sync_id: the sync.
        run_id: the run.
        number: 1 for the run's first attempt.
        api_paths: the API's paths of the fields that the run fills, in the order of `leadway_run.columns`.
    """

    sync_id: int
    run_id: str
    number: int
    api_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What became of one row.

    Attributes:
        source_key: the row's.
        outcome: a state that a call leads to, or `CLEARED`.
        contact_id: the contact, as far as it is known.
        sent: the API's paths of the fields that were filled.
        not_kept: the fields for which the CRM's answer shows another value.
        reasons: why it was refused, is unknown, or was sent without some of its values.
        status: the HTTP status; None where no answer came.
        trace_id: the CRM's id of the call.
    """

    source_key: str
    outcome: str
    contact_id: str | None = None
    sent: Collection[str] = ()
    not_kept: Sequence[Reason] = ()
    reasons: Sequence[Reason] = ()
    status: int | None = None
    trace_id: str | None = None


_ENTRY_COLUMNS: Final = (
    "status",
    "source_key",
    "contact_id",
    "outcome",
    "fields",
    "not_kept",
    "reasons",
    "trace_id",
)


def append(connection: sa.Connection, attempt: Attempt, entries: Sequence[LedgerEntry], *, now: datetime) -> None:
    """Append entries, as part of the transaction that acknowledges their rows."""
    common = {"sync_id": attempt.sync_id, "delivered_at": now, "attempt": attempt.number, "run_id": attempt.run_id}
    rows = [_entry_values(attempt.api_paths, entry) for entry in entries]
    insert(connection, tables.delivery, _ENTRY_COLUMNS, rows, common)


def trim(database: Database, sync_id: int, before: datetime) -> int:
    """Delete a sync's entries from before that time, the oldest first, in short transactions; return how many."""
    deleted, reached = 0, _BEGINNING
    while oldest := _oldest_entries(database, sync_id, reached, before):
        _delete(database, [entry_id for entry_id, _ in oldest])
        deleted, reached = deleted + len(oldest), oldest[-1][1]
    return deleted


def columns_sent(fields: str | None) -> Iterator[int]:
    """Return the positions in `leadway_run.columns` of the fields that were sent, from the column `fields`."""
    bits = int(fields or "0", 16)
    return (position for position in range(bits.bit_length()) if bits >> position & 1)


def _entry_values(api_paths: Sequence[str], entry: LedgerEntry) -> tuple[int | str | None, ...]:
    """Return the values of `_ENTRY_COLUMNS`."""
    return (
        entry.status,
        entry.source_key,
        entry.contact_id,
        str(entry.outcome),
        _encode_sent(api_paths, entry.sent),
        encode_reasons(entry.not_kept),
        encode_reasons(entry.reasons),
        entry.trace_id,
    )


def _encode_sent(api_paths: Sequence[str], sent: Collection[str]) -> str | None:
    """Return one bit for each of the run's fields that was filled, in hexadecimal; None where none was."""
    bits = 0
    for position, api_path in enumerate(api_paths):
        if api_path in sent:
            bits |= 1 << position
    return f"{bits:x}" if bits else None


def _oldest_entries(database: Database, sync_id: int, since: datetime, before: datetime) -> list[tuple[int, datetime]]:
    """Return id and time of the oldest entries; the database does not look again at those from before `since`."""
    entry = tables.delivery.c
    # By time, although ids grow with it: for the lowest ids of one sync, PostgreSQL and SQLite may well walk the
    # primary key, along all that other syncs delivered before.
    oldest = (
        sa.select(entry.id, entry.delivered_at)
        .where(entry.sync_id == sync_id, entry.delivered_at >= since, entry.delivered_at < before)
        .order_by(entry.delivered_at)
        .limit(database.chunk)
    )
    with database.reading() as connection:
        return [(entry_id, delivered_at) for entry_id, delivered_at in connection.execute(oldest)]


@repeated_after_deadlock
def _delete(database: Database, ids: Sequence[int]) -> None:
    with database.writing() as connection:
        connection.execute(sa.delete(tables.delivery).where(tables.delivery.c.id.in_(ids)))
