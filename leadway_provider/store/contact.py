"""Who lives on which contact: collisions, departed rows whose contact another row takes over, and blockers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import chunks
from leadway_provider.sync.claims import Claim, ClaimKind
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Blocker, Delivery
from leadway_provider.sync.residents import count_collisions, move


class Place(NamedTuple):
    """Which contact a row is written to by its id, and which one it lives on; None where there is none."""

    written_to: str | None
    lives_on: str | None


class Neighbours(NamedTuple):
    """What other rows' contacts mean for a row of the outbox; see `OutboxRow`."""

    blockers: tuple[Blocker, ...] = ()
    takes_over: str | None = None


class PlannedBy(NamedTuple):
    """A run that is planned, and in how many runs the API may refuse a row before it is not carried any more."""

    run_id: str
    retry_refused: int


Living = Callable[[int], bool]
"""Returns whether the source has the row of that id, as far as is known."""


@dataclass(frozen=True, slots=True)
class RunRows:
    """A run, its sync, and which rows the source has, as far as the run's plan knows."""

    sync_id: int
    run_id: str
    is_present: Living


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
    pending = _pending(connection, run.run_id, set(homes))
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
    columns = (row.id, row.source_key, row.contact_id, row.created_by_sync, row.in_crm, row.also_in_crm)
    return {
        each.id: Home(
            each.id,
            each.source_key,
            each.contact_id,
            bool(each.created_by_sync),
            frozenset(bytes(identity).hex() for identity in (each.in_crm, each.also_in_crm) if identity),
            each.collides_with,
            each.outcome == RowState.REMOVED,
        )
        for chunk in chunks(list(contact_ids))
        for each in connection.execute(
            sa.select(*columns, row.collides_with, row.outcome).where(row.sync_id == sync_id, row.contact_id.in_(chunk))
        )
    }


def _store(connection: sa.Connection, homes: Sequence[Home]) -> None:
    """Store where rows live that were not delivered themselves."""
    if homes:
        connection.execute(
            sa.update(tables.row).where(tables.row.c.id == sa.bindparam("moved")),
            [{"moved": home.row_id} | home_values(home) for home in homes],
        )


HOME_COLUMNS: Final = ("contact_id", "created_by_sync", "in_crm", "also_in_crm", "collides_with")
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
    }


def shared_contacts(connection: sa.Connection, sync_id: int) -> list[Home]:
    """Return the rows that live on contacts with several rows."""
    row = tables.row.c
    contact_ids = connection.scalars(
        sa.select(row.contact_id).where(
            row.sync_id == sync_id,
            row.collides_with > 0,  # not null, in a form that SQLite finds along the index
            row.contact_id.is_not(None),
        )
    )
    return list(_residents(connection, sync_id, set(contact_ids)).values())


def count_standing_collisions(
    connection: sa.Connection, run: RunRows, homes: Sequence[Home], carried: Collection[int] = ()
) -> int:
    """Return how many rows too many live on contacts since earlier runs, without those that this run still sends."""
    pending = _pending(connection, run.run_id, {home.row_id for home in homes}).union(carried)
    return count_collisions(_counted(homes, run, pending))


def planned_on_contacts(connection: sa.Connection, homes: Sequence[Home], plan: PlannedBy) -> list[dict[int, bool]]:
    """Return for each contact with several rows, by row id: whether a call is planned for the row."""
    planned = _planned(connection, plan, {home.row_id for home in homes})
    contacts: defaultdict[str, dict[int, bool]] = defaultdict(dict)
    for home in homes:
        if not home.was_removed:
            contacts[str(home.contact_id)][home.row_id] = home.row_id in planned
    return [rows for rows in contacts.values() if len(rows) > 1]


def denied(
    connection: sa.Connection, sync_id: int, held: Sequence[Claim], plan: PlannedBy
) -> list[tuple[int, dict[int, bool]]]:
    """Return those of the rows that hold an identity which the CRM has on other rows' contacts, with those rows."""
    holders = _in_crm(connection, sync_id, {claim.identity for claim in held})
    others = {other.id for several in holders.values() for other in several}
    planned = _planned(connection, plan, others.union(claim.row_id for claim in held))
    own = _contacts_of(connection, [claim.row_id for claim in held])
    found = []
    for claim in held:
        has_it = holders.get(claim.identity, ())
        if has_it and claim.row_id not in planned and all(each.contact_id != own[claim.row_id] for each in has_it):
            found.append((claim.row_id, {each.id: each.id in planned for each in has_it}))
    return found


