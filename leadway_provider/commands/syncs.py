"""`leadway syncs`: print the syncs of a state store, each with its last run and the rows that wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from leadway_provider.commands.layout import fact_lines, listed, printed, sync_json, task_words
from leadway_provider.commands.options import AsJson, Location, StateConnId, SyncName
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import find_syncs, open_for_reading
from leadway_provider.words import counted, time_text

if TYPE_CHECKING:
    from leadway_provider.store.reading.runs import RunSummary
    from leadway_provider.store.reading.syncs import SyncReader, SyncSummary
    from leadway_provider.store.waiting import WaitingRows


def syncs(
    context: typer.Context,
    *,
    sync: SyncName = None,
    location: Location = None,
    state_conn_id: StateConnId = None,
    as_json: AsJson = False,
) -> None:
    """Show every sync with its last run.

    Each with its account, its last run with the counts, the rows that wait to be delivered, and up to when an
    incremental sync has read its source.
    """
    screen = screen_of(context)
    with open_for_reading(state_conn_id) as reader:
        wanted = {each.id for each in find_syncs(reader, sync, location)}
        found = list(_read(reader.syncs(), wanted))
    if as_json:
        screen.show_json([_json(each) for each in found])
    else:
        screen.show("\n\n".join(printed(_lines(each)) for each in found))


@dataclass(frozen=True, slots=True)
class _Sync:
    """A sync, and its rows that wait."""

    summary: SyncSummary
    waiting: Sequence[WaitingRows]


def _read(reader: SyncReader, wanted: set[int]) -> Iterator[_Sync]:
    from leadway_provider.store.reading.page import every_record  # noqa: PLC0415 - other commands need none of this

    for summary in every_record(lambda cursor: reader.summaries(cursor=cursor)):
        if summary.sync.id in wanted:
            yield _Sync(summary, reader.waiting(summary.sync.id))


def _lines(found: _Sync) -> Iterator[str]:
    sync, run = found.summary.sync, found.summary.last_run
    yield f"Sync {sync.name}"
    yield from fact_lines("account", [f"{sync.location_id} at {sync.host}"])
    if run is None:
        yield from fact_lines("last run", ["none has begun"])
    else:
        yield from fact_lines("last run", [f"{run.id},", *_state(run).split()])
        yield from fact_lines("task", task_words(run.task_run))
        yield from fact_lines("rows", _counts(run))
    for rows in found.waiting:
        yield from fact_lines(
            "waiting", f"{counted(rows.rows, 'row')} since {time_text(rows.since)}: {rows.why}".split()
        )
    if found.summary.watermark:
        yield from fact_lines("read to", [time_text(found.summary.watermark)])


def _state(run: RunSummary) -> str:
    began = f"began {time_text(run.started_at)}"
    if run.finished_at is None:
        return f"{run.status.replace('_', ' ')}, {began}"
    return f"{run.status.replace('_', ' ')} at {time_text(run.finished_at)}, {began}"


def _counts(run: RunSummary) -> list[str]:
    return listed(f"{number:,} {name}" for name, number in run.counts.items() if number or name == "read")


def _json(found: _Sync) -> dict[str, Any]:
    sync, run, watermark = found.summary.sync, found.summary.last_run, found.summary.watermark
    return {
        **sync_json(sync),
        "last_run": _run_json(run) if run else None,
        "waiting": [
            {"state": rows.state, "rows": rows.rows, "since": rows.since.isoformat()} for rows in found.waiting
        ],
        "watermark": watermark.isoformat() if watermark else None,
    }


def _run_json(run: RunSummary) -> dict[str, Any]:
    return {
        "id": run.id,
        "status": run.status,
        "task_run": run.task_run,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "counts": dict(run.counts),
    }
