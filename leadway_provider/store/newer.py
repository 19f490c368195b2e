"""What the runs of one sync saw, by their data intervals."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.tables import run
from leadway_provider.sync.seen import covers, united

_COVERED: Final = 20
"""So many earlier runs are searched for bitmaps that are no longer needed."""


def seen_by_newer(database: Database, sync_id: int, run_id: str) -> bytes:
    """Return one bit for each row id that a run for a newer data interval planned, whatever its outcome was."""
    this_run = run.alias()
    as_of = sa.select(this_run.c.as_of).where(this_run.c.id == run_id).scalar_subquery()
    newer = sa.select(run.c.seen).where(
        run.c.sync_id == sync_id, run.c.as_of > as_of, run.c.sealed_at.is_not(None), run.c.seen.is_not(None)
    )
    with database.reading() as connection:
        return united(connection.scalars(newer))


@repeated_after_deadlock
def forget_covered(database: Database, sync_id: int, run_id: str) -> None:
    """Delete the bitmaps of earlier runs that this run's bitmap covers: of a source read as a whole one is kept."""
    this_run = sa.select(run.c.as_of, run.c.seen).where(run.c.id == run_id)
    earlier = (
        sa.select(run.c.id, run.c.seen)
        .where(run.c.sync_id == sync_id, run.c.id != run_id, run.c.seen.is_not(None))
        .order_by(run.c.as_of.desc())
        .limit(_COVERED)
    )
    with database.writing() as connection:
        as_of, seen = connection.execute(this_run).one()
        if as_of is None or seen is None:
            return
        earlier = earlier.where(run.c.as_of <= as_of)
        covered = [earlier_id for earlier_id, other in connection.execute(earlier) if covers(seen, other)]
        connection.execute(sa.update(run).where(run.c.id.in_(covered)).values(seen=None))
