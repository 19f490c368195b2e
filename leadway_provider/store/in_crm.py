"""Which contacts have which e-mails and phones in the CRM, and what that means for rows that should have them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import chunks
from leadway_provider.store.planned import PlannedBy, RunRows, pending_in_run, planned_to_send
from leadway_provider.store.unanswered import may_have
from leadway_provider.sync.claims import Claim, ClaimKind
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Blocker, Delivery


class Place(NamedTuple):
    """Which contact a row is written to by its id, and which one it lives on; None where there is none."""

    written_to: str | None
    lives_on: str | None


class Neighbours(NamedTuple):
    """What other rows' contacts mean for a row of the outbox; see `OutboxRow`."""

    blockers: tuple[Blocker, ...] = ()
    takes_over: str | None = None
    left_behind: tuple[Blocker, ...] = ()


def denied(
    connection: sa.Connection, sync_id: int, held: Sequence[Claim], plan: PlannedBy
) -> list[tuple[int, dict[int, bool]]]:
    """Return those of the rows that hold an identity which the CRM has on other rows' contacts, with those rows."""
    holders = _in_crm(connection, sync_id, {claim.identity for claim in held})
    others = {other.id for several in holders.values() for other in several}
    planned = planned_to_send(connection, plan, others.union(claim.row_id for claim in held))
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


def plan_what_was_freed_before(connection: sa.Connection, sync_id: int, delivered: Sequence[Delivery]) -> None:
    """Let rows count as changed that were written without an identity which no contact has any more.

    The contact that kept it was written between the row's call and its acknowledgement.
    """
    denied = {
        each.row.row_id: {blocker.identity for blocker in each.denied}
        for each in delivered
        if each.denied and each.outcome.is_accepted
    }
    if not denied:
        return
    wanted = {identity for several in denied.values() for identity in several}
    kept = {*_in_crm(connection, sync_id, wanted), *may_have(connection, sync_id, wanted)}
    freed = [row_id for row_id, several in denied.items() if several - kept]
    connection.execute(sa.update(tables.row).where(tables.row.c.id.in_(freed)).values(fingerprint=None))


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


def known_in_crm(connection: sa.Connection, sync_id: int, identities: Collection[str]) -> set[str]:
    """Return those of these identities that the CRM has on the contact of any row, as far as is known."""
    return set(_in_crm(connection, sync_id, identities))


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
    *,
    has_former: bool,
) -> dict[int, Neighbours]:
    """Return by row id the other rows on whose contacts the CRM still has, or may have, an identity that a row sends.

    Where the account has to match a contact, it may match that of a departed row which has the row's first identity:
    that contact is taken over. A row that holds the identity, too, shares it, and blocks nothing.

    Args:
        connection: to read with.
        run: the run whose outbox is delivered.
        claimed: the identities that each row sends, hashed.
        places: the contact of each row.
        has_former: whether the sync keeps what calls without an answer carried.
    """
    wanted = {identity for several in claimed.values() for identity in several}
    holders = _in_crm(connection, run.sync_id, wanted)
    unsure = may_have(connection, run.sync_id, wanted) if has_former else {}
    may_hold = {identity: [*holders.get(identity, ()), *unsure.get(identity, ())] for identity in {*holders, *unsure}}
    known = {(identity, other.id) for identity, several in holders.items() for other in several}
    pending = pending_in_run(connection, run.run_id, {other.id for several in may_hold.values() for other in several})
    sharing = _sharing(connection, run.sync_id, may_hold)

    def has_departed(other: sa.Row[Any]) -> bool:
        return other.outcome == RowState.REMOVED or not run.is_present(other.id)

    def blockers(row_id: int, identity: str) -> Iterator[Blocker]:
        for other in {each.id: each for each in reversed(may_hold.get(identity, ()))}.values():
            here = places[row_id].written_to is not None and other.contact_id in places[row_id]
            is_unknown = other.contact_id is None and other.id not in pending
            if other.id != row_id and not here and not is_unknown and (identity, other.id) not in sharing:
                is_known = (identity, other.id) in known
                yield Blocker(other.id, other.contact_id or "", identity, other.id in pending, is_known)

    found: dict[int, Neighbours] = {}
    for row_id, several in claimed.items():
        departed = (each.contact_id for each in may_hold.get(several[0], ()) if each.contact_id and has_departed(each))
        takes_over = next(departed, None) if places[row_id].written_to is None else None
        may_match = {takes_over, places[row_id].lives_on}
        blocking = [blocker for identity in several for blocker in blockers(row_id, identity)]
        found[row_id] = Neighbours(
            tuple(each for each in blocking if each.contact_id not in may_match),
            takes_over,
            tuple(replace(each, is_pending=False) for each in blocking if each.contact_id in may_match),
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
