"""An attempt begins: with a new run, with the sealed run of an earlier attempt, or with a dry run that was reviewed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.store.columns import new_run_id
from leadway_provider.store.database import Database, repeated_after_deadlock
from leadway_provider.store.part_run import PartRun
from leadway_provider.store.run import SyncRun
from leadway_provider.store.tables import UNFINISHED, RunStatus, run, sync
from leadway_provider.sync.sibling import TaskRun, find_conflict

_LOOKED_THROUGH: Final = 50
"""So many of a sync's last runs are looked through for siblings of a mapped task."""


@repeated_after_deadlock
def refuse_sibling(
    database: Database, sync_id: int, sync_name: str, *, task_run: str, digest: bytes, origin: str, retry_refused: int
) -> None:
    """Raise ConfigurationError where a sibling of a mapped task reads other rows under this sync.

    The refused run is stored as an abandoned one, so that the next DAG run refuses whichever sibling begins first.
    """
    mine = TaskRun.parse(task_run)
    if mine is None or mine.map_index < 0:
        return
    newest_first = (
        sa.select(run.c.task_run, run.c.digest)
        .where(run.c.sync_id == sync_id)
        .order_by(run.c.started_at.desc(), run.c.id.desc())
        .limit(_LOOKED_THROUGH)
    )
    with database.reading() as connection:
        conflict = find_conflict(mine, digest, ((text, other) for text, other in connection.execute(newest_first)))
    if conflict is None:
        return
    with database.writing() as connection:
        connection.execute(
            sa.insert(run).values(
                id=new_run_id(),
                sync_id=sync_id,
                task_run=task_run,
                digest=digest,
                origin=origin,
                retry_refused=retry_refused,
                status=RunStatus.ABANDONED,
                started_at=(now := database.now()),
                finished_at=now,
            )
        )
    raise ConfigurationError(
        f"Map indexes {conflict.map_index} and {mine.map_index} of task {mine.task_id} read different rows for one "
        f"account under one sync name, {sync_name!r}: each would take the other's rows for departed. Give each its own "
        "sync_name: beside its query in expand_kwargs, or in partial as a template that stays the same when the list "
        f"changes, such as sync_name=\"{mine.task_id} {{{{ task.parameters['country'] }}}}\". If the list never "
        f'changes, sync_name="{mine.task_id} {{{{ ti.map_index }}}}" is enough.'
    )


@repeated_after_deadlock
def begin_run(
    database: Database,
    sync_id: int,
    *,
    task_run: str,
    digest: bytes,
    origin: str,
    as_of: datetime | None,
    retry_refused: int,
) -> SyncRun:
    """Return the run to go on with, or a new one, in one transaction; see `StateStore.begin`."""
    now = database.now()
    with database.writing() as connection:
        unfinished = _lock_unfinished(connection, sync_id)
        wanted = (RunStatus.DELIVERING, task_run, digest)
        same = (each.id for each in unfinished if (each.status, each.task_run, each.digest) == wanted)
        resumed: str | None = next(same, None)
        others = [each.id for each in unfinished if each.id != resumed]
        connection.execute(
            sa.update(run).where(run.c.id.in_(others)).values(status=RunStatus.ABANDONED, finished_at=now)
        )
        run_id = resumed or new_run_id()
        if resumed is None:
            connection.execute(
                sa.insert(run).values(
                    id=run_id,
                    sync_id=sync_id,
                    task_run=task_run,
                    digest=digest,
                    origin=origin,
                    retry_refused=retry_refused,
                    status=RunStatus.PLANNING,
                    as_of=as_of,
                    started_at=now,
                )
            )
        attempt = _next_attempt(connection, run_id)
    return SyncRun(
        database,
        sync_id,
        run_id,
        sealed=resumed is not None,
        attempt=attempt,
        origin=origin,
        retry_refused=retry_refused,
    )


@repeated_after_deadlock
def resume_reviewed(
    database: Database, sync_id: int, sync_name: str, reviewed: str, *, task_run: str, digest: bytes
) -> SyncRun:
    """Return a dry run, from now on this task run's own, in one transaction; see `StateStore.resume_reviewed`."""
    this_run = sa.and_(run.c.id == reviewed, run.c.sync_id == sync_id)
    with database.writing() as connection:
        found = _lock_reviewed(connection, sync_id, sync_name, reviewed)
        status, origin, retry_refused = found.status, found.origin, found.retry_refused
        is_ours = found.task_run == task_run or found.parts is not None
        if status != RunStatus.DRY_RUN and (status == RunStatus.ABANDONED or not is_ours):
            raise _not_as_reviewed(sync_name, reviewed, status)
        if status == RunStatus.DRY_RUN:
            own = {"status": RunStatus.PLANNING, "task_run": task_run, "digest": digest}
            connection.execute(sa.update(run).where(this_run).values(**own, finished_at=None))
        attempt = _next_attempt(connection, reviewed)
    sealed = status in {RunStatus.DELIVERING, RunStatus.FINISHED}
    return SyncRun(
        database, sync_id, reviewed, sealed=sealed, attempt=attempt, origin=origin, retry_refused=retry_refused
    )


