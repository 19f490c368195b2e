"""What the CRM answered, kept: on the row, in the ledger, and in the run's counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import chunks
from leadway_provider.store.encoding import encode_reasons, encode_remarks
from leadway_provider.store.ledger import Attempt, Entry, record
from leadway_provider.sync.outcome import REMOVED, Outcome
from leadway_provider.sync.ports import Delivery

_CHUNK: Final = 1000
_ACCEPTED: Final = frozenset({Outcome.CREATED, Outcome.UPDATED})


_CONTACT: Final = sa.bindparam("contact", type_=tables.row.c.contact_id.type)


def take(connection: sa.Connection, run_id: str, positions: Sequence[int]) -> set[int]:
    """Take rows out of a run's outbox, as part of a transaction; tells which of them were still there."""
    present: set[int] = set()
    for chunk in chunks(positions, _CHUNK):
        here = sa.and_(tables.outbox.c.run_id == run_id, tables.outbox.c.id.in_(chunk))
        present.update(connection.scalars(sa.select(tables.outbox.c.id).where(here).with_for_update()))
        connection.execute(sa.delete(tables.outbox).where(here))
    return present


def settle(connection: sa.Connection, attempt: Attempt, delivered: Sequence[Delivery]) -> None:
    """Keep the outcomes on their rows and in the ledger, and count them, as part of a transaction."""
    collisions = _collisions(connection, attempt.sync_id, delivered)
    connection.execute(
        sa.update(tables.row)
        .where(tables.row.c.id == sa.bindparam("row_id"))
        .ordered_values(
            # First, since MySQL assigns one after the other, and this compares with the contact that the row had.
            (tables.row.c.made, _made()),
            # A contact that exists goes on existing when a later update is refused.
            (tables.row.c.contact_id, sa.func.coalesce(_CONTACT, tables.row.c.contact_id)),
            (tables.row.c.run_id, attempt.run_id),
            (tables.row.c.updated_at, datetime.now(UTC)),
        ),
        [_settled(delivery, collisions.get(delivery.row.row_id)) for delivery in delivered],
    )
    if known := [delivery.row.row_id for delivery in delivered if _is_settled(delivery)]:
        connection.execute(sa.update(tables.row).where(tables.row.c.id.in_(known)).values(sent=None, sent_at=None))
    record(connection, attempt, [_entry(delivery) for delivery in delivered])
    counted = Counter(delivery.outcome.value for delivery in delivered)
    counted["not_kept"] = sum(bool(delivery.not_kept) for delivery in delivered)
    counted["collisions"] = len(collisions)
    connection.execute(
        sa.update(tables.run)
        .where(tables.run.c.id == attempt.run_id)
        .values({name: tables.run.c[name] + count for name, count in counted.items()})
    )


def _is_settled(delivery: Delivery) -> bool:
    """Whether a call that must not be repeated has come to a known end."""
    return not delivery.row.contact.repeatable and delivery.outcome is not Outcome.UNKNOWN


def _made() -> sa.Case[int]:
    """Whether this sync created the row's contact; a contact that it only came to, it did not."""
    return sa.case(
        (sa.bindparam("created", type_=sa.Boolean), 1),
        (sa.or_(_CONTACT.is_(None), tables.row.c.contact_id == _CONTACT), tables.row.c.made),
        else_=0,
    )


def _settled(delivery: Delivery, collision: str | None) -> dict[str, Any]:
    return {
        "row_id": delivery.row.row_id,
        "fingerprint": delivery.row.fingerprint if delivery.outcome in _ACCEPTED else None,
        "contact": delivery.contact_id,
        "created": delivery.outcome is Outcome.CREATED,
        "outcome": delivery.outcome,
        "reasons": encode_reasons(delivery.reasons),
        "remarks": encode_remarks(delivery.row.contact.withheld, delivery.not_kept, collision),
        "trace_id": delivery.trace_id,
    }


def _entry(delivery: Delivery) -> Entry:
    contact = delivery.row.contact
    return Entry(
        source_key=delivery.row.source_key,
        outcome=delivery.outcome,
        contact_id=delivery.contact_id,
        sent=contact.places,
        not_kept=delivery.not_kept,
        reasons=(*delivery.reasons, *contact.withheld, *contact.notes),
        status=delivery.status,
        trace_id=delivery.trace_id,
    )


def _collisions(connection: sa.Connection, sync_id: int, delivered: Sequence[Delivery]) -> dict[int, str]:
    """Another source key on the same contact, by the id of the row that came to it later."""
    accepted = [delivery for delivery in delivered if delivery.outcome in _ACCEPTED and delivery.contact_id]
    moving = {delivery.row.row_id for delivery in accepted}
    holders: dict[str, str] = {}
    for chunk in chunks([delivery.contact_id for delivery in accepted], _CHUNK):
        held = connection.execute(
            sa.select(tables.row.c.id, tables.row.c.contact_id, tables.row.c.source_key).where(
                tables.row.c.sync_id == sync_id,
                tables.row.c.contact_id.in_(chunk),
                tables.row.c.outcome != REMOVED,
            )
        )
        holders |= {contact_id: key for row_id, contact_id, key in held if row_id not in moving}
    found = {}
    for delivery in accepted:
        holder = holders.setdefault(str(delivery.contact_id), delivery.row.source_key)
        if holder != delivery.row.source_key:
            found[delivery.row.row_id] = holder
    return found
