"""The record of persons that were forgotten: it has no key and no contact, and shows that and when it was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.ledger_tables import FORGOTTEN_COUNTS, forgotten
from leadway_provider.store.tables import sync as syncs
from leadway_provider.sync.request import ALL_ACCOUNTS, SyncIdentity

KEY_FAMILY: Final = "forgotten keys"
"""What the key of the hashes is stored as, among the secrets of the store; it is the same for all syncs."""


@dataclass(frozen=True, slots=True)
class ForgottenRecord:
    """One person that one sync has forgotten.

    Attributes:
        sync: the sync; its account is `*` for all accounts of a sync whose rows name their accounts.
        forgotten_at: when.
        remembered_at: since when the key may be sent again; None while the sync leaves it alone.
        counts: how much was deleted, by what it was.
    """

    sync: SyncIdentity
    forgotten_at: datetime
    remembered_at: datetime | None
    counts: Mapping[str, int]


class ForgottenStore:
    """The record of one store. Every method raises StateUnavailableError as `StateStore.begin` does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hashes(self, sync: SyncIdentity) -> frozenset[bytes]:
        """Return the hashes of the keys that an account's sync leaves alone, those for all accounts among them."""
        wanted = (
            sa.select(forgotten.c.key_hash)
            .join_from(forgotten, syncs, syncs.c.id == forgotten.c.sync_id)
            .where(
                syncs.c.name == sync.name,
                syncs.c.host == sync.host,
                syncs.c.location_id.in_([sync.location_id, ALL_ACCOUNTS]),
                forgotten.c.key_hash.is_not(None),
            )
        )
        with self._database.reading() as connection:
            return frozenset(bytes(each) for each in connection.scalars(wanted))

    def records(self, sync_ids: Sequence[int]) -> list[ForgottenRecord]:
        """Return what is kept of these syncs, the oldest first."""
        names = (syncs.c.name, syncs.c.host, syncs.c.location_id)
        times = (forgotten.c.forgotten_at, forgotten.c.remembered_at)
        wanted = (
            sa.select(*names, *times, *(forgotten.c[name] for name in FORGOTTEN_COUNTS))
            .join_from(forgotten, syncs, syncs.c.id == forgotten.c.sync_id)
            .where(forgotten.c.sync_id.in_(sync_ids))
            .order_by(forgotten.c.id)
        )
        with self._database.reading() as connection:
            return [
                ForgottenRecord(
                    sync=SyncIdentity(each.name, each.host, each.location_id),
                    forgotten_at=each.forgotten_at,
                    remembered_at=each.remembered_at,
                    counts=dict(zip(FORGOTTEN_COUNTS, each[5:], strict=True)),
                )
                for each in connection.execute(wanted)
            ]

    @repeated_after_deadlock
    def remember(self, sync_ids: Sequence[int], key_hash: bytes) -> int:
        """Let these syncs send a key again, and return how many of them had forgotten it; that it was done stays."""
        this_key = sa.and_(forgotten.c.sync_id.in_(sync_ids), forgotten.c.key_hash == key_hash)
        values = {"key_hash": None, "remembered_at": self._database.now()}
        with self._database.writing() as connection:
            return connection.execute(sa.update(forgotten).where(this_key).values(values)).rowcount


def record(
    connection: sa.Connection, sync_id: int, hashes: Iterable[bytes], counts: Mapping[str, int], *, now: datetime
) -> None:
    """Store that a person was forgotten, as part of the transaction that deletes what is known of them.

    Args:
        connection: the transaction's.
        sync_id: the sync.
        hashes: those of the person's keys; one that is there already counts as forgotten now. Without any, only that
            it was done is stored.
        counts: by the names of `FORGOTTEN_COUNTS`; they are stored once, with the first key.
        now: the present.
    """
    left: Mapping[str, int] = {name: counts.get(name, 0) for name in FORGOTTEN_COUNTS}
    several: list[bytes | None] = [*hashes]
    for key_hash in several or [None]:
        same = sa.and_(forgotten.c.sync_id == sync_id, forgotten.c.key_hash == key_hash)
        more = {name: forgotten.c[name] + number for name, number in left.items()}
        known = sa.update(forgotten).where(same).values(forgotten_at=now, **more)
        if key_hash is None or not connection.execute(known).rowcount:
            values = {"sync_id": sync_id, "key_hash": key_hash, "forgotten_at": now, **left}
            connection.execute(sa.insert(forgotten).values(values))
        left = dict.fromkeys(left, 0)