@repeated_after_deadlock
def join_run(database: Database, sync_id: int, sync_name: str, reviewed: str) -> PartRun:
    """Return a run that was split, for one of its workers; see `StateStore.join`."""
    with database.writing() as connection:
        found = _lock_reviewed(connection, sync_id, sync_name, reviewed)
        if found.parts is None or found.status == RunStatus.ABANDONED:
            raise _not_as_reviewed(sync_name, reviewed, found.status)
        attempt = _next_attempt(connection, reviewed)
    return PartRun(
        database,
        sync_id,
        reviewed,
        sealed=True,
        attempt=attempt,
        origin=found.origin,
        retry_refused=found.retry_refused,
    )


def is_split(database: Database, sync_id: int, sync_name: str, reviewed: str) -> bool:
    """Return whether the outbox of a run was split; see `StateStore.is_split`."""
    with database.reading() as connection:
        found = _found_reviewed(connection, _reviewed(sync_id, reviewed), sync_name, reviewed)
    if found.status == RunStatus.ABANDONED:
        raise _not_as_reviewed(sync_name, reviewed, found.status)
    return found.parts is not None


def _lock_reviewed(connection: sa.Connection, sync_id: int, sync_name: str, reviewed: str) -> sa.Row[Any]:
    """Return a run of a sync; another process that wants to change it waits for this transaction."""
    return _found_reviewed(connection, _reviewed(sync_id, reviewed).with_for_update(), sync_name, reviewed)


def _reviewed(sync_id: int, reviewed: str) -> sa.Select[Any]:
    wanted: sa.Select[Any] = sa.select(run.c.status, run.c.task_run, run.c.origin, run.c.retry_refused, run.c.parts)
    return wanted.where(run.c.id == reviewed, run.c.sync_id == sync_id)


def _found_reviewed(connection: sa.Connection, wanted: sa.Select[Any], sync_name: str, reviewed: str) -> sa.Row[Any]:
    found = connection.execute(wanted).one_or_none()
    if found is None:
        raise ConfigurationError(
            f"Run {reviewed!r} is not one of sync {sync_name!r} in this account: give the task that plans and the "
            "one that delivers the same sync_name, and pass on the `run_id` of the first one's report."
        )
    return found


def _not_as_reviewed(sync_name: str, reviewed: str, status: str) -> ConfigurationError:
    return ConfigurationError(
        f"Run {reviewed} of sync {sync_name!r} can't be delivered as it was reviewed: it is {status}, since it "
        "was delivered before or another run of the sync has begun. Plan and review anew."
    )


def complete_seals(database: Database, sync_id: int) -> None:
    """Complete the seals of a sync that were killed half-way: what they decided counts."""
    unfinished = sa.select(run.c.id, run.c.attempts, run.c.origin, run.c.retry_refused).where(
        run.c.sync_id == sync_id, run.c.status == RunStatus.SEALING
    )
    with database.reading() as connection:
        found = connection.execute(unfinished).all()
    for run_id, attempt, origin, retry_refused in found:
        SyncRun(
            database, sync_id, run_id, sealed=True, attempt=attempt, origin=origin, retry_refused=retry_refused
        ).complete_seal()


def _lock_unfinished(connection: sa.Connection, sync_id: int) -> Sequence[sa.Row[Any]]:
    """Return id, status, task run and digest of a sync's unfinished runs; another process waits for this one."""
    # The sync's row is the lock by which two processes begin one after the other.
    connection.execute(sa.select(sync.c.id).where(sync.c.id == sync_id).with_for_update())
    unfinished: sa.Select[Any] = (
        sa.select(run.c.id, run.c.status, run.c.task_run, run.c.digest)
        .where(run.c.sync_id == sync_id, run.c.status.in_(UNFINISHED))
        .with_for_update()
    )
    return connection.execute(unfinished).all()


def _next_attempt(connection: sa.Connection, run_id: str) -> int:
    """Count an attempt that begins, and return its number; part of a transaction that locks the run."""
    this_run = run.c.id == run_id
    connection.execute(sa.update(run).where(this_run).values(attempts=run.c.attempts + 1))
    number: int = connection.execute(sa.select(run.c.attempts).where(this_run)).scalar_one()
    return number
