"""What contacts were before a run wrote them, encrypted, until the ledger's age."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import sqlalchemy as sa

from leadway_provider.contacts.row import MappedColumn
from leadway_provider.exceptions import ConfigurationError
from leadway_provider.store.bulk import delete_all
from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.ledger_tables import before, delivery
from leadway_provider.store.report import RunReport
from leadway_provider.store.tables import row
from leadway_provider.sync.before import KeptContact
from leadway_provider.sync.outcome import RowState


class SqlBeforeStore:
    """Implements `BeforeStore` in SQL, for one run. Every method raises StateUnavailableError as `SyncRun` does.

    The encrypted text says itself which run and contact it is of, so that it counts for nothing in another row.

    Args:
        database: where the contacts are kept.
        sync_id: the store's number of the sync.
        run_id: the run.
        encrypt: returns the text that is stored for a secret.
        decrypt: returns the secret of that text.
    """

    def __init__(
        self,
        database: Database,
        sync_id: int,
        run_id: str,
        encrypt: Callable[[str], str],
        decrypt: Callable[[str], str],
    ) -> None:
        self._database = database
        self._sync_id = sync_id
        self._run_id = run_id
        self._encrypt = encrypt
        self._decrypt = decrypt

    def kept(self, contact_id: str) -> KeptContact | None:
        """See `BeforeStore.kept`.

        Raises:
            ConfigurationError: it can't be decrypted.
        """
        wanted = sa.select(before.c.secret).where(before.c.run_id == self._run_id, before.c.contact_id == contact_id)
        with self._database.reading() as connection:
            found = connection.scalar(wanted)
        return None if found is None else self._opened(contact_id, found)

    @repeated_after_deadlock
    def keep(self, contact: KeptContact) -> None:
        """See `BeforeStore.keep`."""
        text = json.dumps([self._run_id, contact.contact_id, contact.before, contact.after])
        this = sa.and_(before.c.run_id == self._run_id, before.c.contact_id == contact.contact_id)
        values = {"secret": self._encrypt(text), "kept_at": self._database.now()}
        with self._database.writing() as connection:
            if not connection.execute(sa.update(before).where(this).values(values)).rowcount:
                key = {"run_id": self._run_id, "contact_id": contact.contact_id, "sync_id": self._sync_id}
                connection.execute(sa.insert(before).values(**key, **values))

    def contacts(self) -> Iterator[Sequence[KeptContact]]:
        """Return what is kept of the run, page by page."""
        page = (
            sa.select(before.c.contact_id, before.c.secret)
            .where(before.c.run_id == self._run_id)
            .order_by(before.c.contact_id)
            .limit(self._database.chunk)
        )
        after = ""
        while True:
            with self._database.reading() as connection:
                found = connection.execute(page.where(before.c.contact_id > after)).all()
            if not found:
                return
            after = found[-1].contact_id
            yield [self._opened(each.contact_id, each.secret) for each in found]

    def columns(self) -> list[MappedColumn]:
        """Return which column, or constant, fed which field in the run."""
        return RunReport(self._database, self._run_id).columns()

    def rows_on(self, contact_ids: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
        """Return the rows, by id and source key, that live on these contacts."""
        wanted = sa.select(row.c.contact_id, row.c.id, row.c.source_key).where(
            row.c.sync_id == self._sync_id, row.c.contact_id.in_(contact_ids), row.c.outcome != RowState.REMOVED
        )
        found: dict[str, list[tuple[int, str]]] = {}
        with self._database.reading() as connection:
            for contact_id, row_id, source_key in connection.execute(wanted.order_by(row.c.id)):
                found.setdefault(contact_id, []).append((row_id, source_key))
        return found

    def created(self) -> dict[str, list[int]]:
        """Return the contacts that the run created and a row still lives on, each with all its rows, by id."""
        entry = delivery.c
        made = sa.select(entry.contact_id).where(
            entry.sync_id == self._sync_id, entry.run_id == self._run_id, entry.outcome == RowState.CREATED
        )
        wanted = sa.select(row.c.contact_id, row.c.id).where(
            row.c.sync_id == self._sync_id, row.c.contact_id.in_(made), row.c.outcome != RowState.REMOVED
        )
        found: dict[str, list[int]] = {}
        with self._database.reading() as connection:
            for contact_id, row_id in connection.execute(wanted.order_by(row.c.id)):
                found.setdefault(contact_id, []).append(row_id)
        return found

    def _opened(self, contact_id: str, secret: str) -> KeptContact:
        of_run, of_contact, fields, after = json.loads(self._decrypt(secret))
        if (of_run, of_contact) != (self._run_id, contact_id):
            raise ConfigurationError(
                f"State store {self._database.name!r}: what leadway_before has of contact {contact_id} in run "
                f"{self._run_id} was copied there from another row, so it is not used. Delete the row."
            )
        return KeptContact(contact_id, fields, after)


def trim_before(database: Database, sync_id: int, until: datetime) -> None:
    """Delete what a sync has kept of contacts before that time, in short transactions."""
    delete_all(database, before, before.c.contact_id, sa.and_(before.c.sync_id == sync_id, before.c.kept_at < until))
