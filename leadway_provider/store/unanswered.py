"""Calls without an answer: what they carried is kept until it is known what became of them.

A mark on the row says that it may have been sent. What a newer plan has replaced stays in the outbox as `FORMER`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import chunks
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Delivery

_PART: Final = 1000
"""Rows that are in memory at a time: after a killed run there may be as many as the run had."""


class MayHave(NamedTuple):
    """A row whose contact may have an e-mail or phone that a call without an answer carried.

    Attributes:
        id: the row's.
        contact_id: the contact; None where that call may have created it.
        outcome: the row's.
    """

    id: int
    contact_id: str | None
    outcome: str


def has_former(connection: sa.Connection, sync_id: int) -> bool:
    """Return whether the outbox of a sync keeps what a call without an answer carried."""
    return connection.execute(_former(sync_id).limit(1)).first() is not None


def may_have(connection: sa.Connection, sync_id: int, identities: Collection[str]) -> dict[str, list[MayHave]]:
    """Return by identity the rows whose contacts may have it."""
    found: defaultdict[str, list[MayHave]] = defaultdict(list)
    former = _former(sync_id).order_by(tables.outbox.c.id)
    rows = connection.execute(former, execution_options={"yield_per": _PART}) if identities else ()
    for row_id, contact_id, outcome, claimed in rows:
        for identity in set(claimed.split()).intersection(identities):
            found[identity].append(MayHave(row_id, contact_id, outcome))
    return found


def _former(sync_id: int) -> sa.Select[Any]:
    outbox, row, run = tables.outbox.c, tables.row.c, tables.run.c
    of_sync = sa.select(run.id).where(run.sync_id == sync_id)
    return (
        sa.select(row.id, row.contact_id, row.outcome, outbox.claimed)
        .join_from(tables.outbox, tables.row, row.id == outbox.row_id)
        .where(outbox.run_id.in_(of_sync), outbox.outcome == tables.FORMER, outbox.claimed.is_not(None))
    )


def drop_former(connection: sa.Connection, delivered: Sequence[Delivery]) -> dict[str, frozenset[str]]:
    """Delete what was kept of accepted rows, since their contacts are known now, and return what these do not have.

    Returns:
        The hashes of the identities that the rows' contacts might have had before, by contact id.
    """
    outbox = tables.outbox.c
    accepted = {each.row.row_id: each for each in delivered if each.outcome.is_accepted}
    former: list[int] = []
    lost: dict[str, frozenset[str]] = {}
    for chunk in chunks(list(accepted)):
        of_rows = sa.select(outbox.id, outbox.row_id, outbox.claimed).where(
            outbox.row_id.in_(chunk), outbox.outcome == tables.FORMER
        )
        for position, row_id, claimed in connection.execute(of_rows):
            former.append(position)
            delivery = accepted[row_id]
            if delivery.contact_id and delivery.contact_id == delivery.row.lives_on:
                left = frozenset((claimed or "").split()) - delivery.in_crm
                lost[delivery.contact_id] = lost.get(delivery.contact_id, frozenset()) | left
    for chunk in chunks(former):
        connection.execute(sa.delete(tables.outbox).where(outbox.id.in_(chunk)))
    return lost


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
    unsure = [each.row for each in delivered if (attempt > 1 or each.maybe_written) and _may_have_created(each)]
    mark_unanswered(connection, {each.row_id: each.fingerprint for each in unsure}, now)


def _is_certain(delivery: Delivery) -> bool:
    """Return whether a row may have a mark that says nothing any more."""
    if delivery.row.contact.repeatable:
        return (delivery.row.sent_at is not None or delivery.was_marked) and delivery.outcome.is_accepted
    return delivery.outcome is not RowState.UNKNOWN


def _may_have_created(delivery: Delivery) -> bool:
    """Return whether an earlier call may have created a contact for a row that the API refuses now."""
    row = delivery.row
    return delivery.outcome is RowState.REFUSED and row.contact.repeatable and row.lives_on is None
