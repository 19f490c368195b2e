"""Which rows the outbox has, of a run that delivers or of runs whose rows a plan will carry."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import chunks
from leadway_provider.sync.outcome import RowState


class PlannedBy(NamedTuple):
    """A run that is planned, and in how many runs the API may refuse a row before it is not carried any more."""

    run_id: str
    retry_refused: int


Living = Callable[[int], bool]
"""Returns whether the source has the row of that id, as far as is known."""


@dataclass(frozen=True, slots=True)
class RunRows:
    """A run, its sync, and which rows the source has, as far as the run's plan knows."""

    sync_id: int
    run_id: str
    is_present: Living


def pending_in_run(connection: sa.Connection, run_id: str, row_ids: Collection[int]) -> set[int]:
    """Return those of these rows that a run still has to send."""
    outbox = tables.outbox.c
    return _in_outbox(connection, row_ids, outbox.run_id == run_id, outbox.outcome == RowState.PENDING)


def planned_to_send(connection: sa.Connection, plan: PlannedBy, row_ids: Collection[int]) -> set[int]:
    """Return those of these rows that a run will send: its own, and those of earlier runs which it will carry."""
    outbox, own = tables.outbox.c, tables.outbox.alias("own").c
    is_decided = sa.exists().where(own.row_id == outbox.row_id, own.run_id == plan.run_id)
    is_refused = sa.and_(outbox.outcome == RowState.REFUSED, outbox.refusals <= plan.retry_refused, ~is_decided)
    return _in_outbox(connection, row_ids, sa.or_(outbox.outcome == RowState.PENDING, is_refused))


def _in_outbox(connection: sa.Connection, row_ids: Collection[int], *conditions: sa.ColumnElement[bool]) -> set[int]:
    """Return those of these rows that the outbox has under these conditions."""
    outbox = tables.outbox.c
    return {
        row_id
        for chunk in chunks(list(row_ids))
        for row_id in connection.scalars(sa.select(outbox.row_id).where(outbox.row_id.in_(chunk), *conditions))
    }
