"""The conditions of alerts that are met, and what their figures are compared with."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from leadway_provider.store.bulk import insert
from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.tables import RunStatus, alert, run


class AlertStore:
    """What notifiers have told of syncs.

    Every method raises StateUnavailableError where the database can't be reached, is locked or can't be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def met(self, sync_id: int, notifier: str) -> dict[str, datetime]:
        """Return the conditions that are met as far as a notifier has told, each with when it was told."""
        wanted = sa.select(alert.c.condition, alert.c.met_at).filter_by(sync_id=sync_id, notifier=notifier)
        with self._database.reading() as connection:
            return {each.condition: each.met_at for each in connection.execute(wanted)}

    @repeated_after_deadlock
    def keep(self, sync_id: int, notifier: str, *, met: Collection[str], recovered: Collection[str]) -> None:
        """Store what a notifier has just told: conditions that are met now, and others that are not any more."""
        of_notifier = {"sync_id": sync_id, "notifier": notifier}
        with self._database.writing() as connection:
            if recovered:
                connection.execute(
                    sa.delete(alert).filter_by(**of_notifier).where(alert.c.condition.in_(list(recovered)))
                )
            if met:
                now = self._database.now()
                rows = [(condition, now) for condition in met]
                insert(connection, alert, ("condition", "met_at"), rows, of_notifier, changes=["met_at"])

    def rows_read(self, sync_id: int, before: datetime, limit: int) -> list[int]:
        """Return how many rows each of the runs read that began before then, newest first.

        Dry runs, runs that were asked for certain keys only, and those whose plan was not sealed are left out.
        """
        wanted = (
            sa.select(run.c.read)
            .where(run.c.sync_id == sync_id, run.c.started_at < before, run.c.only_keys == 0)
            .where(run.c.sealed_at.is_not(None), run.c.status != RunStatus.DRY_RUN)
            .order_by(run.c.started_at.desc(), run.c.id.desc())
            .limit(limit)
        )
        with self._database.reading() as connection:
            return list(connection.scalars(wanted))

    def last_finished_at(self, sync_id: int) -> datetime | None:
        """Return when the sync's last run ended that delivered all that it planned; None before the first."""
        finished = sa.select(sa.func.max(run.c.finished_at, type_=run.c.finished_at.type)).where(
            run.c.sync_id == sync_id, run.c.status == RunStatus.FINISHED
        )
        with self._database.reading() as connection:
            found: datetime | None = connection.scalar(finished)
        return found
