"""What one task run reads of its source: all of it, or an interval, by its query."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from leadway_provider.printable import printable_log
from leadway_provider.source.query import OpenRows, read_source
from leadway_provider.sync.interval import Interval, next_interval
from leadway_provider.sync.request import SyncRequest
from leadway_provider.words import time_text

if TYPE_CHECKING:
    from airflow.sdk import Context

log = printable_log(__name__)


def reader(
    request: SyncRequest, source: sa.Engine, interval: Interval | None
) -> Callable[[], AbstractContextManager[OpenRows]]:
    """Return what runs the query, for an interval or for everything."""
    return partial(
        read_source,
        source,
        request.sql,
        request.parameters,
        optional=interval.parameters if interval else {},
        batch_size=request.batch_size,
        name=request.sql_conn_id or "the task's function",
    )


def interval_to_read(
    request: SyncRequest, watermark: datetime | None, *, start: datetime | None, end: datetime, anew: bool
) -> Interval | None:
    """Return what an incremental run reads, and log it; None for a whole read.

    Args:
        request: what is asked for.
        watermark: the end of what the sync has read before, or None.
        start: the begin of the run's data interval, or None where it has none.
        end: the end of the run's data interval, or the present.
        anew: whether the run reads from the beginning of time.
    """
    if not request.incremental:
        return None
    interval = next_interval(watermark, start=start, end=end, overlap=request.overlap, anew=anew)
    log.info(
        "Reading from %s to %s%s",
        time_text(interval.since),
        time_text(interval.until),
        "" if interval.moves_watermark else "; an interval that was read before moves no watermark",
    )
    return interval


def as_of(context: Context) -> datetime | None:
    """Return the end of the data interval; of a run without one, the time it is for."""
    if (end := context.get("data_interval_end")) is not None:
        return end
    dag_run = context.get("dag_run")
    return None if dag_run is None else dag_run.run_after
