"""What a run uses of the API over time: calls, rows and quota, in samples."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.tables import usage as table


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run used since its sample before, or since its attempt began.

    Attributes:
        seconds: how long that was.
        calls: calls to the API.
        acknowledged: rows that the CRM acknowledged or refused.
        quota_left: calls that are left of the account's daily quota; None where no answer says it.
    """

    seconds: float
    calls: int
    acknowledged: int
    quota_left: int | None


class Meter(Protocol):
    """Says what a run has used, and when it is time to store it."""

    def after(self, acknowledged: int) -> Usage | None:
        """Count rows that were acknowledged just now, and return a sample if it is time for one."""
        ...

    def rest(self) -> Usage:
        """Return what no sample has yet."""
        ...


@repeated_after_deadlock
def store_usage(database: Database, sync_id: int, run_id: str, usage: Usage) -> None:
    """Store a sample of a run; one without a call and a row says nothing, and is left out."""
    if not usage.calls and not usage.acknowledged:
        return
    values = {
        "sync_id": sync_id,
        "run_id": run_id,
        "measured_at": database.now(),
        "seconds": usage.seconds,
        "calls": usage.calls,
        "acknowledged": usage.acknowledged,
        "quota_left": usage.quota_left,
    }
    with database.writing() as connection:
        connection.execute(sa.insert(table).values(values))


@repeated_after_deadlock
def trim_usage(database: Database, sync_id: int, before: datetime) -> None:
    """Delete a sync's samples from before that time."""
    with database.writing() as connection:
        connection.execute(sa.delete(table).where(table.c.sync_id == sync_id, table.c.measured_at < before))
