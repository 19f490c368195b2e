"""One run with its rows, and the runs of a DAG run or task."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import BaseModel

from leadway_provider.plugin.download import rejected_lines
from leadway_provider.plugin.estimate import progress_of
from leadway_provider.plugin.lineage import draw_lineage
from leadway_provider.plugin.listing import MOST_COUNTED, rows_of
from leadway_provider.plugin.plot import draw_usage
from leadway_provider.plugin.visit import PER_PAGE, Visit, Visiting, not_found, page_of
from leadway_provider.store.reading.runs import RunSummary
from leadway_provider.store.tables import RunStatus
from leadway_provider.sync.outcome import REJECTED, RowState

router = APIRouter()


class Choice(BaseModel):
    """Which rows of a run are listed.

    Attributes:
        outcome: those with this outcome; without it, those with the first one that counts as rejected.
        code: only those with a reason of this code.
        cursor: where the list goes on.
    """

    outcome: RowState | None = None
    code: str | None = None
    cursor: str | None = None


@router.get("/runs/{run_id}")
def run(visit: Visiting, run_id: str, choice: Annotated[Choice, Query()]) -> Response:
    """Show how a run's rows ended, what it used, and list the chosen rows with their reasons."""
    found = visit.run(run_id)
    sync = visit.sync(found.sync_id)
    rows = rows_of(visit.state, found)
    outcomes = rows.by_outcome()
    usual = (*REJECTED, RowState.PENDING) if found.status is RunStatus.DRY_RUN else REJECTED
    chosen = choice.outcome or next((each for each in usual if each in outcomes), None)
    read = partial(rows.page, code=choice.code, cursor=choice.cursor, limit=PER_PAGE)
    samples = visit.state.usage().of_run(run_id)
    return visit.render(
        "run.html",
        run=found,
        sync=sync.sync,
        progress=progress_of(found, samples, held_until=sync.held_until, now=visit.now),
        plot=draw_usage(samples),
        outcomes_now=outcomes,
        most_counted=MOST_COUNTED,
        reasons=rows.by_reason(chosen) if chosen else [],
        sample=visit.state.runs().sample(run_id),
        lineage=draw_lineage(visit.state.runs().columns(run_id)),
        chosen=chosen,
        code=choice.code,
        page=page_of(partial(read, chosen)) if chosen else None,
    )


@router.get("/runs/{run_id}/rejected.csv")
def rejected(visit: Visiting, run_id: str) -> Response:
    """Return key and reasons of each rejected row."""
    found = visit.run(run_id)
    return StreamingResponse(
        rejected_lines(visit.request.app.state.open_state, found),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="rejected-{run_id[:8]}.csv"'},
    )


@router.get("/dag-runs/{dag_id}/{dag_run_id}")
def dag_run(visit: Visiting, dag_id: str, dag_run_id: str) -> Response:
    """Show the runs of all tasks of a DAG run."""
    _require_dag(visit, dag_id)
    return _list(visit, visit.state.runs().of_task_runs(f"{dag_id}/{dag_run_id}/"), dag_id, dag_run_id)


@router.get("/task-runs/{dag_id}/{dag_run_id}/{task_id}/{map_index}")
def task_run(visit: Visiting, dag_id: str, dag_run_id: str, task_id: str, map_index: str) -> Response:
    """Go to the last run of a task, or list those of a task that writes to many accounts, the last one of each.

    A task that is not mapped has the map index -1, or what Airflow puts in its place.
    """
    _require_dag(visit, dag_id)
    index = map_index if map_index.isdecimal() else "-1"
    found = visit.state.runs().of_task_runs(f"{dag_id}/{dag_run_id}/{task_id}/{index}")
    runs = list({each.sync_id: each for each in reversed(found)}.values())
    if len(runs) != 1:
        return _list(visit, runs, dag_id, dag_run_id)
    return RedirectResponse(f"{visit.request.scope.get('root_path', '')}/runs/{runs[0].id}", status_code=303)


def _list(visit: Visit, runs: Collection[RunSummary], dag_id: str, dag_run_id: str) -> Response:
    accounts = {each.id: each.location_id for each in visit.state.syncs().known()} if runs else {}
    return visit.render("dag_run.html", runs=runs, accounts=accounts, dag_id=dag_id, dag_run_id=dag_run_id)


def _require_dag(visit: Visiting, dag_id: str) -> None:
    if dag_id not in visit.visitor.readable({dag_id}):
        raise not_found("DAG run")