def plan_what_was_denied(connection: sa.Connection, sync_id: int, lost: Mapping[str, Collection[str]]) -> None:
    """Let rows count as changed that hold, and did not get, an identity which another contact has lost.

    Args:
        connection: to read and write with.
        sync_id: the sync.
        lost: the hashes of the identities that contacts have lost, by contact id.
    """
    row, claim = tables.row.c, tables.claim.c
    lacks_it = [sa.or_(kept.is_(None), kept != claim.identity) for kept in (row.in_crm, row.also_in_crm)]
    identities = sorted({bytes.fromhex(identity) for several in lost.values() for identity in several})
    for chunk in chunks(identities):
        lacking = connection.execute(
            sa.select(claim.row_id, claim.identity, row.contact_id)
            .join_from(tables.claim, tables.row, row.id == claim.row_id)
            .where(claim.sync_id == sync_id, claim.identity.in_(chunk), claim.kind == ClaimKind.HOLDS, *lacks_it)
        )
        found = [
            row_id
            for row_id, identity, own in lacking
            if any(bytes(identity).hex() in lost[contact_id] for contact_id in lost.keys() - {own})
        ]
        connection.execute(sa.update(tables.row).where(row.id.in_(found)).values(fingerprint=None))


def plan_what_was_overwritten(connection: sa.Connection, sync_id: int, sent: Mapping[int, Collection[str]]) -> None:
    """Let rows count as changed whose contacts may have got other rows' values from calls without an answer.

    The account may have matched a contact that has an identity of the other row, beside those of its own row.

    Args:
        connection: to read and write with.
        sync_id: the sync.
        sent: the hashes of the identities that calls may have sent, by the ids of their rows.
    """
    holders = _in_crm(connection, sync_id, {identity for several in sent.values() for identity in several})
    sharing = _sharing(connection, sync_id, holders) if holders else set()
    found = {
        other.id
        for row_id, several in sent.items()
        for identity in several
        for other in holders.get(identity, ())
        if other.id != row_id and (identity, other.id) not in sharing
    }
    for chunk in chunks(sorted(found)):
        connection.execute(sa.update(tables.row).where(tables.row.c.id.in_(chunk)).values(fingerprint=None))


def identities_of_rows(connection: sa.Connection, row_ids: Sequence[int]) -> dict[str, frozenset[str]]:
    """Return the hashes of the identities that the CRM has on the contacts of these rows, by contact id."""
    row = tables.row.c
    columns = (row.contact_id, row.in_crm, row.also_in_crm)
    return {
        each.contact_id: frozenset(bytes(identity).hex() for identity in each[1:] if identity is not None)
        for chunk in chunks(row_ids)
        for each in connection.execute(sa.select(*columns).where(row.id.in_(chunk), row.contact_id.is_not(None)))
    }


def _contacts_of(connection: sa.Connection, row_ids: Sequence[int]) -> dict[int, str | None]:
    row = tables.row.c
    return {
        row_id: contact_id
        for chunk in chunks(row_ids)
        for row_id, contact_id in connection.execute(sa.select(row.id, row.contact_id).where(row.id.in_(chunk)))
    }


def forget_identity(connection: sa.Connection, sync_id: int, blocker: Blocker) -> str:
    """Store that a contact does not have an identity any more, and return the source key of the row that had it."""
    row, identity = tables.row.c, bytes.fromhex(blocker.identity)
    on_contact = sa.and_(row.sync_id == sync_id, row.contact_id == blocker.contact_id)
    for column in (row.in_crm, row.also_in_crm):
        connection.execute(sa.update(tables.row).where(on_contact, column == identity).values({column.name: None}))
    return connection.scalar(sa.select(row.source_key).where(row.id == blocker.row_id)) or ""


