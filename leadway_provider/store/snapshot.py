"""The account's contacts as one run has read them, in SQL, and what is known of the rows compared with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.bulk import delete_all, insert, matching
from leadway_provider.store.database import Database, chunks, repeated_after_deadlock
from leadway_provider.store.encoding import decode_contact, decode_remarks
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.snapshot import ContactDigest, KnownHome
from leadway_provider.sync.verification import RowHome

_SNAPSHOT: Final = tables.snapshot.c
_COLUMNS: Final = ("contact_id", "email", "phone", "fields", "tags", "matched_by")


class SqlSnapshotStore:
    """The contacts that one run has read; see `SnapshotStore` for what each method promises."""

    def __init__(self, database: Database, sync_id: int, run_id: str) -> None:
        self._database = database
        self._sync_id = sync_id
        self._run_id = run_id
        self._of_run = _SNAPSHOT.run_id == run_id

    def homes(self, row_ids: Collection[int]) -> dict[int, KnownHome]:
        """See `SnapshotStore.homes`."""
        row, outbox = tables.row.c, tables.outbox.c
        found: dict[int, KnownHome] = {}
        with self._database.reading() as connection:
            for chunk in chunks(list(row_ids)):
                left = connection.scalars(
                    sa.select(outbox.row_id).where(
                        outbox.row_id.in_(chunk),
                        outbox.run_id != self._run_id,
                        outbox.outcome.in_([RowState.PENDING, tables.FORMER]),
                    )
                )
                unanswered = set(left)
                columns = (
                    row.id,
                    row.contact_id,
                    row.updated_at,
                    row.remarks,
                    row.sent_at,
                    row.in_crm,
                    row.also_in_crm,
                    row.acknowledged_values,
                )
                for each in connection.execute(sa.select(*columns).where(row.id.in_(chunk))):
                    found[each.id] = KnownHome(
                        each.contact_id,
                        each.updated_at,
                        _not_kept(each.remarks),
                        frozenset(bytes(value).hex() for value in (each.in_crm, each.also_in_crm) if value),
                        is_unanswered=each.sent_at is not None or each.id in unanswered,
                        acknowledged_values=_as_bytes(each.acknowledged_values),
                    )
        return found

    def residents(self, contact_ids: Collection[str]) -> dict[str, list[int]]:
        """See `SnapshotStore.residents`."""
        row = tables.row.c
        found: defaultdict[str, list[int]] = defaultdict(list)
        with self._database.reading() as connection:
            for chunk in chunks(list(contact_ids)):
                there = sa.select(row.contact_id, row.id).where(
                    row.sync_id == self._sync_id, row.contact_id.in_(chunk), row.outcome != RowState.REMOVED
                )
                for contact_id, row_id in connection.execute(there):
                    found[contact_id].append(row_id)
        return found

    def rows(self) -> Iterator[RowHome]:
        """See `SnapshotStore.rows`; pages along the unique index of sync and key."""
        row, outbox = tables.row.c, tables.outbox.c
        columns = (row.id, row.source_key, row.contact_id, row.fingerprint)
        after: str | None = None
        while True:
            page = sa.select(*columns).where(row.sync_id == self._sync_id)
            if after is not None:
                page = page.where(row.source_key > after)
            with self._database.reading() as connection:
                found = connection.execute(page.order_by(row.source_key).limit(self._database.chunk)).all()
                planned: sa.Select[Any] = sa.select(outbox.row_id, outbox.contact, outbox.fingerprint).where(
                    outbox.row_id.in_([each.id for each in found]), outbox.run_id == self._run_id
                )
                staged = {each.row_id: each for each in connection.execute(planned)}
            if not found:
                return
            for each in found:
                yield _as_planned(RowHome(*each), staged.get(each.id))
            after = found[-1].source_key

    @repeated_after_deadlock
    def add(self, contacts: Sequence[ContactDigest]) -> None:
        """See `SnapshotStore.add`."""
        rows = [
            (each.contact_id, _bytes(each.email), _bytes(each.phone), each.fields, each.tags, each.matched_by)
            for each in {contact.contact_id: contact for contact in contacts}.values()
        ]
        with self._database.writing() as connection:
            insert(connection, tables.snapshot, _COLUMNS, rows, {"run_id": self._run_id}, changes=_COLUMNS[1:])

    def by_id(self, contact_ids: Collection[str]) -> dict[str, ContactDigest]:
        """See `SnapshotStore.by_id`."""
        return {each.contact_id: each for each in self._where("contact_id", list(contact_ids))}

    def with_identities(self, identities: Collection[str]) -> dict[str, list[ContactDigest]]:
        """See `SnapshotStore.with_identities`."""
        wanted = [bytes.fromhex(identity) for identity in identities]
        found: defaultdict[str, list[ContactDigest]] = defaultdict(list)
        for column in ("email", "phone"):
            for each in self._where(column, wanted):
                found[getattr(each, column)].append(each)
        return found

    @repeated_after_deadlock
    def match(self, row_of: Mapping[str, int]) -> None:
        """See `SnapshotStore.match`."""
        matched = (
            sa.update(tables.snapshot)
            .where(self._of_run, _SNAPSHOT.contact_id == sa.bindparam("of_contact", type_=_SNAPSHOT.contact_id.type))
            .values(matched_by=sa.bindparam("by_row"))
        )
        with self._database.writing() as connection:
            connection.execute(matched, [{"of_contact": each, "by_row": row_id} for each, row_id in row_of.items()])

    def count_unmatched(self, was_read: Callable[[int], bool]) -> int:
        """See `SnapshotStore.count_unmatched`."""
        is_unmatched = sa.and_(self._of_run, _SNAPSHOT.matched_by.is_(None))
        with self._database.reading() as connection:
            unmatched = connection.scalar(sa.select(sa.func.count()).where(is_unmatched)) or 0
        homes = 0
        before = ""
        for contact_id, row_id in self._homes(is_unmatched):
            if contact_id != before and was_read(row_id):
                before = contact_id
                homes += 1
        return unmatched - homes

    def clear(self) -> None:
        """See `SnapshotStore.clear`."""
        delete_all(self._database, tables.snapshot, _SNAPSHOT.contact_id, self._of_run)

    def _homes(self, condition: sa.ColumnElement[bool]) -> Iterator[tuple[str, int]]:
        """Return the rows of the sync that live on contacts, by contact and row, page by page."""
        row = tables.row.c
        after = ("", 0)
        while True:
            contact_id, row_id = after
            behind = sa.or_(
                _SNAPSHOT.contact_id > contact_id, sa.and_(_SNAPSHOT.contact_id == contact_id, row.id > row_id)
            )
            page = (
                sa.select(_SNAPSHOT.contact_id, row.id)
                .join_from(
                    tables.snapshot,
                    tables.row,
                    sa.and_(row.sync_id == self._sync_id, row.contact_id == _SNAPSHOT.contact_id),
                )
                .where(condition, _SNAPSHOT.contact_id >= contact_id, behind)
                .order_by(_SNAPSHOT.contact_id, row.id)
                .limit(self._database.chunk)
            )
            with self._database.reading() as connection:
                found = connection.execute(page).all()
            if not found:
                return
            for each in found:
                yield each.contact_id, each.id
            after = (found[-1].contact_id, found[-1].id)

    def _where(self, column: str, values: Sequence[Any]) -> Iterator[ContactDigest]:
        wanted = [_SNAPSHOT[name] for name in _COLUMNS]
        with self._database.reading() as connection:
            for chunk in chunks(values):
                for contact_id, email, phone, fields, tags, matched_by in matching(
                    connection, wanted, _SNAPSHOT[column], chunk, run_id=self._run_id
                ):
                    yield ContactDigest(contact_id, _hex(email), _hex(phone), bytes(fields), bytes(tags), matched_by)


def _not_kept(remarks: str | None) -> frozenset[str]:
    """Return the fields that a contact did not keep, as the user writes them."""
    if remarks is None:
        return frozenset()
    said = decode_remarks(remarks)
    others = (each for each in said.others if each.code != "edited_in_crm")  # these are looked at each time
    return frozenset(each.field for each in (*said.not_kept, *others) if each.field)


def _as_planned(row: RowHome, staged: sa.Row[Any] | None) -> RowHome:
    """Return a row with what a plan's outbox has for it."""
    if staged is None:
        return row
    home = decode_contact(staged.contact).contact_id if staged.contact else None
    return row._replace(contact_id=home or row.contact_id, fingerprint=staged.fingerprint)


def _as_bytes(value: bytes | None) -> bytes | None:
    """Return what a driver has for bytes as bytes."""
    return None if value is None else bytes(value)


def _bytes(identity: str | None) -> bytes | None:
    return None if identity is None else bytes.fromhex(identity)


def _hex(identity: bytes | None) -> str | None:
    return None if identity is None else bytes(identity).hex()
