"""Mentions of a person in what is kept of others: the contact that has an e-mail, or the key that shares a contact."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.contacts.reasons import CODES
from leadway_provider.store import tables
from leadway_provider.store.codes import COLLISION

_COLUMNS: Final = (
    (tables.row, ("reasons", "remarks")),
    (tables.delivery, ("reasons", "not_kept")),
)


def delete_mentions(connection: sa.Connection, sync_id: int, *, keys: Collection[str], contacts: Sequence[str]) -> None:
    """Delete what the rows and the ledger of a sync say of these keys and contacts, as part of a transaction.

    The reason itself stays, with the sentence of its code. This reads all reasons of the sync.
    """
    for table, names in _COLUMNS:
        for name in names:
            for contact_id in contacts:
                mentions = table.c[name].contains(_in_json(contact_id), autoescape=True)
                found = connection.execute(
                    sa.select(table.c.id, table.c[name]).where(table.c.sync_id == sync_id, mentions)
                ).all()
                for entry_id, text in found:
                    _replace(connection, table, entry_id, name, _without(json.loads(text), contact_id))
    _delete_collisions(connection, sync_id, keys)


def _delete_collisions(connection: sa.Connection, sync_id: int, keys: Collection[str]) -> None:
    """Delete the remarks that one of these keys is on the same contact."""
    row, code = tables.row.c, tables.reason.c
    colliding = (
        sa.select(row.id, row.remarks)
        .join_from(tables.row, tables.reason, code.row_id == row.id)
        .where(code.sync_id == sync_id, code.code == COLLISION, row.remarks.is_not(None))
    )
    for row_id, text in connection.execute(colliding).all():
        remarks = json.loads(text)
        if remarks.get("collision") in keys:
            del remarks["collision"]
            _replace(connection, tables.row, row_id, "remarks", remarks)
            connection.execute(sa.delete(tables.reason).where(code.row_id == row_id, code.code == COLLISION))


def _replace(connection: sa.Connection, table: sa.Table, entry_id: int, column: str, document: Any) -> None:
    text = json.dumps(document, separators=(",", ":")) if document else None
    connection.execute(sa.update(table).where(table.c.id == entry_id).values({column: text}))


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _without(document: Any, contact_id: str) -> Any:
    """Return reasons or remarks in which no message names the contact."""
    if isinstance(document, list):
        return [_without(each, contact_id) for each in document]
    if isinstance(document, dict):
        if contact_id in str(document.get("message", "")):
            return {**document, "message": CODES.get(document.get("code", ""), "")}
        return {name: _without(value, contact_id) for name, value in document.items()}
    return document
