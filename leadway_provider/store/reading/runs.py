"""The runs of a sync: when they were, how they ended, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from leadway_provider.contacts.row import MappedColumn
from leadway_provider.store import tables
from leadway_provider.store.database import Database, chunks
from leadway_provider.store.encoding import decode_columns, decode_document
from leadway_provider.store.reading.page import Order, Page
from leadway_provider.store.tables import RunStatus
from leadway_provider.store.waiting import waiting_in_runs
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.sample import SampleFindings
from leadway_provider.sync.verification import Verification

T = TypeVar("T")

_RUN: Final = tables.run.c
_FACTS: Final = (
    *(_RUN.id, _RUN.sync_id, _RUN.status, _RUN.task_run, _RUN.as_of, _RUN.attempts),
    *(_RUN.started_at, _RUN.sealed_at, _RUN.finished_at, _RUN.calls, _RUN.seconds),
    *(_RUN[name] for name in tables.COUNTERS),
)
"""Not the bitmap of what the run saw, nor the documents of its query, which may be large."""

_PENDING_IS_THE_REST: Final = (RunStatus.DELIVERING, RunStatus.ABANDONED, RunStatus.DRY_RUN)
"""The statuses of runs whose rows are not counted in the outbox.

An acknowledgement takes its row out of the outbox and counts its outcome at once, so what a run that delivers has not
counted is there, which may be a million rows. Those of the others may be in the outbox of another run: a later one that
took them over, or an earlier one.
"""
_NEWEST_FIRST: Final = Order((_RUN.started_at, _RUN.id), (datetime, str), newest_first=True)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run, as it is now.

    Attributes:
        id: 12 hexadecimal digits.
        sync_id: the store's number of the sync.
        status: where the run is.
        task_run: the task run that it belongs to, `dag/dag run/task/map index`.
        as_of: the end of the data interval, or None.
        attempts: how many attempts have begun.
        started_at: when its first attempt began.
        sealed_at: when its plan was complete, or None.
        finished_at: when its last row was acknowledged, its dry run had ended, or another run replaced it; or None.
        counts: how its rows ended; `pending` are those that it has not reached. They wait in its outbox, or, where it
            was abandoned, were left to a later run.
        calls: calls to the API, of the attempts that have ended.
        seconds: how long these attempts took.
    """

    id: str
    sync_id: int
    status: RunStatus
    task_run: str
    as_of: datetime | None
    attempts: int
    started_at: datetime
    sealed_at: datetime | None
    finished_at: datetime | None
    counts: Counts
    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class VerifiedRun:
    """A run that found the account as the source says.

    Attributes:
        run: the run.
        verification: what it found.
        contacts: how many contacts the account had.
        unmatched: how many of them no row is about.
        believed: how many rows, beside those that were found equal, count as unchanged because they were acknowledged.
    """

    run: RunSummary
    verification: Verification
    contacts: int
    unmatched: int
    believed: int


@dataclass(frozen=True, slots=True)
class SampledRun:
    """A run that read a sample of an account's contacts.

    Attributes:
        run: the run.
        findings: what the sample says.
    """

    run: RunSummary
    findings: SampleFindings


