"""Rotating tokens and the keys of hashes, encrypted, and the lease by which one worker at a time renews tokens.

The encrypted text says itself which family and version it is of, so that it counts for nothing in another row.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.store.database import Database
from leadway_provider.store.tables import token


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """The secret of one token family: its newest refresh token with what belongs to it, as one text.

    Attributes:
        version: grows by one with every secret that is stored; 0 where none was.
        secret: the newest one, decrypted; None where none was stored.
        lease: the holder of the lease, which renews the secret; a holder that died is still named here.
        begun_at: when a renewal began whose result has not been stored; None where none did.
    """

    version: int
    secret: str | None = field(repr=False)
    lease: str | None
    begun_at: datetime | None


NOTHING_KEPT: Final = KeptSecret(0, None, None, None)


class SqlTokenStore:
    """Implements `TokenStore` in SQL: every method is one or two short transactions.

    Every step depends on the version that was read before it, so a worker that is late changes nothing. Every method
    raises StateUnavailableError where the database can't be reached, is locked or can't be written.

    Args:
        database: where the tokens are.
        encrypt: returns the text that is stored for a secret.
        decrypt: returns the secret of that text; what it raises, `read` raises too.
    """

    def __init__(self, database: Database, encrypt: Callable[[str], str], decrypt: Callable[[str], str]) -> None:
        self._database = database
        self._encrypt = encrypt
        self._decrypt = decrypt

    def read(self, family: str) -> KeptSecret:
        """See `TokenStore.read`.

        Raises:
            ConfigurationError: the stored text is of another family or version.
        """
        wanted = sa.select(token.c.version, token.c.secret, token.c.lease, token.c.begun_at)
        with self._database.reading() as connection:
            found = connection.execute(wanted.where(token.c.family == family)).one_or_none()
        if found is None:
            return NOTHING_KEPT
        version, encrypted, lease, begun_at = found
        secret = None if encrypted is None else self._opened(encrypted, family, version)
        return KeptSecret(version, secret, lease, begun_at)

    def begin(self, family: str, version: int, *, lease: str, instead_of: str | None, now: datetime) -> bool:
        """See `TokenStore.begin`."""
        if version == 0:
            self._create(family)
        unchanged = token.c.lease.is_(None) if instead_of is None else token.c.lease == instead_of
        return self._change(family, version, unchanged, {"lease": lease, "begun_at": now})

    def keep(self, family: str, version: int, secret: str, now: datetime) -> bool:
        """See `TokenStore.keep`."""
        sealed = self._encrypt(json.dumps([family, version + 1, secret]))
        renewed = {"secret": sealed, "version": version + 1, "kept_at": now}
        return self._change(family, version, sa.true(), {**renewed, "lease": None, "begun_at": None})

    def release(self, family: str, version: int, lease: str, begun_at: datetime | None) -> None:
        """See `TokenStore.release`."""
        self._change(family, version, token.c.lease == lease, {"lease": None, "begun_at": begun_at})

    def keep_key(self, family: str, make: Callable[[], str] | None) -> str | None:
        """Return the key of a family, which is made where none is stored, and encrypt it anew.

        Args:
            family: names what the key is for.
            make: returns a new key; None where none may be made.
        """
        found = self.read(family)
        if found.secret is None:
            if make is None:
                return None
            if found.version == 0:
                self._create(family)
            self.keep(family, found.version, make(), self._database.now())
            return self.read(family).secret
        self.keep(family, found.version, found.secret, self._database.now())
        return found.secret

    def _opened(self, encrypted: str, family: str, version: int) -> str:
        opened = self._decrypt(encrypted)
        try:
            of_family, of_version, secret = json.loads(opened)
        except (TypeError, ValueError):
            of_family, of_version, secret = None, None, ""
        if (of_family, of_version) != (family, version):
            raise ConfigurationError(
                f"State store {self._database.name!r}: the secret in row {family} of leadway_token was not stored "
                f"there as version {version}: it was copied from another row or from an older version, so it is not "
                "used. Delete the row; then connect the app to the account again, and put the new refresh token into "
                "the connection."
            )
        return str(secret)

    def _change(self, family: str, version: int, condition: sa.ColumnElement[bool], values: dict[str, object]) -> bool:
        change = sa.update(token).where(token.c.family == family, token.c.version == version, condition)
        with self._database.writing() as connection:
            return connection.execute(change.values(values)).rowcount == 1

    def _create(self, family: str) -> None:
        # A transaction of its own: on MySQL a second process that inserts the same row gets a shared lock on it, and
        # two such processes that then update it are a deadlock.
        with self._database.writing() as connection:
            try:
                with connection.begin_nested():
                    connection.execute(sa.insert(token).values(family=family, version=0))
            except sa.exc.IntegrityError:
                pass  # another process was first, or an attempt that failed has added it
