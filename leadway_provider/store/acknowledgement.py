"""What the CRM answered is stored: on the row, in the ledger, and in the run's counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.bulk import delete, matching, update
from leadway_provider.store.codes import COLLISION, store_codes
from leadway_provider.store.database import chunks
from leadway_provider.store.encoding import encode_reasons, encode_remarks
from leadway_provider.store.homes import HOME_COLUMNS, Home, home_values, move_all
from leadway_provider.store.in_crm import plan_what_was_denied, plan_what_was_freed_before
from leadway_provider.store.ledger import Attempt, LedgerEntry, append
from leadway_provider.store.planned import RunRows
from leadway_provider.store.rejection import rejected_since
from leadway_provider.store.unanswered import drop_former, settle_marks
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Delivery

_FOUND: Final = ("fingerprint", "outcome", "reasons", "remarks", "run_id", "updated_at")
"""The columns of what the CRM answered for a row."""
_NONE: Final[Mapping[int, str | None]] = MappingProxyType({})


def dequeue(
    connection: sa.Connection, run_id: str, positions: Sequence[int], refused: Mapping[int, str | None] = _NONE
) -> set[int]:
    """Take rows out of a run's outbox, as part of a transaction, and return the positions that were still there.

    Refused rows, given by position with their reasons, stay in the outbox for later runs.
    """
    outbox = tables.outbox.c
    present: set[int] = set()
    for chunk in chunks(positions):
        # By the primary key alone: some databases would rather read the run's whole outbox by the index of the run.
        columns = (outbox.id, outbox.run_id, outbox.outcome)
        found = matching(connection, columns, outbox.id, chunk, for_update=True)
        own = [position for position, of_run, state in found if of_run == run_id and state != RowState.REFUSED]
        delete(connection, outbox.id, [position for position in own if position not in refused])
        present.update(own)
    if kept := [{"position": each, "said": refused[each]} for each in present if each in refused]:
        connection.execute(
            sa.update(tables.outbox)
            .where(outbox.id == sa.bindparam("position"))
            .values(outcome=RowState.REFUSED, refusals=outbox.refusals + 1, reasons=sa.bindparam("said")),
            kept,
        )
    return present


def acknowledge(
    connection: sa.Connection, attempt: Attempt, delivered: Sequence[Delivery], run: RunRows, *, now: datetime
) -> None:
    """Store the outcomes with their rows and in the ledger, and count them, as part of a transaction."""
    homes, more_collisions, lost = move_all(connection, run, delivered)
    collisions = {
        delivery.row.row_id: homes[other].source_key
        for delivery in delivered
        if delivery.outcome.is_accepted and (home := homes.get(delivery.row.row_id))
        if (other := home.collides_with) is not None
    }
    _store_found(connection, attempt, delivered, homes, collisions, now=now)
    # A row whose earlier calls have left something was read with it.
    for contact_id, left in drop_former(connection, [each for each in delivered if each.row.former]).items():
        lost[contact_id] = lost.get(contact_id, frozenset()) | left
    if lost:
        plan_what_was_denied(connection, attempt.sync_id, lost)
    plan_what_was_freed_before(connection, attempt.sync_id, delivered)
    settle_marks(connection, delivered, attempt=attempt.number, now=now)
    _store_codes(connection, attempt, delivered, collisions)
    append(connection, attempt, [_entry(delivery) for delivery in delivered], now=now)
    counted = Counter(delivery.outcome.value for delivery in delivered)
    counted["not_kept"] = sum(bool(delivery.not_kept) for delivery in delivered)
    counted["collisions"] = more_collisions
    for code in ("identity_taken", "edited_in_crm"):
        counted[code] = sum(any(remark.code == code for remark in delivery.remarks) for delivery in delivered)
    connection.execute(
        sa.update(tables.run)
        .where(tables.run.c.id == attempt.run_id)
        .values({name: tables.run.c[name] + count for name, count in counted.items()})
    )


def _store_found(
    connection: sa.Connection,
    attempt: Attempt,
    delivered: Sequence[Delivery],
    homes: Mapping[int, Home],
    collisions: Mapping[int, str],
    *,
    now: datetime,
) -> None:
    """Store with each row what the CRM answered, and where an accepted one lives now."""
    settled: list[tuple[Any, ...]] = []
    others: list[tuple[Any, ...]] = []
    rejected: list[Delivery] = []
    for each in delivered:
        found = _found_values(each, collisions.get(each.row.row_id), attempt.run_id, now)
        if each.outcome.is_accepted and (home := homes.get(each.row.row_id)):
            settled.append((*found, *home_values(home).values(), None))
        else:
            others.append(found)
            rejected.append(each)
    _store_rejections(connection, rejected, attempt.run_id)
    update(connection, tables.row, _FOUND, others)
    update(connection, tables.row, (*_FOUND, *HOME_COLUMNS, "rejected_since"), settled)


def _store_rejections(connection: sa.Connection, delivered: Sequence[Delivery], run_id: str) -> None:
    """Store since when rows are refused, and that others are not; their outcomes are still those of earlier runs."""
    row = tables.row.c
    refused = [each.row.row_id for each in delivered if each.outcome is RowState.REFUSED]
    others = [each.row.row_id for each in delivered if each.outcome is not RowState.REFUSED]
    for chunk in chunks(refused):
        since = rejected_since(RowState.REFUSED, run_id)
        connection.execute(sa.update(tables.row).where(row.id.in_(chunk)).values(rejected_since=since))
    for chunk in chunks(others):
        rejected = sa.update(tables.row).where(row.id.in_(chunk), row.rejected_since.is_not(None))
        connection.execute(rejected.values(rejected_since=None))


def _found_values(delivery: Delivery, collision: str | None, run_id: str, now: datetime) -> tuple[Any, ...]:
    """Return the row's id and the values of `_FOUND`."""
    return (
        delivery.row.row_id,
        delivery.fingerprint,
        delivery.outcome.value,
        encode_reasons(delivery.reasons),
        encode_remarks(delivery.row.contact.withheld, delivery.not_kept, collision, delivery.remarks),
        run_id,
        now,
    )


def _store_codes(
    connection: sa.Connection, attempt: Attempt, delivered: Sequence[Delivery], collisions: dict[int, str]
) -> None:
    by_outcome: defaultdict[RowState, dict[int, set[str]]] = defaultdict(dict)
    for delivery in delivered:
        reasons = (*delivery.reasons, *delivery.row.contact.withheld, *delivery.not_kept, *delivery.remarks)
        codes = {reason.code for reason in reasons}
        row_id = delivery.row.row_id
        by_outcome[delivery.outcome][row_id] = codes | {COLLISION} if row_id in collisions else codes
    for outcome, codes_by_row in by_outcome.items():
        store_codes(connection, attempt.sync_id, attempt.run_id, outcome, codes_by_row)


def _entry(delivery: Delivery) -> LedgerEntry:
    contact = delivery.row.contact
    return LedgerEntry(
        source_key=delivery.row.source_key,
        outcome=delivery.outcome,
        contact_id=delivery.contact_id,
        sent=set() if delivery.outcome is RowState.SKIPPED else contact.api_paths - delivery.left_out,
        not_kept=delivery.not_kept,
        reasons=(*delivery.reasons, *contact.withheld, *contact.notes, *delivery.remarks),
        status=delivery.status,
        trace_id=delivery.trace_id,
    )
