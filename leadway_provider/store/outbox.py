"""The outbox's rows: as a plan writes them, and as a delivery reads them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.encoding import decode_contact, encode_contact, encode_reasons
from leadway_provider.sync.outcome import Outcome
from leadway_provider.sync.ports import OutboxRow, PlannedRow, SettledRow


def read_outbox(connection: sa.Connection, run_id: str, after: int, limit: int) -> list[OutboxRow]:
    """The next rows of a run that wait to be sent, behind that position."""
    outbox, row = tables.outbox.c, tables.row.c
    columns = (outbox.id, outbox.row_id, outbox.source_key, outbox.fingerprint, outbox.contact, outbox.lanes)
    sent_at = sa.case((row.sent == outbox.fingerprint, row.sent_at))
    rows = connection.execute(
        sa.select(*columns, sent_at)
        .join_from(tables.outbox, tables.row, row.id == outbox.row_id)
        .where(outbox.run_id == run_id, outbox.id > after, outbox.outcome == Outcome.PENDING)
        .order_by(outbox.id)
        .limit(limit)
    )
    return [
        OutboxRow(position, row_id, source_key, fingerprint, decode_contact(contact), tuple(lanes.split()), sent_at)
        for position, row_id, source_key, fingerprint, contact, lanes, sent_at in rows
    ]


def waiting_row(row: PlannedRow) -> dict[str, Any]:
    """A row that shall be sent, as the table has it."""
    return {
        "source_key": row.source_key,
        "outcome": Outcome.PENDING,
        "fingerprint": row.fingerprint,
        "contact": encode_contact(row.contact),
        "lanes": " ".join(row.lanes),
        "withheld": int(bool(row.contact.withheld)),
        "reasons": None,
    }


def settled_row(row: SettledRow) -> dict[str, Any]:
    """A row that is not sent, as the table has it until the plan is sealed."""
    return {
        "source_key": row.source_key,
        "outcome": row.outcome,
        "fingerprint": None,
        "contact": None,
        "lanes": None,
        "withheld": 0,
        "reasons": encode_reasons(row.reasons),
    }
