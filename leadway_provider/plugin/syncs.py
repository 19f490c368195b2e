"""The list of syncs, and one sync with its runs."""

from __future__ import annotations

from enum import StrEnum
from functools import partial

from fastapi import APIRouter, Response

from leadway_provider.plugin.actions import may_edit
from leadway_provider.plugin.visit import PER_PAGE, Visiting, not_found, page_of
from leadway_provider.store.reading.syncs import SyncSummary
from leadway_provider.store.tables import UNFINISHED, RunStatus

router = APIRouter()


class Show(StrEnum):
    """Which syncs are listed."""

    ALL = "all"
    REJECTED = "rejected"
    WAITING = "waiting"
    RUNNING = "running"


@router.get("/")
def syncs(visit: Visiting, q: str = "", show: Show = Show.ALL, cursor: str | None = None) -> Response:
    """Show the syncs, each with its last run."""
    if q or show is not Show.ALL:
        shown, next_cursor = [each for each in visit.syncs() if _has(each, q) and _is(each, show)], None
    else:
        page = page_of(partial(visit.state.syncs().summaries, cursor=cursor, limit=PER_PAGE))
        shown, next_cursor = visit.summaries(page.records), page.cursor
    return visit.render(
        "syncs.html", syncs=shown, next_runs=visit.next_runs(shown), q=q, show=show, choices=Show, cursor=next_cursor
    )


@router.get("/syncs/{sync_id}")
def sync(visit: Visiting, sync_id: int, cursor: str | None = None, tried: int | None = None) -> Response:
    """Show a sync's runs, newest first, the reasons of its rows as they are now, and what can be asked of it."""
    found = visit.sync(sync_id)
    page = page_of(partial(visit.state.runs().of_sync, sync_id, cursor=cursor, limit=PER_PAGE))
    runs = visit.runs(page.records)
    if not runs:
        raise not_found("page")
    tokens = visit.request.app.state.tokens
    return visit.render(
        "sync.html",
        summary=found,
        sync=found.sync,
        next_at=visit.next_runs([found]).get(sync_id),
        runs=runs,
        reasons=visit.state.rows_of_sync(sync_id).by_reason(),
        waiting=visit.state.syncs().waiting(sync_id),
        cursor=page.cursor,
        token=tokens.issue(visit.visitor.id) if may_edit(visit, found) else None,
        tried=tried,
    )


def _has(sync: SyncSummary, text: str) -> bool:
    return text.casefold() in f"{sync.sync.name} {sync.sync.location_id}".casefold()


def _is(sync: SyncSummary, show: Show) -> bool:
    run = sync.last_run
    match show:
        case Show.REJECTED:
            return run is not None and run.counts.rejected > 0
        case Show.WAITING:
            return sync.waiting > 0
        case Show.RUNNING:
            return run is not None and run.status in UNFINISHED and run.status is not RunStatus.DRY_RUN
        case Show.ALL:
            return True