class RunReader:
    """The runs in one state store. Every method raises StateUnavailableError where it can't be reached or read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_sync(self, sync_id: int, *, cursor: str | None = None, limit: int = 100) -> Page[RunSummary]:
        """Return the runs of a sync, newest first (index `leadway_run_by_start`).

        Raises:
            ValueError: see `Order.page`.
        """
        wanted = _NEWEST_FIRST.page(sa.select(*_FACTS).where(_RUN.sync_id == sync_id), cursor, limit)
        with self._database.reading() as connection:
            found = connection.execute(wanted).all()
            rows, next_cursor = _NEWEST_FIRST.cut(found, limit, lambda each: (each.started_at, each.id))
            return Page(tuple(summaries(connection, rows)), next_cursor)

    def of_task_runs(self, task_run: str, *, limit: int = 100) -> list[RunSummary]:
        """Return the runs of a task run, or of all task runs that begin so, newest first.

        All runs of the store are looked at, which are few beside its rows.

        Args:
            task_run: `dag/dag run/task/map index`, or its beginning up to a slash, which ends with it.
            limit: the most runs.
        """
        whole = (
            _RUN.task_run.startswith(task_run, autoescape=True)
            if task_run.endswith("/")
            else (_RUN.task_run == task_run)
        )
        wanted = sa.select(*_FACTS).where(whole).order_by(_RUN.started_at.desc(), _RUN.id.desc()).limit(limit)
        with self._database.reading() as connection:
            return summaries(connection, connection.execute(wanted).all())

    def columns(self, run_id: str) -> list[MappedColumn]:
        """Return which column, or constant, feeds which field in a run (primary key); nothing before it has planned."""
        wanted = sa.select(_RUN["columns"]).where(_RUN.id == run_id)
        with self._database.reading() as connection:
            return decode_columns(connection.scalar(wanted))

    def last_verified(self, sync_id: int) -> VerifiedRun | None:
        """Return the last run of a sync that verified the account (index `leadway_run_by_start`); None without one."""

        def verified(run: RunSummary, found: Mapping[str, Any]) -> VerifiedRun | None:
            if (verification := Verification.of_run(found, run.counts)) is None:
                return None
            return VerifiedRun(run, verification, found["contacts"], found["unmatched"], found["believed"])

        return self._last_compared(sync_id, verified)

    def last_sampled(self, sync_id: int) -> SampledRun | None:
        """Return the last run of a sync that read a sample (index `leadway_run_by_start`); None without one."""

        def sampled(run: RunSummary, found: Mapping[str, Any]) -> SampledRun | None:
            findings = SampleFindings.of_run(found)
            return SampledRun(run, findings) if findings else None

        return self._last_compared(sync_id, sampled)

    def _last_compared(self, sync_id: int, read: Callable[[RunSummary, Mapping[str, Any]], T | None]) -> T | None:
        """Return what is read of the newest run of a sync, of those whose plan has ended, where that is not None."""
        # The sync's next run abandons a dry run; a plan that was cut short, and is abandoned then, has no counts.
        was_dry_run = sa.and_(_RUN.status == RunStatus.ABANDONED, _RUN.sealed_at.is_(None), _RUN["read"] > 0)
        ended = sa.or_(_RUN.status.in_((RunStatus.FINISHED, RunStatus.DRY_RUN)), was_dry_run)
        wanted: sa.Select[Any] = (
            sa.select(*_FACTS, _RUN.comparison)
            .where(_RUN.sync_id == sync_id, ended, _RUN.comparison.is_not(None))
            .order_by(_RUN.started_at.desc(), _RUN.id.desc())
        )
        with self._database.reading() as connection:
            for row in connection.execute(wanted).all():
                [run] = summaries(connection, [row])
                if (found := read(run, decode_document(row.comparison))) is not None:
                    return found
        return None

    def sample(self, run_id: str) -> SampleFindings | None:
        """Return what the sample of a run says (primary key); None where it has none."""
        wanted = sa.select(_RUN.comparison).where(_RUN.id == run_id)
        with self._database.reading() as connection:
            return SampleFindings.of_run(decode_document(connection.scalar(wanted)))

    def one(self, run_id: str) -> RunSummary | None:
        """Return a run by its id (primary key); None where there is none."""
        with self._database.reading() as connection:
            return runs_by_id(connection, [run_id]).get(run_id)


def runs_by_id(connection: sa.Connection, run_ids: Iterable[str]) -> dict[str, RunSummary]:
    """Return those of these runs that there are, by id."""
    rows = [
        row
        for chunk in chunks(list(run_ids))
        for row in connection.execute(sa.select(*_FACTS).where(_RUN.id.in_(chunk)))
    ]
    return {summary.id: summary for summary in summaries(connection, rows)}


def summaries(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[RunSummary]:
    """Return the summaries of runs, each with how many of its rows wait (index `leadway_outbox_order`)."""
    counted = [row.id for row in rows if row.status not in _PENDING_IS_THE_REST]
    waiting = waiting_in_runs(connection, counted, (RowState.PENDING,))
    return [_summary(row, sum(each.rows for each in waiting.get(row.id, ()))) for row in rows]


def _summary(row: sa.Row[Any], pending: int) -> RunSummary:
    counts = Counts(**{name: getattr(row, name) for name in tables.COUNTERS}, pending=pending)
    if row.status in _PENDING_IS_THE_REST:
        counts = counts.with_rest_pending()
    return RunSummary(
        id=row.id,
        sync_id=row.sync_id,
        status=RunStatus(row.status),
        task_run=row.task_run,
        as_of=row.as_of,
        attempts=row.attempts,
        started_at=row.started_at,
        sealed_at=row.sealed_at,
        finished_at=row.finished_at,
        counts=counts,
        calls=row.calls,
        seconds=row.seconds,
    )
