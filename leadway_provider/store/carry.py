"""The outbox is the sync's: what earlier runs left in it when a plan is sealed, is carried, waits, or is dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.claims import SqlClaimStore
from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.encoding import decode_contact
from leadway_provider.store.in_crm import known_in_crm, plan_what_was_overwritten
from leadway_provider.store.planned import Living
from leadway_provider.store.unanswered import mark_unanswered
from leadway_provider.sync.outcome import RowState


@dataclass(frozen=True, slots=True)
class DroppedRows:
    """Rows that another run left, and that are never delivered, because they were planned from another source."""

    run_id: str
    origin: str
    rows: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """What became of rows that earlier runs had left.

    Attributes:
        carried: how many are delivered with this run.
        dropped: those that were planned from another source.
    """

    carried: int = 0
    dropped: tuple[DroppedRows, ...] = ()


class Planned(NamedTuple):
    """What the new plan has for a row that an earlier run left."""

    outcome: str
    claimed: str


@dataclass(frozen=True, slots=True)
class CarryRule:
    """What a run carries.

    Attributes:
        run_id: the run.
        origin: names source connection and key; rows of another origin are dropped.
        is_present: returns whether the source has the row of that id, as far as the plan knows.
        concerns: returns whether the run is about the row of that id; what earlier runs left of others stays.
        retry_refused: a row that the API refused is tried again by so many runs; then it waits until it changes.
    """

    run_id: str
    origin: str
    is_present: Living
    concerns: Living
    retry_refused: int

    def carries(self, row: sa.Row[Any], planned: Planned | None) -> bool:
        """Return whether the run delivers what an earlier run left; `planned` is what its own plan has for the row."""
        if row.outcome not in (RowState.PENDING, RowState.REFUSED) or row.contact is None:
            return False
        if planned is not None or not self._keeps(row):
            return False
        return bool(row.outcome == RowState.PENDING or row.refusals <= self.retry_refused)

    def waits(self, row: sa.Row[Any], planned: Planned | None) -> bool:
        """Return whether a refused row stays as it is, until it changes."""
        is_as_it_was = planned is None or planned.outcome == RowState.REFUSED
        return row.outcome == RowState.REFUSED and is_as_it_was and self._keeps(row)

    def may_have_been_sent(self, row: sa.Row[Any], planned: Planned | None) -> bool:
        """Return whether the row is all that is known of what a call without an answer may have written.

        It may have created a contact. Where what is planned now sends the same identities, the account matches that
        contact by itself.
        """
        is_unanswered = row.outcome in (RowState.PENDING, tables.FORMER) or (
            row.outcome == RowState.REFUSED and row.sent_fingerprint == row.fingerprint
        )
        if not is_unanswered or not self._keeps(row):
            return False
        sends = set(planned.claimed.split()) if planned else set()
        return row.outcome == tables.FORMER or not set((row.claimed or "").split()) <= sends

    def may_block(self, row: sa.Row[Any], planned: Planned | None) -> set[str]:
        """Return what the row's contact may have got from a call without an answer, and the row does not send now."""
        is_unanswered = row.outcome in (RowState.PENDING, tables.FORMER) and row.origin == self.origin
        if not is_unanswered or row.contact_id is None or not row.claimed or self.carries(row, planned):
            return set()
        return set(row.claimed.split()).difference(planned.claimed.split() if planned else ())

    def _keeps(self, row: sa.Row[Any]) -> bool:
        """Return whether the source still has the row, as far as is known, and it was planned from this source."""
        return bool(row.origin == self.origin and self.is_present(row.row_id))


def carried_rows(database: Database, sync_id: int, rule: CarryRule) -> Iterator[Sequence[sa.Row[Any]]]:
    """Return the rows that a run would carry, page by page and without a change."""
    for page in _pages(database, sync_id, rule):
        with database.reading() as connection:
            planned = _planned(connection, rule.run_id, page)
        yield [row for row in page if rule.carries(row, planned.get(row.row_id))]


def carry(database: Database, sync_id: int, rule: CarryRule) -> Sealed:
    """Take over what earlier runs left, in short transactions; killed half-way it can be repeated."""
    carried = 0
    dropped: Counter[tuple[str, str]] = Counter()
    for page in _pages(database, sync_id, rule):
        carried += _carry_page(database, sync_id, rule, page, _blocking(database, sync_id, rule, page))
        dropped.update((row.run_id, row.origin) for row in page if row.origin != rule.origin)
    found = tuple(DroppedRows(run_id, origin, rows) for (run_id, origin), rows in dropped.items())
    return Sealed(carried, found)


