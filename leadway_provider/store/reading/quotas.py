"""The daily quotas of the accounts, as their last answers said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from leadway_provider.store.database import Database
from leadway_provider.store.tables import quota


@dataclass(frozen=True, slots=True)
class AccountQuota:
    """The quota of a day.

    Attributes:
        host: the API.
        location_id: the account.
        limit: calls a day, or None where no answer said it.
        remaining: calls that were left.
        returns_at: when the quota returns, or None where no answer said it.
        answered_at: when the account said so.
    """

    host: str
    location_id: str
    limit: int | None
    remaining: int
    returns_at: datetime | None
    answered_at: datetime


class QuotaReader:
    """The quotas in one state store. The method raises StateUnavailableError where it can't be reached or read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[AccountQuota]:
        """Return the quota of each account that ever answered, by host and account (primary key)."""
        wanted = sa.select(
            quota.c.host,
            quota.c.location_id,
            quota.c.daily_limit,
            quota.c.remaining,
            quota.c.returns_at,
            quota.c.answered_at,
        ).order_by(quota.c.host, quota.c.location_id)
        with self._database.reading() as connection:
            return [AccountQuota(*each) for each in connection.execute(wanted)]
