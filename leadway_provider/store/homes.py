"""Who lives on which contact, and which rows collide there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.bulk import matching
from leadway_provider.store.database import chunks
from leadway_provider.store.planned import PlannedBy, RunRows, pending_in_run, planned_to_send
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Delivery
from leadway_provider.sync.residents import count_collisions, move


@dataclass(slots=True)
class Home:
    """A row and the contact that it lives on: see `Resident`."""

    row_id: int
    source_key: str
    contact_id: str | None = None
    created_by_sync: bool = False
    in_crm: frozenset[str] = frozenset()
    collides_with: int | None = None
    was_removed: bool = False
    acknowledged_values: bytes | None = field(default=None, repr=False)


class Moved(NamedTuple):
    """What accepted rows change for all rows on their contacts.

    Attributes:
        homes: the delivered rows and all others on their contacts, by row id.
        more_collisions: how many more rows collide than before.
        lost: the hashes of the identities that contacts have lost, by contact id.
    """

    homes: dict[int, Home]
    more_collisions: int
    lost: dict[str, frozenset[str]]


def move_all(connection: sa.Connection, run: RunRows, delivered: Sequence[Delivery]) -> Moved:
    """Let accepted rows live where the answers show, one after the other, and store what that means for other rows.

    The caller stores the delivered rows.
    """
    touched = {each for delivery in delivered for each in (delivery.row.lives_on, delivery.contact_id) if each}
    before = _residents(connection, run.sync_id, touched)
    homes = {row_id: replace(home) for row_id, home in before.items()}
    on_contact: defaultdict[str | None, set[int]] = defaultdict(set)
    for home in homes.values():
        on_contact[home.contact_id].add(home.row_id)
    for delivery in delivered:
        if delivery.outcome.is_accepted and delivery.contact_id:
            row_id = delivery.row.row_id
            home = homes.setdefault(row_id, Home(row_id, delivery.row.source_key))
            residents = [homes[each] for each in on_contact[home.contact_id] | on_contact[delivery.contact_id]]
            move(home, delivery, residents, lambda each: not homes[each].was_removed and run.is_present(each))
            on_contact[delivery.contact_id].add(row_id)
    accepted = {delivery.row.row_id for delivery in delivered if delivery.outcome.is_accepted and delivery.contact_id}
    _store(connection, [home for row_id, home in homes.items() if row_id not in accepted and home != before[row_id]])
    now_in_crm = _in_crm_of_contacts(homes.values())
    lost = {
        contact_id: had - now_in_crm[contact_id]
        for contact_id, had in _in_crm_of_contacts(before.values()).items()
        if contact_id in now_in_crm and had - now_in_crm[contact_id]
    }
    if not count_collisions(before.values()) and not count_collisions(homes.values()):
        return Moved(homes, 0, lost)
    pending = pending_in_run(connection, run.run_id, set(homes))
    sent = {delivery.row.row_id for delivery in delivered}
    was = count_collisions(_counted(before.values(), run, pending | sent))
    return Moved(homes, count_collisions(_counted(homes.values(), run, pending)) - was, lost)


def _in_crm_of_contacts(homes: Iterable[Home]) -> dict[str, frozenset[str]]:
    """Return the hashes of the identities that the CRM has on contacts, as far as is known, by contact id."""
    found: dict[str, frozenset[str]] = {}
    for home in homes:
        if home.contact_id:
            found[home.contact_id] = found.get(home.contact_id, frozenset()) | home.in_crm
    return found


def _counted(homes: Iterable[Home], run: RunRows, pending: Collection[int]) -> Iterator[Home]:
    """Return the homes of rows that are in the source, and not still to be sent."""
    return (
        each for each in homes if not each.was_removed and each.row_id not in pending and run.is_present(each.row_id)
    )


def _residents(connection: sa.Connection, sync_id: int, contact_ids: Collection[str]) -> dict[int, Home]:
    """Return the rows that live on these contacts, by id."""
    row = tables.row.c
    columns = (
        *(row.id, row.source_key, row.contact_id, row.created_by_sync, row.in_crm, row.also_in_crm),
        *(row.collides_with, row.outcome, row.acknowledged_values),
    )
    found: dict[int, Home] = {}
    for chunk in chunks(list(contact_ids)):
        rows = matching(connection, columns, row.contact_id, chunk, sync_id=sync_id)
        for row_id, key, contact_id, created_by_sync, first, second, collides_with, outcome, values in rows:
            in_crm = frozenset(bytes(identity).hex() for identity in (first, second) if identity)
            was_removed = outcome == RowState.REMOVED
            found[row_id] = Home(
                *(row_id, key, contact_id, bool(created_by_sync), in_crm, collides_with, was_removed),
                None if values is None else bytes(values),
            )
    return found


def _store(connection: sa.Connection, homes: Sequence[Home]) -> None:
    """Store where rows live that were not delivered themselves."""
    if homes:
        connection.execute(
            sa.update(tables.row).where(tables.row.c.id == sa.bindparam("moved")),
            [{"moved": home.row_id} | home_values(home) for home in homes],
        )


HOME_COLUMNS: Final = (
    *("contact_id", "created_by_sync", "in_crm", "also_in_crm", "collides_with", "acknowledged_values"),
)
"""The columns of a row that say where it lives, and what the CRM has there."""


def home_values(home: Home) -> dict[str, Any]:
    """Return the columns of a row that say where it lives."""
    in_crm, also_in_crm = (*sorted(bytes.fromhex(identity) for identity in home.in_crm), None, None)[:2]
    return {
        "contact_id": home.contact_id,
        "created_by_sync": int(home.created_by_sync),
        "in_crm": in_crm,
        "also_in_crm": also_in_crm,
        "collides_with": home.collides_with,
        "acknowledged_values": home.acknowledged_values,
    }


def on_contacts(connection: sa.Connection, row_ids: Collection[int]) -> set[int]:
    """Return those of these rows that live on a contact, without those whose contact was removed."""
    row = tables.row.c
    living = sa.select(row.id).where(row.contact_id.is_not(None), row.outcome != RowState.REMOVED)
    return {row_id for chunk in chunks(list(row_ids)) for row_id in connection.scalars(living.where(row.id.in_(chunk)))}


def shared_contacts(connection: sa.Connection, sync_id: int) -> list[Home]:
    """Return the rows that live on contacts with several rows."""
    row = tables.row.c
    contact_ids = connection.scalars(
        sa.select(row.contact_id).where(
            # Not null, in a form that SQLite finds along the index of rows that collide: they are few. The sync is
            # compared in a form that no index has, since SQLite would rather read every row of it.
            row.collides_with > 0,
            row.sync_id + 0 == sync_id,
            row.contact_id.is_not(None),
        )
    )
    return list(_residents(connection, sync_id, set(contact_ids)).values())


def count_standing_collisions(
    connection: sa.Connection, run: RunRows, homes: Sequence[Home], carried: Collection[int] = ()
) -> int:
    """Return how many rows too many live on contacts since earlier runs, without those that this run still sends."""
    pending = pending_in_run(connection, run.run_id, {home.row_id for home in homes}).union(carried)
    return count_collisions(_counted(homes, run, pending))


def planned_on_contacts(connection: sa.Connection, homes: Sequence[Home], plan: PlannedBy) -> list[dict[int, bool]]:
    """Return for each contact with several rows, by row id: whether a call is planned for the row."""
    planned = planned_to_send(connection, plan, {home.row_id for home in homes})
    contacts: defaultdict[str, dict[int, bool]] = defaultdict(dict)
    for home in homes:
        if not home.was_removed:
            contacts[str(home.contact_id)][home.row_id] = home.row_id in planned
    return [rows for rows in contacts.values() if len(rows) > 1]
