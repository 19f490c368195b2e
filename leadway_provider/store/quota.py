"""The daily quota of an account, as its answers say, for the next process that calls it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.tables import quota


@dataclass(frozen=True, slots=True)
class KeptQuota:
    """The quota of a day, as the account's last answer says.

    Attributes:
        limit: calls a day, or None where the answer does not say.
        remaining: calls that are left.
        returns_at: when the quota returns, or None where the answer does not say.
    """

    limit: int | None
    remaining: int
    returns_at: datetime | None


class QuotaStore:
    """The daily quota of one account.

    Both methods raise StateUnavailableError where the database can't be reached, is locked or can't be written.
    """

    def __init__(self, database: Database, host: str, location_id: str) -> None:
        self._database = database
        self._account = {"host": host, "location_id": location_id}

    def read(self) -> KeptQuota | None:
        """Return what was stored last; None where nothing was."""
        wanted = sa.select(quota.c.daily_limit, quota.c.remaining, quota.c.returns_at).filter_by(**self._account)
        with self._database.reading() as connection:
            found = connection.execute(wanted).one_or_none()
        return None if found is None else KeptQuota(*found)

    @repeated_after_deadlock
    def keep(self, answered: KeptQuota, now: datetime) -> None:
        """Store what an answer said just now."""
        values = {
            "daily_limit": answered.limit,
            "remaining": answered.remaining,
            "returns_at": answered.returns_at,
            "answered_at": now,
        }
        with self._database.writing() as connection:
            known = connection.execute(sa.update(quota).filter_by(**self._account).values(values)).rowcount
        if not known:
            # Another process may insert it at the same time: what its answer said is as new.
            with self._database.writing() as connection, suppress(sa.exc.IntegrityError):
                connection.execute(sa.insert(quota).values(**self._account, **values))
