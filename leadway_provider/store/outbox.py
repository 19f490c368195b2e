"""The outbox's rows: as a plan writes them, and as a delivery reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.contacts.contact import Contact
from leadway_provider.store import tables
from leadway_provider.store.adoption import encode_home, encode_identities
from leadway_provider.store.bulk import delete_all
from leadway_provider.store.database import Database, chunks
from leadway_provider.store.encoding import decode_contact, decode_reasons, encode_contact, encode_reasons
from leadway_provider.store.in_crm import Neighbours, Place, neighbours
from leadway_provider.store.planned import RunRows
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.fingerprint import was_sent
from leadway_provider.sync.guards import PlannedCounts
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.parts import Part
from leadway_provider.sync.records import OutboxRow, PlannedRow, Refusal, SettledRow


def read_outbox(
    connection: sa.Connection, run: RunRows, *, after: int, limit: int, has_former: bool, part: Part | None = None
) -> list[OutboxRow]:
    """Return the next rows of a run, or of a part of it, that wait to be sent, behind that position.

    For `has_former` see `neighbours`.
    """
    outbox, row, other = tables.outbox.c, tables.row.c, tables.row.alias("other")
    collides = sa.and_(other.c.id == row.collides_with, other.c.contact_id == row.contact_id)
    wanted = (
        sa.select(
            *(outbox.id, outbox.row_id, outbox.source_key, outbox.fingerprint, outbox.contact, outbox.lanes),
            *(outbox.claimed, row.contact_id, row.created_at, other.c.id.label("other_id")),
            *(row.sent_fingerprint, row.sent_at, row.acknowledged_values),
        )
        .join_from(tables.outbox, tables.row, row.id == outbox.row_id)
        .outerjoin(other, sa.and_(collides, other.c.outcome != RowState.REMOVED))
        .where(outbox.run_id == run.run_id, outbox.outcome == RowState.PENDING, outbox.id > after)
        .order_by(outbox.id)
        .limit(limit)
    )
    if part is None:
        rows = connection.execute(wanted).all()
    else:
        in_place = sa.and_(outbox.part.is_(None), outbox.id.between(part.first, part.last))
        both = (in_place, outbox.part == part.number)
        found = (each for of_part in both for each in connection.execute(wanted.where(of_part)))
        rows = sorted(found, key=lambda each: int(each.id))[:limit]
    claimed = {each.row_id: each.claimed.split() for each in rows if each.claimed}
    contacts = {each.row_id: decode_contact(each.contact) for each in rows}
    places = {each.row_id: _place(each, contacts[each.row_id], run) for each in rows}
    beside = neighbours(connection, run, claimed, places, has_former=has_former) if claimed else {}
    alone = Neighbours()
    former = _former(connection, list(places))
    return [
        OutboxRow(
            position=each.id,
            row_id=each.row_id,
            source_key=each.source_key,
            fingerprint=each.fingerprint,
            contact=contacts[each.row_id],
            lanes=tuple((each.claimed or "" if each.lanes is None else each.lanes).split()),
            claimed=tuple(claimed.get(each.row_id, ())),
            sent_at=each.sent_at if was_sent(each.sent_fingerprint, each.fingerprint) else None,
            contact_id=places[each.row_id].written_to,
            lives_on=each.contact_id,
            blockers=beside.get(each.row_id, alone).blockers,
            takes_over=beside.get(each.row_id, alone).takes_over,
            left_behind=beside.get(each.row_id, alone).left_behind,
            former=tuple(former[each.row_id]),
            known_since=each.created_at,
            acknowledged_values=None if each.acknowledged_values is None else bytes(each.acknowledged_values),
        )
        for each in rows
    ]


def _place(row: Any, contact: Contact, run: RunRows) -> Place:
    collides = row.other_id is not None and run.is_present(row.other_id) and run.is_present(row.row_id)
    return Place(contact.contact_id or (None if collides else row.contact_id), row.contact_id)


def _former(connection: sa.Connection, row_ids: Collection[int]) -> Mapping[int, Sequence[Contact]]:
    """Return what earlier runs may have sent for rows, without an answer, oldest first."""
    outbox = tables.outbox.c
    found: defaultdict[int, list[Contact]] = defaultdict(list)
    for chunk in chunks(list(row_ids)):
        of_rows = sa.select(outbox.row_id, outbox.contact).where(
            outbox.row_id.in_(chunk), outbox.outcome == tables.FORMER
        )
        for row_id, contact in connection.execute(of_rows.order_by(outbox.id)):
            found[row_id].append(decode_contact(contact))
    return found


def refusals(connection: sa.Connection, row_ids: Collection[int]) -> dict[int, Refusal]:
    """Return what the API refused of these rows in earlier runs, of those that it refused last."""
    outbox = tables.outbox.c
    wanted = sa.select(outbox.row_id, outbox.fingerprint, outbox.refusals, outbox.reasons)
    return {
        row_id: Refusal(fingerprint, runs, decode_reasons(reasons))
        for chunk in chunks(list(row_ids))
        for row_id, fingerprint, runs, reasons in connection.execute(
            wanted.where(outbox.row_id.in_(chunk), outbox.outcome == RowState.REFUSED, outbox.refusals > 0)
        )
    }


def count_planned(connection: sa.Connection, run_id: str) -> PlannedCounts:
    """Return how many rows a plan would send, without a contact and with one."""
    outbox, row = tables.outbox.c, tables.row.c
    # A row that was removed is sent like a new one.
    has_contact = sa.and_(row.contact_id.is_not(None), row.outcome != RowState.REMOVED)
    counts = (
        sa.select(sa.func.count(), sa.func.count(sa.case((has_contact, 1))))
        .join_from(tables.outbox, tables.row, row.id == outbox.row_id)
        .where(outbox.run_id == run_id, outbox.outcome == RowState.PENDING)
    )
    planned, changed = connection.execute(counts).one()
    return PlannedCounts(new=planned - changed, changed=changed)


def sweep_outbox(database: Database, sync_id: int) -> None:
    """Delete what plans of a sync left that were never sealed, in short transactions: outbox, claims and new rows."""
    run = tables.run.c
    unsealed = sa.select(run.id).where(
        run.sync_id == sync_id, run.status == RunStatus.ABANDONED, run.sealed_at.is_(None)
    )
    delete_all(database, tables.outbox, tables.outbox.c.id, tables.outbox.c.run_id.in_(unsealed))
    delete_all(database, tables.staged_claim, tables.staged_claim.c.row_id, tables.staged_claim.c.run_id.in_(unsealed))
    of_sync = sa.select(run.id).where(run.sync_id == sync_id)
    delete_all(database, tables.snapshot, tables.snapshot.c.contact_id, tables.snapshot.c.run_id.in_(of_sync))
    # Only rows that such a plan added still name it.
    added = sa.select(tables.row.c.id).where(tables.row.c.run_id.in_(unsealed))
    delete_all(database, tables.claim, tables.claim.c.row_id, tables.claim.c.row_id.in_(added))
    delete_all(database, tables.row, tables.row.c.id, tables.row.c.run_id.in_(unsealed))


OUTBOX_COLUMNS: Final = (
    *("row_id", "source_key", "outcome", "fingerprint", "contact", "lanes", "claimed", "refusals", "withheld"),
    *("reasons", "in_crm", "acknowledged_values"),
)
"""The columns of `waiting_row` and `decided_row`."""


def waiting_row(row: PlannedRow) -> tuple[Any, ...]:
    """Return a row that is to be sent, as the table has it."""
    return (
        row.row_id,
        row.source_key,
        RowState.PENDING.value,
        row.fingerprint,
        encode_contact(row.contact),
        None if row.lanes == row.claimed else " ".join(row.lanes),  # most rows have the same
        " ".join(row.claimed) or None,
        row.refusals,
        int(bool(row.contact.withheld)),
        None,
        encode_identities(row.in_crm),
        None,
    )


def decided_row(row: SettledRow) -> tuple[Any, ...]:
    """Return a row that is not sent, as the table has it until the plan is sealed."""
    reasons, home, in_crm = encode_reasons(row.reasons), encode_home(row.contact_id), encode_identities(row.in_crm)
    found = (reasons, in_crm, row.acknowledged_values)
    return row.row_id, row.source_key, row.outcome.value, row.fingerprint, home, None, None, 0, 0, *found
