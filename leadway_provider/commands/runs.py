"""`leadway runs`: print the runs of the syncs of a state store, newest first."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadway_provider.commands.layout import columns, printed, sync_json
from leadway_provider.commands.options import AsJson, Location, StateConnId, SyncName
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import find_syncs, open_for_reading
from leadway_provider.words import duration_text, time_text

if TYPE_CHECKING:
    from leadway_provider.store.reading.runs import RunSummary
    from leadway_provider.store.reading.syncs import SyncRecord

_HEAD = ("run", "status", "began", "took", "read", "sent", "rejected", "pending", "calls")


def runs(
    context: typer.Context,
    *,
    sync: SyncName = None,
    location: Location = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Show at most so many runs of each sync.")
    ] = 20,
    state_conn_id: StateConnId = None,
    as_json: AsJson = False,
) -> None:
    """Show the runs of each sync, newest first.

    `sent` are the rows whose contacts were created or updated, and `pending` those that the run has not reached.
    """
    from leadway_provider.store.reading.page import every_record  # noqa: PLC0415 - other commands need none of this

    screen = screen_of(context)
    with open_for_reading(state_conn_id) as reader:
        found: list[tuple[SyncRecord, list[RunSummary]]] = []
        for each in find_syncs(reader, sync, location):
            of_sync = every_record(lambda cursor, sync_id=each.id: reader.runs().of_sync(sync_id, cursor=cursor))  # type: ignore[misc]  # mypy can't infer a lambda with a default
            found.append((each, list(islice(of_sync, limit))))
    if as_json:
        screen.show_json([_json(each, run) for each, of_each in found for run in of_each])
        return
    parts = []
    for each, of_each in found:
        head = printed([f"Sync {each.name} to {each.location_id}"])
        parts.append("\n".join((head, *(f"  {line}" for line in columns(_HEAD, map(_cells, of_each))))))
    screen.show("\n\n".join(parts))


def _cells(run: RunSummary) -> tuple[str, ...]:
    counts = run.counts
    took = duration_text(run.finished_at - run.started_at) if run.finished_at else "-"
    numbers = (counts["read"], counts["created"] + counts["updated"], counts.rejected, counts["pending"], run.calls)
    return (run.id, run.status.replace("_", " "), time_text(run.started_at), took, *(f"{each:,}" for each in numbers))


def _json(sync: SyncRecord, run: RunSummary) -> dict[str, Any]:
    return {
        **sync_json(sync),
        "id": run.id,
        "status": run.status,
        "task_run": run.task_run,
        "attempts": run.attempts,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "calls": run.calls,
        "seconds": run.seconds,
        "counts": dict(run.counts),
    }
