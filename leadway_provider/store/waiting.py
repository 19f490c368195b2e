"""What waits in the outbox: how many rows, in which state, and since when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import chunks
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.outcome import Counts, RowState

_UNDELIVERED: Final = (RunStatus.SEALING, RunStatus.DELIVERING, RunStatus.ABANDONED)
"""The statuses of a run with rows that the sync's next run delivers, where its plan was sealed."""


@dataclass(frozen=True, slots=True)
class WaitingRows:
    """Rows of a sync that wait in the outbox for the same reason.

    Attributes:
        state: pending, refused or departed.
        rows: how many.
        since: since when the first of them waits.
    """

    state: RowState
    rows: int
    since: datetime

    @property
    def why(self) -> str:
        """Why they wait, as a sentence for a person."""
        match self.state:
            case RowState.REFUSED:
                return "refused by the API, and tried again by up to retry_refused runs, or after a change"
            case RowState.DEPARTED:
                return "no longer in the source, with a contact that is still to be treated"
            case _:
                return "planned and not delivered; the next attempt or run does that"


def waiting_rows(connection: sa.Connection, sync_id: int) -> list[WaitingRows]:
    """Return how many rows of a sync wait in the outbox, by the state that they wait in, refused ones among them."""
    run = tables.run.c
    sealed = connection.scalars(sa.select(run.id).where(run.sync_id == sync_id, run.sealed_at.is_not(None))).all()
    refused = waiting_in_runs(connection, sealed, (RowState.REFUSED,))
    by_state: defaultdict[RowState, list[WaitingRows]] = defaultdict(list)
    for each in (*waiting_in_syncs(connection, [sync_id])[sync_id], *chain.from_iterable(refused.values())):
        by_state[each.state].append(each)
    return [
        WaitingRows(state, sum(each.rows for each in same), min(each.since for each in same))
        for state in (RowState.PENDING, RowState.REFUSED, RowState.DEPARTED)
        if (same := by_state[state])
    ]


def waiting_in_syncs(connection: sa.Connection, sync_ids: Sequence[int]) -> dict[int, list[WaitingRows]]:
    """Return the rows of syncs that a sealed plan has decided to send, or whose contacts it has decided to remove.

    Those of a run that delivers may be a million, and are not counted: an acknowledgement takes its row out of the
    outbox and counts its outcome at once, so the run's counts have the rest. Those of other runs are counted. The runs
    are found by the index `leadway_run_by_sync`, and rows by `leadway_outbox_order`.
    """
    run = tables.run.c
    undelivered = sa.select(run.id, run.sync_id, run.status, *(run[name] for name in tables.COUNTERS)).where(
        run.sync_id.in_(sync_ids), run.status.in_(_UNDELIVERED), run.sealed_at.is_not(None)
    )
    runs = connection.execute(undelivered).all()
    delivering = [each for each in runs if each.status == RunStatus.DELIVERING]
    found = [
        _rest(connection, delivering),
        waiting_in_runs(connection, [each.id for each in delivering], (RowState.DEPARTED,)),
        waiting_in_runs(
            connection, [each.id for each in runs if each not in delivering], (RowState.PENDING, RowState.DEPARTED)
        ),
    ]
    return {
        sync_id: [
            rows for each in runs if each.sync_id == sync_id for by_run in found for rows in by_run.get(each.id, ())
        ]
        for sync_id in sync_ids
    }


def waiting_in_runs(
    connection: sa.Connection, run_ids: Sequence[str], states: Collection[RowState]
) -> dict[str, list[WaitingRows]]:
    """Return how many rows wait in these states in the outboxes of runs, of those runs in which any waits.

    They are found by the index `leadway_outbox_order`. In a join with the runs a database may read the outbox of all
    syncs instead.
    """
    outbox = tables.outbox.c
    # Rows come into the outbox in the order of their ids, and keep their time, so the first id has the earliest one.
    of_runs = (
        sa.select(outbox.run_id, outbox.outcome, sa.func.count().label("rows"), sa.func.min(outbox.id).label("first"))
        .where(outbox.outcome.in_(list(states)))
        .group_by(outbox.run_id, outbox.outcome)
    )
    found: defaultdict[str, list[WaitingRows]] = defaultdict(list)
    for chunk in chunks(run_ids):
        counts = of_runs.where(outbox.run_id.in_(chunk)).subquery("counts")
        wanted = sa.select(counts.c.run_id, counts.c.outcome, counts.c.rows, outbox.created_at).join_from(
            counts, tables.outbox, outbox.id == counts.c.first
        )
        for run_id, state, rows, since in connection.execute(wanted):
            found[run_id].append(WaitingRows(RowState(state), rows, since))
    return found


def _rest(connection: sa.Connection, runs: Sequence[sa.Row[Any]]) -> dict[str, list[WaitingRows]]:
    """Return the rows that runs have not reached, as their counts say it, since the first of them waits."""
    run, outbox, others = tables.run.c, tables.outbox.c, tables.outbox.alias("others").c
    first = (
        sa.select(sa.func.min(others.id))
        .where(others.run_id == run.id, others.outcome == RowState.PENDING)
        .correlate(tables.run)
        .scalar_subquery()
    )
    times = sa.select(run.id, outbox.created_at).join_from(tables.run, tables.outbox, outbox.id == first)
    since = {
        run_id: created_at
        for chunk in chunks([each.id for each in runs])
        for run_id, created_at in connection.execute(times.where(run.id.in_(chunk)))
    }
    return {
        each.id: [WaitingRows(RowState.PENDING, _counts(each).with_rest_pending()[RowState.PENDING], since[each.id])]
        for each in runs
        if each.id in since
    }


def _counts(run: sa.Row[Any]) -> Counts:
    return Counts(**{name: getattr(run, name) for name in tables.COUNTERS})
