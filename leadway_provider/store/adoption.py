"""Rows of which the account was found to have all: they are acknowledged without a call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.contacts.contact import Contact
from leadway_provider.store import tables
from leadway_provider.store.bulk import update
from leadway_provider.store.codes import store_codes
from leadway_provider.store.encoding import decode_contact, encode_contact
from leadway_provider.store.homes import HOME_COLUMNS, home_values, move_all
from leadway_provider.store.in_crm import plan_what_was_denied
from leadway_provider.store.planned import RunRows
from leadway_provider.store.unanswered import drop_former
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Delivery, OutboxRow

_DECIDED: Final = ("fingerprint", "outcome", "reasons", "remarks", "rejected_since", "run_id", "updated_at")


def encode_home(contact_id: str | None) -> str | None:
    """Return the contact that an unchanged row lives on from the seal on, as the outbox has it until then."""
    return None if contact_id is None else encode_contact(Contact({}, contact_id=contact_id))


def encode_identities(in_crm: Collection[str] | None) -> str | None:
    """Return the hashes of what a contact was found to have, as the outbox has them until the seal."""
    return None if in_crm is None else " ".join(sorted(in_crm))


def store_found(connection: sa.Connection, rows: Sequence[Any]) -> None:
    """Store what the contacts of rows of a plan's outbox were found to have, as part of a transaction."""
    found = [(each.row_id, *_identities(each.in_crm)) for each in rows if each.in_crm is not None]
    update(connection, tables.row, ("in_crm", "also_in_crm"), found)
    values = [(each.row_id, each.acknowledged_values) for each in rows if each.acknowledged_values is not None]
    update(connection, tables.row, ("acknowledged_values",), values)


def _identities(in_crm: str) -> tuple[bytes | None, bytes | None]:
    first, second = (*(bytes.fromhex(each) for each in in_crm.split()), None, None)[:2]
    return first, second


def adopt(connection: sa.Connection, run: RunRows, rows: Sequence[Any], *, now: datetime) -> None:
    """Let rows of a plan's outbox live on the contacts that were found for them, as part of a transaction."""
    row = tables.row.c
    here = sa.select(row.id, row.contact_id).where(row.id.in_([each.row_id for each in rows]))
    lived_on = {row_id: contact_id for row_id, contact_id in connection.execute(here)}  # noqa: C416 - a row is no tuple for mypy
    adopted = [
        Delivery(
            OutboxRow(
                each.id, each.row_id, each.source_key, each.fingerprint, Contact({}), lives_on=lived_on[each.row_id]
            ),
            RowState.UPDATED,
            decode_contact(each.contact).contact_id,
            in_crm=frozenset((each.in_crm or "").split()),
            acknowledged_values=each.acknowledged_values,
        )
        for each in rows
    ]
    moved = move_all(connection, run, adopted)
    values = (RowState.UNCHANGED, None, None, None, run.run_id, now)
    update(connection, tables.row, _DECIDED, [(each.row.row_id, each.row.fingerprint, *values) for each in adopted])
    lives = [(each.row.row_id, *home_values(moved.homes[each.row.row_id]).values()) for each in adopted]
    update(connection, tables.row, HOME_COLUMNS, lives)
    lost = moved.lost
    for contact_id, left in drop_former(connection, adopted).items():
        lost[contact_id] = lost.get(contact_id, frozenset()) | left
    if lost:
        plan_what_was_denied(connection, run.sync_id, lost)
    store_codes(connection, run.sync_id, run.run_id, RowState.UNCHANGED, {each.row.row_id: () for each in adopted})
