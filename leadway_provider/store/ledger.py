"""The ledger: an entry for each delivery, appended with its acknowledgement and cut off at its old end.

It has names of fields, never their values. Which fields were sent is told by their places in the run's own list of
columns, because nearly every row of a run sends the same ones.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from leadway_provider.contacts.contact import Reason
from leadway_provider.store import tables
from leadway_provider.store.columns import RunId, UtcDateTime
from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.encoding import encode_reasons

_CHUNK: Final = 1000
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the entries of one attempt have in common.

    Attributes:
        sync_id: the sync.
        run_id: the run.
        number: 1 for the run's first attempt.
        places: the places in the request that the run fills, in the order of `leadway_run.columns`.
    """

    sync_id: int
    run_id: str
    number: int
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one row.

    Attributes:
        source_key: the row.
        outcome: an `Outcome` that a call leads to, or `REMOVED`.
        contact_id: the contact, as far as it is known.
        sent: the places in the request that were filled.
        not_kept: the fields that the CRM's answer shows otherwise.
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


_OF_ENTRY: Final = ("status", "source_key", "contact_id", "outcome", "fields", "not_kept", "reasons", "trace_id")

# One JSON parameter costs a fraction of eight for each of a thousand rows.
_TYPED: Final = (sa.bindparam("delivered_at", type_=UtcDateTime()), sa.bindparam("run_id", type_=RunId()))
_SQLITE: Final = sa.text(
    "INSERT INTO leadway_delivery (sync_id, delivered_at, attempt, run_id, "
    "status, source_key, contact_id, outcome, fields, not_kept, reasons, trace_id) "
    "SELECT :sync_id, :delivered_at, :attempt, :run_id, json_extract(value, '$[0]'), json_extract(value, '$[1]'), "
    "json_extract(value, '$[2]'), json_extract(value, '$[3]'), json_extract(value, '$[4]'), "
    "json_extract(value, '$[5]'), json_extract(value, '$[6]'), json_extract(value, '$[7]') FROM json_each(:entries)"
).bindparams(*_TYPED)
_POSTGRESQL: Final = sa.text(
    "INSERT INTO leadway_delivery (sync_id, delivered_at, attempt, run_id, "
    "status, source_key, contact_id, outcome, fields, not_kept, reasons, trace_id) "
    "SELECT :sync_id, :delivered_at, :attempt, :run_id, CAST(value->>0 AS SMALLINT), value->>1, value->>2, value->>3, "
    "value->>4, value->>5, value->>6, value->>7 FROM json_array_elements(CAST(:entries AS JSON))"
).bindparams(*_TYPED)


def record(connection: sa.Connection, attempt: Attempt, entries: Sequence[Entry]) -> None:
    """Append entries, as part of the transaction that acknowledges what they tell of."""
    common = {
        "sync_id": attempt.sync_id,
        "delivered_at": datetime.now(UTC),
        "attempt": attempt.number,
        "run_id": attempt.run_id,
    }
    rows = [_row(attempt.places, entry) for entry in entries]
    match connection.dialect.name:
        case "sqlite":
            connection.execute(_SQLITE, {**common, "entries": json.dumps(rows)})
        case "postgresql":
            connection.execute(_POSTGRESQL, {**common, "entries": json.dumps(rows)})
        case _:
            named = [common | dict(zip(_OF_ENTRY, row, strict=True)) for row in rows]
            connection.execute(sa.insert(tables.delivery), named)


def trim(database: Database, sync_id: int, before: datetime) -> int:
    """Delete a sync's entries from before that time, the oldest first, in short transactions; tells how many."""
    deleted, reached = 0, _BEGINNING
    while old := _old(database, sync_id, reached, before):
        _delete(database, [entry_id for entry_id, _ in old])
        deleted, reached = deleted + len(old), old[-1][1]
    return deleted


def places_sent(fields: str | None) -> Iterator[int]:
    """The positions in `leadway_run.columns` of the fields that were sent, from the column `fields`."""
    bits = int(fields or "0", 16)
    return (position for position in range(bits.bit_length()) if bits >> position & 1)


def _row(places: Sequence[str], entry: Entry) -> tuple[int | str | None, ...]:
    """What `_OF_ENTRY` names."""
    return (
        entry.status,
        entry.source_key,
        entry.contact_id,
        str(entry.outcome),
        _encoded(places, entry.sent),
        encode_reasons(entry.not_kept),
        encode_reasons(entry.reasons),
        entry.trace_id,
    )


def _encoded(places: Sequence[str], sent: Collection[str]) -> str | None:
    """One bit for each of the run's places that was filled, in hexadecimal; None where none was."""
    bits = 0
    for position, place in enumerate(places):
        if place in sent:
            bits |= 1 << position
    return f"{bits:x}" if bits else None


def _old(database: Database, sync_id: int, since: datetime, before: datetime) -> list[tuple[int, datetime]]:
    """The oldest entries, id and time; `since` spares the database a look at those that were deleted just now."""
    entry = tables.delivery.c
    # By time, although ids grow with it: asked for the lowest ids of one sync, PostgreSQL and SQLite may well walk the
    # primary key, along all that other syncs delivered before.
    oldest = (
        sa.select(entry.id, entry.delivered_at)
        .where(entry.sync_id == sync_id, entry.delivered_at >= since, entry.delivered_at < before)
        .order_by(entry.delivered_at)
        .limit(_CHUNK)
    )
    with database.reading() as connection:
        return [(entry_id, delivered_at) for entry_id, delivered_at in connection.execute(oldest)]


@repeated_after_deadlock
def _delete(database: Database, ids: Sequence[int]) -> None:
    with database.writing() as connection:
        connection.execute(sa.delete(tables.delivery).where(tables.delivery.c.id.in_(ids)))