def neighbours(
    connection: sa.Connection,
    run: RunRows,
    claimed: Mapping[int, Sequence[str]],
    places: Mapping[int, Place],
) -> dict[int, Neighbours]:
    """Return by row id the other rows on whose contacts the CRM still has an identity that a row sends.

    Where the account has to match a contact, it may match that of a departed row which has the row's first identity:
    that contact is taken over. A row that holds the identity, too, shares it, and blocks nothing.

    Args:
        connection: to read with.
        run: the run whose outbox is delivered.
        claimed: the identities that each row sends, hashed.
        places: the contact of each row.
    """
    wanted = {identity for several in claimed.values() for identity in several}
    holders = _in_crm(connection, run.sync_id, wanted)
    pending = _pending(connection, run.run_id, {other.id for several in holders.values() for other in several})
    sharing = _sharing(connection, run.sync_id, holders)

    def has_departed(other: sa.Row[Any]) -> bool:
        return other.outcome == RowState.REMOVED or not run.is_present(other.id)

    found: dict[int, Neighbours] = {}
    for row_id, several in claimed.items():
        departed = (other.contact_id for other in holders.get(several[0], ()) if has_departed(other))
        takes_over = next(departed, None) if places[row_id].written_to is None else None
        found[row_id] = Neighbours(
            tuple(
                Blocker(other.id, other.contact_id, identity, other.id in pending)
                for identity in several
                for other in holders.get(identity, ())
                if other.contact_id not in {*places[row_id], takes_over} and (identity, other.id) not in sharing
            ),
            takes_over,
        )
    return found


def _in_crm(connection: sa.Connection, sync_id: int, identities: Collection[str]) -> Mapping[str, Sequence[Any]]:
    row = tables.row.c
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for column in (row.in_crm, row.also_in_crm):
        for chunk in chunks([bytes.fromhex(identity) for identity in identities]):
            with_contact = sa.select(row.id, row.contact_id, row.outcome, column.label("identity")).where(
                row.sync_id == sync_id, column.in_(chunk), row.contact_id.is_not(None)
            )
            for each in connection.execute(with_contact):
                found[bytes(each.identity).hex()].append(each)
    return {identity: sorted(several, key=lambda each: each.id) for identity, several in found.items()}


def _sharing(connection: sa.Connection, sync_id: int, holders: Mapping[str, Sequence[Any]]) -> set[tuple[str, int]]:
    """Return those identities and rows, of whose contacts the CRM has them, that the rows hold or retain."""
    claim = tables.claim.c
    of_rows = {other.id for several in holders.values() for other in several}
    return {
        (bytes(identity).hex(), row_id)
        for chunk in chunks([bytes.fromhex(identity) for identity in holders])
        for identity, row_id in connection.execute(
            sa.select(claim.identity, claim.row_id).where(
                claim.sync_id == sync_id, claim.identity.in_(chunk), claim.kind != ClaimKind.WAITS
            )
        )
        if row_id in of_rows
    }


def _pending(connection: sa.Connection, run_id: str, row_ids: Collection[int]) -> set[int]:
    """Return those of these rows that a run still has to send."""
    outbox = tables.outbox.c
    return _in_outbox(connection, row_ids, outbox.run_id == run_id, outbox.outcome == RowState.PENDING)


def _planned(connection: sa.Connection, plan: PlannedBy, row_ids: Collection[int]) -> set[int]:
    """Return those of these rows that a run will send: its own, and those of earlier runs which it will carry."""
    outbox, own = tables.outbox.c, tables.outbox.alias("own").c
    is_decided = sa.exists().where(own.row_id == outbox.row_id, own.run_id == plan.run_id)
    is_refused = sa.and_(outbox.outcome == RowState.REFUSED, outbox.refusals <= plan.retry_refused, ~is_decided)
    return _in_outbox(connection, row_ids, sa.or_(outbox.outcome == RowState.PENDING, is_refused))


def _in_outbox(connection: sa.Connection, row_ids: Collection[int], *conditions: sa.ColumnElement[bool]) -> set[int]:
    """Return those of these rows that the outbox has under these conditions."""
    outbox = tables.outbox.c
    return {
        row_id
        for chunk in chunks(list(row_ids))
        for row_id in connection.scalars(sa.select(outbox.row_id).where(outbox.row_id.in_(chunk), *conditions))
    }
