"""What an account's answers said of its daily quota, kept for whoever calls it next."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.tables import quota


@dataclass(frozen=True, slots=True)
class KeptQuota:
    """The day's quota as last told.

    Attributes:
        limit: calls a day, or None if not told.
        remaining: calls left.
        returns_at: when it returns, or None if not told.
    """

    limit: int | None
    remaining: int
    returns_at: datetime | None


class QuotaBook:
    """The daily quota of one account.

    Both methods raise StateUnavailableError where the database can't be reached, is locked or can't be written.
    """

    def __init__(self, database: Database, host: str, location_id: str) -> None:
        self._database = database
        self._account = {"host": host, "location_id": location_id}

    def read(self) -> KeptQuota | None:
        """The last word."""
        wanted = sa.select(quota.c.daily_limit, quota.c.remaining, quota.c.returns_at).filter_by(**self._account)
        with self._database.reading() as connection:
            found = connection.execute(wanted).one_or_none()
        return None if found is None else KeptQuota(*found)

    @repeated_after_deadlock
    def keep(self, told: KeptQuota, now: datetime) -> None:
        """Remember what was told just now."""
        values = {
            "daily_limit": told.limit,
            "remaining": told.remaining,
            "returns_at": told.returns_at,
            "told_at": now,
        }
        with self._database.writing() as connection:
            known = connection.execute(sa.update(quota).filter_by(**self._account).values(values)).rowcount
        if not known:
            # Two processes may come here together: what the other one was told is as new.
            with self._database.writing() as connection, suppress(sa.exc.IntegrityError):
                connection.execute(sa.insert(quota).values(**self._account, **values))
