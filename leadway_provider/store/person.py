"""What one sync's store has of a person, found by source key or contact, and deleted in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.attempt import complete_seals
from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.forgotten import record
from leadway_provider.store.in_crm import identities_of_rows, plan_what_was_denied
from leadway_provider.store.mention import delete_mentions
from leadway_provider.store.outbox import sweep_outbox
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.outcome import RowState

_UNSEALED: Final = (RunStatus.PLANNING, RunStatus.DRY_RUN)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """What a sync has of one person.

    Attributes:
        sync_id: the store's number of the sync.
        keys: the source keys, which may have no row.
        row_ids: the rows of these keys.
        lives_on: the contacts on which these rows live, and no others.
        contacts: these, and the contacts that the keys were written to before.
        shared: contacts of these rows on which rows of other keys live, too.
        counts: how much there is, by what it is; see `FORGOTTEN_COUNTS`.
    """

    sync_id: int
    keys: tuple[str, ...] = field(repr=False)
    row_ids: tuple[int, ...] = ()
    lives_on: tuple[str, ...] = ()
    contacts: tuple[str, ...] = field(default=(), repr=False)
    shared: tuple[str, ...] = field(default=(), repr=False)
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether there is anything."""
        return any(self.counts.values())


class PersonStore:
    """The persons of one store. Every method raises StateUnavailableError as `StateStore.begin` does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def with_key(self, sync_id: int, source_key: str) -> KnownPerson:
        """Return what a sync has of a key; contacts on which another key lives are not this person's alone."""
        row, entry = tables.row.c, tables.delivery.c
        with self._database.reading() as connection:
            of_key = sa.select(row.id, row.contact_id).where(row.sync_id == sync_id, row.source_key == source_key)
            found = connection.execute(of_key).all()
            written = sa.select(entry.contact_id).where(
                entry.sync_id == sync_id, entry.source_key == source_key, entry.contact_id.is_not(None)
            )
            homes = [each.contact_id for each in found if each.contact_id is not None]
            contacts = list(dict.fromkeys([*homes, *connection.scalars(written)]))
            row_ids = tuple(each.id for each in found)
            others = _homes_of_others(connection, sync_id, contacts, row_ids)
            return _counted(
                connection,
                KnownPerson(
                    sync_id,
                    (source_key,),
                    row_ids,
                    lives_on=tuple(each for each in homes if each not in others),
                    contacts=tuple(each for each in contacts if each not in others),
                    shared=tuple(each for each in homes if each in others),
                ),
            )

    def on_contact(self, sync_id: int, contact_id: str) -> KnownPerson:
        """Return what a sync has of a contact: all keys that live on it, or that a plan would write to it."""
        row, outbox, run = tables.row.c, tables.outbox.c, tables.run.c
        runs = sa.select(run.id).where(run.sync_id == sync_id)
        waits = outbox.contact.contains(f'"contact_id":"{contact_id}"', autoescape=True)
        with self._database.reading() as connection:
            lives = sa.select(row.id, row.source_key).where(row.sync_id == sync_id, row.contact_id == contact_id)
            planned = sa.select(outbox.row_id, outbox.source_key).where(outbox.run_id.in_(runs), waits)
            found = dict([*map(tuple, connection.execute(lives)), *map(tuple, connection.execute(planned))])
            person = KnownPerson(
                sync_id,
                keys=tuple(found.values()),
                row_ids=tuple(found),
                lives_on=(contact_id,),
                contacts=(contact_id,),
            )
            return _counted(connection, person)

    def erase(
        self,
        person: KnownPerson,
        hashes: Sequence[bytes],
        check: Callable[[], None] = lambda: None,
        *,
        contacts_deleted: int = 0,
    ) -> None:
        """Delete what a sync has of a person, and store that it was done. The caller must hold the sync's lease.

        A plan that was not sealed, such as that of a dry run, is deleted as the sync's next run would do. A row that
        waits in the outbox of another run is skipped there.

        Args:
            person: what there is.
            hashes: those of the keys that the sync leaves alone from now on.
            check: is called before each transaction; raises where the lease is lost.
            contacts_deleted: how many of the person's contacts were deleted in the CRM.
        """
        check()
        complete_seals(self._database, person.sync_id)
        self._abandon_plans(person.sync_id)
        check()
        sweep_outbox(self._database, person.sync_id)
        check()
        self._erase(person, hashes, contacts_deleted)

    @repeated_after_deadlock
    def _abandon_plans(self, sync_id: int) -> None:
        run = tables.run.c
        plans = sa.update(tables.run).where(run.sync_id == sync_id, run.status.in_(_UNSEALED))
        with self._database.writing() as connection:
            connection.execute(plans.values(status=RunStatus.ABANDONED, finished_at=self._database.now()))

    @repeated_after_deadlock
    def _erase(self, person: KnownPerson, hashes: Sequence[bytes], contacts_deleted: int) -> None:
        row = tables.row.c
        with self._database.writing() as connection:
            if contacts_deleted:
                gone = identities_of_rows(connection, person.row_ids)
                plan_what_was_denied(connection, person.sync_id, gone)
            _skip_what_waits(connection, person.row_ids)
            for table in (tables.outbox, tables.claim, tables.staged_claim, tables.reason):
                connection.execute(sa.delete(table).where(table.c.row_id.in_(person.row_ids)))
            connection.execute(
                sa.update(tables.row).where(row.collides_with.in_(person.row_ids)).values(collides_with=None)
            )
            connection.execute(sa.delete(tables.row).where(row.id.in_(person.row_ids)))
            connection.execute(sa.delete(tables.delivery).where(_entries(person)))
            kept = tables.before.c
            of_person = sa.and_(kept.sync_id == person.sync_id, kept.contact_id.in_(person.contacts))
            connection.execute(sa.delete(tables.before).where(of_person))
            delete_mentions(connection, person.sync_id, keys=person.keys, contacts=person.contacts)
            counts = {**person.counts, "contacts_deleted": contacts_deleted}
            record(connection, person.sync_id, hashes, counts, now=self._database.now())


