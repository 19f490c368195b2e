"""Calls without an answer: what they carried is marked on their rows, until it is known what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import chunks
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Delivery


def mark_unanswered(connection: sa.Connection, fingerprints: Mapping[int, bytes], at: datetime | None) -> None:
    """Mark what may have been sent for rows.

    Args:
        connection: to write with.
        fingerprints: what the calls carried, by row id.
        at: when they may have been sent; None where they certainly were not.
    """
    if not fingerprints:
        return
    marked = (
        sa.update(tables.row)
        .where(tables.row.c.id == sa.bindparam("marked_row"))
        .values(sent_fingerprint=sa.bindparam("carried"), sent_at=at)
    )
    rows = [{"marked_row": row_id, "carried": sent if at else None} for row_id, sent in fingerprints.items()]
    connection.execute(marked, rows)


def settle_marks(connection: sa.Connection, delivered: Sequence[Delivery], *, attempt: int, now: datetime) -> None:
    """End the marks of the rows of which it is certain now what became of their calls, and mark those that need it.

    Args:
        connection: to write with.
        delivered: what became of the rows.
        attempt: the run's; what an earlier one sent, was maybe carried out.
        now: the present.
    """
    row = tables.row.c
    for chunk in chunks([each.row.row_id for each in delivered if _is_certain(each)]):
        connection.execute(sa.update(tables.row).where(row.id.in_(chunk)).values(sent_fingerprint=None, sent_at=None))
    if attempt > 1:
        unsure = {each.row.row_id: each.row.fingerprint for each in delivered if _may_have_created(each)}
        mark_unanswered(connection, unsure, now)


def _is_certain(delivery: Delivery) -> bool:
    """Return whether a row may have a mark that says nothing any more."""
    if delivery.row.contact.repeatable:
        return delivery.row.sent_at is not None and delivery.outcome.is_accepted
    return delivery.outcome is not RowState.UNKNOWN


def _may_have_created(delivery: Delivery) -> bool:
    """Return whether an earlier attempt may have created a contact for a row that the API refuses now."""
    row = delivery.row
    return delivery.outcome is RowState.REFUSED and row.contact.repeatable and row.lives_on is None
