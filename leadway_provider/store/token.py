"""The tokens that rotate, encrypted, and the lease by which one worker at a time renews them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from leadway_provider.store.database import Database
from leadway_provider.store.tables import token


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """What is known of one lineage.

    Attributes:
        version: grows by one with every secret that is kept; 0 where none was.
        secret: the last one, decrypted.
        lease: who is renewing it now, as far as is known: a holder that died is still named here.
        begun_at: when a renewal began whose result has not been kept.
    """

    version: int
    secret: str | None = field(repr=False)
    lease: str | None
    begun_at: datetime | None


NOTHING_KEPT: Final = KeptSecret(0, None, None, None)


class TokenBook:
    """Implements `TokenVault` in SQL: every method is one or two short transactions.

    Every step is bound to the version that was read before it, so whoever comes late changes nothing. Every method
    raises StateUnavailableError where the database can't be reached, is locked or can't be written.

    Args:
        database: where they are.
        encrypt: makes the text that is stored.
        decrypt: makes the secret of that text; what it raises, `read` raises.
    """

    def __init__(self, database: Database, encrypt: Callable[[str], str], decrypt: Callable[[str], str]) -> None:
        self._database = database
        self._encrypt = encrypt
        self._decrypt = decrypt

    def read(self, lineage: str) -> KeptSecret:
        """See `TokenVault.read`."""
        wanted = sa.select(token.c.version, token.c.secret, token.c.lease, token.c.begun_at)
        with self._database.reading() as connection:
            found = connection.execute(wanted.where(token.c.lineage == lineage)).one_or_none()
        if found is None:
            return NOTHING_KEPT
        version, encrypted, lease, begun_at = found
        return KeptSecret(version, None if encrypted is None else self._decrypt(encrypted), lease, begun_at)

    def begin(self, lineage: str, version: int, *, lease: str, instead_of: str | None, now: datetime) -> bool:
        """See `TokenVault.begin`."""
        if version == 0:
            self._create(lineage)
        unchanged = token.c.lease.is_(None) if instead_of is None else token.c.lease == instead_of
        return self._change(lineage, version, unchanged, {"lease": lease, "begun_at": now})

    def keep(self, lineage: str, version: int, secret: str, now: datetime) -> bool:
        """See `TokenVault.keep`."""
        kept = {"secret": self._encrypt(secret), "version": version + 1, "kept_at": now}
        return self._change(lineage, version, sa.true(), {**kept, "lease": None, "begun_at": None})

    def release(self, lineage: str, version: int, lease: str, begun_at: datetime | None) -> None:
        """See `TokenVault.release`."""
        self._change(lineage, version, token.c.lease == lease, {"lease": None, "begun_at": begun_at})

    def _change(self, lineage: str, version: int, condition: sa.ColumnElement[bool], values: dict[str, object]) -> bool:
        change = sa.update(token).where(token.c.lineage == lineage, token.c.version == version, condition)
        with self._database.writing() as connection:
            return connection.execute(change.values(values)).rowcount == 1

    def _create(self, lineage: str) -> None:
        # A transaction of its own: on MySQL a second process that inserts the same row is left with a shared lock on
        # it, and two such processes that then update it are a deadlock.
        with self._database.writing() as connection:
            try:
                with connection.begin_nested():
                    connection.execute(sa.insert(token).values(lineage=lineage, version=0))
            except sa.exc.IntegrityError:
                pass  # another process was first, or it is there from an attempt that failed
