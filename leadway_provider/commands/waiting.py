"""`leadway waiting`: print the rows that wait in the outbox of each sync, and why."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadway_provider.commands.layout import fact_lines, listed, printed, sync_json
from leadway_provider.commands.options import AsJson, Location, StateConnId, SyncName
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import find_syncs, open_for_reading
from leadway_provider.words import counted, time_text

if TYPE_CHECKING:
    from leadway_provider.store.reading.reader import StateReader
    from leadway_provider.store.reading.syncs import SyncRecord, SyncSummary
    from leadway_provider.store.waiting import WaitingRows
    from leadway_provider.sync.outcome import RowState


def waiting(
    context: typer.Context,
    *,
    sync: SyncName = None,
    location: Location = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="Show at most so many keys for each reason.")
    ] = 10,
    state_conn_id: StateConnId = None,
    as_json: AsJson = False,
) -> None:
    """Show the rows that wait to be delivered, and why.

    They are in the outbox: planned and not reached yet, refused and tried again, or departed with a contact that is
    still to be treated. A run that waits for the account's quota says until when.
    """
    screen = screen_of(context)
    with open_for_reading(state_conn_id) as reader:
        found = [_read(reader, each, limit) for each in find_syncs(reader, sync, location)]
    if as_json:
        screen.show_json([_json(*each) for each in found])
    else:
        screen.show("\n\n".join(printed(_lines(*each)) for each in found))


def _read(
    reader: StateReader, sync: SyncRecord, limit: int
) -> tuple[SyncRecord, SyncSummary | None, list[tuple[WaitingRows, list[str]]]]:
    """Return a sync with what waits, and the first keys for each reason."""
    rows = [(each, list(islice(_keys(reader, sync, each.state), limit))) for each in reader.syncs().waiting(sync.id)]
    return sync, reader.syncs().one(sync.id), rows


def _keys(reader: StateReader, sync: SyncRecord, state: RowState) -> Iterator[str]:
    """Return the keys of a sync that wait in a state, those of the oldest runs last."""
    from leadway_provider.store.reading.page import every_record  # noqa: PLC0415 - other commands need none of this

    for run in every_record(lambda cursor: reader.runs().of_sync(sync.id, cursor=cursor)):
        if run.sealed_at is not None:
            plan = reader.plan_of_run(run.id)
            for row in every_record(lambda cursor, plan=plan: plan.page(state, cursor=cursor)):  # type: ignore[misc]  # mypy can't infer a lambda with a default
                yield row.source_key


def _lines(sync: SyncRecord, summary: SyncSummary | None, found: list[tuple[WaitingRows, list[str]]]) -> Iterator[str]:
    yield f"Sync {sync.name} to {sync.location_id}"
    if summary and summary.held_until:
        yield from fact_lines("quota", f"a run waits for it until {time_text(summary.held_until)}".split())
    if not found:
        yield from fact_lines("waiting", ["no row"])
    for rows, keys in found:
        yield from fact_lines(
            "waiting", f"{counted(rows.rows, 'row')} since {time_text(rows.since)}: {rows.why}".split()
        )
        more = [f"and {rows.rows - len(keys):,} more"] if keys and rows.rows > len(keys) else []
        if keys:
            yield from fact_lines("keys", listed([*keys, *more]))


def _json(sync: SyncRecord, summary: SyncSummary | None, found: list[tuple[WaitingRows, list[str]]]) -> dict[str, Any]:
    held_until = summary.held_until if summary else None
    return {
        **sync_json(sync),
        "waits_for_quota_until": held_until.isoformat() if held_until else None,
        "waiting": [
            {"state": rows.state, "rows": rows.rows, "since": rows.since.isoformat(), "keys": keys}
            for rows, keys in found
        ],
    }
