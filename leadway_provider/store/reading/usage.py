"""What runs used of the API over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from leadway_provider.store.database import Database, chunks
from leadway_provider.store.tables import usage

_SAMPLE: Final = (
    usage.c.measured_at,
    usage.c.seconds,
    usage.c.calls,
    usage.c.acknowledged,
    usage.c.quota_left,
)


@dataclass(frozen=True, slots=True)
class UsageSample:
    """What a run used since its sample before, or since its attempt began.

    Attributes:
        measured_at: when the sample was taken.
        seconds: since the sample before.
        calls: calls to the API.
        acknowledged: rows that the CRM acknowledged or refused.
        quota_left: calls that were left of the account's daily quota; None where no answer said it.
    """

    measured_at: datetime
    seconds: float
    calls: int
    acknowledged: int
    quota_left: int | None


class UsageReader:
    """What runs used. Every method raises StateUnavailableError where the store can't be reached or read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_run(self, run_id: str) -> list[UsageSample]:
        """Return the samples of a run, oldest first (index `leadway_usage_of_run`)."""
        wanted = sa.select(*_SAMPLE).where(usage.c.run_id == run_id).order_by(usage.c.measured_at, usage.c.id)
        with self._database.reading() as connection:
            return [UsageSample(*each) for each in connection.execute(wanted)]

    def calls_since(self, sync_ids: Sequence[int], since: datetime) -> dict[int, int]:
        """Return how many calls each of these syncs has made since then (index `leadway_usage_of_sync`).

        A sync without a call is left out.
        """
        counted = (
            sa.select(usage.c.sync_id, sa.cast(sa.func.sum(usage.c.calls), sa.BigInteger))
            .where(usage.c.measured_at >= since)
            .group_by(usage.c.sync_id)
        )
        with self._database.reading() as connection:
            return {
                sync_id: calls
                for chunk in chunks(list(sync_ids))
                for sync_id, calls in connection.execute(counted.where(usage.c.sync_id.in_(chunk)))
            }