def _skip_what_waits(connection: sa.Connection, row_ids: Sequence[int]) -> None:
    """Count rows that wait in outboxes as skipped there: a run's pending rows are those of its outbox."""
    outbox, run = tables.outbox.c, tables.run.c
    waiting = (
        sa.select(outbox.run_id, sa.func.count())
        .where(outbox.row_id.in_(row_ids), outbox.outcome == RowState.PENDING)
        .group_by(outbox.run_id)
    )
    for run_id, rows in connection.execute(waiting).all():
        connection.execute(sa.update(tables.run).where(run.id == run_id).values(skipped=run.skipped + rows))


def _homes_of_others(
    connection: sa.Connection, sync_id: int, contacts: Sequence[str], row_ids: Sequence[int]
) -> set[str]:
    row = tables.row.c
    others = sa.select(row.contact_id).where(
        row.sync_id == sync_id, row.contact_id.in_(contacts), row.id.not_in(row_ids)
    )
    return set(connection.scalars(others))


def _entries(person: KnownPerson) -> sa.ColumnElement[bool]:
    """Return the condition of the ledger's entries about a person."""
    entry = tables.delivery.c
    about = sa.or_(entry.source_key.in_(person.keys), entry.contact_id.in_(person.contacts))
    return sa.and_(entry.sync_id == person.sync_id, about)


def _counted(connection: sa.Connection, person: KnownPerson) -> KnownPerson:
    def number(table: sa.Table, condition: sa.ColumnElement[bool]) -> Any:
        return sa.select(sa.func.count()).select_from(table).where(condition).scalar_subquery()

    of_rows = {
        name: number(table, table.c.row_id.in_(person.row_ids))
        for name, table in (("claims", tables.claim), ("waiting", tables.outbox))
    }
    counts = {
        "rows": sa.literal(len(person.row_ids)),
        **of_rows,
        "deliveries": number(tables.delivery, _entries(person)),
    }
    found = connection.execute(sa.select(*(value.label(name) for name, value in counts.items()))).mappings().one()
    return KnownPerson(
        person.sync_id, person.keys, person.row_ids, person.lives_on, person.contacts, person.shared, dict(found)
    )