@repeated_after_deadlock
def _carry_page(
    database: Database, sync_id: int, rule: CarryRule, page: Sequence[sa.Row[Any]], blocking: Collection[int]
) -> int:
    outbox, row = tables.outbox.c, tables.row.c
    with database.writing() as connection:
        planned = _planned(connection, rule.run_id, page)
        sent = {each.row_id: each.claimed.split() for each in page if each.outcome == RowState.PENDING and each.claimed}
        plan_what_was_overwritten(connection, sync_id, sent)
        carried = [each for each in page if rule.carries(each, planned.get(each.row_id))]
        waiting = {each.id for each in page if rule.waits(each, planned.get(each.row_id))}
        kept = waiting | {each.id for each in carried}
        former = [
            each.id
            for each in page
            if each.id not in kept
            if each.id in blocking or rule.may_have_been_sent(each, planned.get(each.row_id))
        ]
        kept.update(former)
        connection.execute(sa.update(tables.outbox).where(outbox.id.in_(former)).values(outcome=tables.FORMER))
        connection.execute(
            sa.delete(tables.outbox).where(outbox.id.in_([each.id for each in page if each.id not in kept]))
        )
        connection.execute(
            sa.update(tables.outbox)
            .where(outbox.id.in_([each.id for each in carried]))
            .values(run_id=rule.run_id, outcome=RowState.PENDING, carried=1, part=None)
        )
        connection.execute(
            sa.update(tables.row)
            .where(row.id.in_([each.row_id for each in carried]))
            .values(outcome=RowState.PENDING, run_id=rule.run_id, updated_at=database.now())
        )
        mark_unanswered(
            connection,
            {
                each.row_id: each.fingerprint
                for each in carried
                if each.outcome == RowState.PENDING and each.contact_id is None
                if decode_contact(each.contact).repeatable
            },
            database.now(),
        )
    return len(carried)


def _blocking(database: Database, sync_id: int, rule: CarryRule, page: Sequence[sa.Row[Any]]) -> set[int]:
    """Return the positions of what may have given a contact an identity that another row sends now."""
    with database.reading() as connection:
        planned = _planned(connection, rule.run_id, page)
        left = {each.id: rule.may_block(each, planned.get(each.row_id)) for each in page}
        wanted = {identity for several in left.values() for identity in several}
        wanted -= known_in_crm(connection, sync_id, wanted)
    holders = SqlClaimStore(database, sync_id, rule.run_id, lambda _: False).holders(wanted) if wanted else {}
    held = {(identity, each.row_id) for identity, each in holders.items() if not each.retains}
    of_rows = {each.id: each.row_id for each in page}
    return {
        position
        for position, several in left.items()
        if any(identity in several and row_id != of_rows[position] for identity, row_id in held)
    }


def _planned(connection: sa.Connection, run_id: str, page: Sequence[sa.Row[Any]]) -> dict[int, Planned]:
    """Return what the run's own plan has for these rows, by row id."""
    outbox = tables.outbox.c
    planned = sa.select(outbox.row_id, outbox.outcome, outbox.claimed).where(
        outbox.run_id == run_id, outbox.row_id.in_([each.row_id for each in page])
    )
    return {row_id: Planned(outcome, claimed or "") for row_id, outcome, claimed in connection.execute(planned)}


def _pages(database: Database, sync_id: int, rule: CarryRule) -> Iterator[Sequence[sa.Row[Any]]]:
    """Read what earlier sealed runs of the sync left in the outbox, of the rows that the run concerns, page by page."""
    outbox, run = tables.outbox.c, tables.run.c
    earlier = sa.select(run.id).where(
        run.sync_id == sync_id,
        run.id != rule.run_id,
        run.sealed_at.is_not(None),
        sa.exists().where(outbox.run_id == run.id),
    )
    with database.reading() as connection:
        runs = connection.scalars(earlier).all()
    columns = (
        *(outbox.id, outbox.run_id, outbox.row_id, outbox.outcome, outbox.refusals, outbox.contact, outbox.claimed),
        *(outbox.source_key, outbox.fingerprint, run.origin, tables.row.c.contact_id, tables.row.c.sent_fingerprint),
    )
    for earlier_id in runs:
        position = 0
        while True:
            page: sa.Select[Any] = (
                sa.select(*columns)
                .join_from(tables.outbox, tables.run, run.id == outbox.run_id)
                .join(tables.row, tables.row.c.id == outbox.row_id)
                .where(outbox.run_id == earlier_id, outbox.id > position)
                .order_by(outbox.id)
                .limit(database.chunk)
            )
            with database.reading() as connection:
                found = connection.execute(page).all()
            if not found:
                break
            position = found[-1].id
            yield [each for each in found if rule.concerns(each.row_id)]
