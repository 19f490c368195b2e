"""One visit of the page: who asks, what the state store has, and what of it that person may see."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Protocol, TypeAlias, TypeVar

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse

from leadway_provider.plugin.rendering import Renderer
from leadway_provider.store.reading.page import every_record
from leadway_provider.store.reading.reader import StateReader
from leadway_provider.store.reading.runs import RunSummary
from leadway_provider.store.reading.syncs import SyncSummary

OpenState: TypeAlias = Callable[[], AbstractContextManager[StateReader]]
"""Opens the state store for one visit."""

PER_PAGE = 50
"""Records of a list that is shown at once."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NextRun:
    """When a DAG runs next.

    Attributes:
        at: when Airflow begins its next run by itself; None where it does not.
        is_paused: whether the DAG is paused.
    """

    at: datetime | None
    is_paused: bool


class Visitor(Protocol):
    """Somebody who looks at the page."""

    @property
    def id(self) -> str:
        """The same in every visit of one person, and different for each person."""
        ...

    def readable(self, dag_ids: Collection[str]) -> set[str]:
        """Return those of these DAGs that the visitor may read."""
        ...

    def editable(self, dag_ids: Collection[str]) -> set[str]:
        """Return those of these DAGs that the visitor may edit."""
        ...

    def next_runs(self, dag_ids: Collection[str]) -> dict[str, NextRun]:
        """Return when these DAGs run next, of those that Airflow knows."""
        ...

    def record(self, dag_id: str, event: str) -> None:
        """Note in Airflow's audit log that the visitor did this."""
        ...


def nobody() -> Visitor:
    """Refuse the request; `create_app` puts a dependency in the place of this one that knows who asks.

    Raises:
        HTTPException: always, with 401.
    """
    raise HTTPException(401, "Not authenticated")


def not_found(what: str) -> HTTPException:
    """Return the answer for what is not there, and for what the visitor may not know of."""
    return HTTPException(404, f"There is no such {what}, or you may not see its DAG.")


def dag_id(run: RunSummary) -> str:
    """Return the DAG of a run, which the state store keeps as `dag/dag run/task/map index`."""
    return run.task_run.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Visit:
    """What a request may read, and how its answer is made.

    Attributes:
        request: what was asked.
        visitor: who asks.
        state: the state store.
        renderer: the templates.
    """

    request: Request
    visitor: Visitor
    state: StateReader
    renderer: Renderer

    @property
    def now(self) -> datetime:
        """The present."""
        return self.renderer.now()

    def render(self, template: str, **values: Any) -> HTMLResponse:
        """Return a template with these values."""
        return self.renderer.render(self.request, template, **values)

    def runs(self, runs: Collection[RunSummary]) -> list[RunSummary]:
        """Return those of these runs that the visitor may see."""
        readable = self.visitor.readable({dag_id(run) for run in runs})
        return [run for run in runs if dag_id(run) in readable]

    def run(self, run_id: str) -> RunSummary:
        """Return a run.

        Raises:
            HTTPException: there is none, or the visitor may not see it.
        """
        found = self.state.runs().one(run_id)
        if found is None or not self.runs([found]):
            raise not_found("run")
        return found

    def summaries(self, syncs: Collection[SyncSummary]) -> list[SyncSummary]:
        """Return those of these syncs whose last run the visitor may see."""
        visible = {run.id for run in self.runs([each.last_run for each in syncs if each.last_run])}
        return [each for each in syncs if each.last_run and each.last_run.id in visible]

    def syncs(self) -> list[SyncSummary]:
        """Return all syncs that the visitor may see."""
        reader = self.state.syncs()
        return self.summaries([*every_record(lambda cursor: reader.summaries(cursor=cursor))])

    def sync(self, sync_id: int) -> SyncSummary:
        """Return a sync whose last run the visitor may see.

        Raises:
            HTTPException: there is none, or the visitor may not see it.
        """
        found = self.state.syncs().one(sync_id)
        if found is None or not self.summaries([found]):
            raise not_found("sync")
        return found

    def next_runs(self, syncs: Collection[SyncSummary]) -> dict[int, NextRun]:
        """Return when the DAGs of these syncs run next, by the store's number of the sync."""
        dag_ids = {each.sync.id: dag_id(each.last_run) for each in syncs if each.last_run}
        found = self.visitor.next_runs(set(dag_ids.values()))
        return {sync_id: found[name] for sync_id, name in dag_ids.items() if name in found}


def page_of(read: Callable[[], T]) -> T:
    """Return a page of records that is read with a cursor from the address.

    Raises:
        HTTPException: the cursor is not one of this list.
    """
    try:
        return read()
    except ValueError:
        raise not_found("page") from None


def _visit(request: Request, visitor: Annotated[Visitor, Depends(nobody)]) -> Iterator[Visit]:
    state = request.app.state
    with state.open_state() as reader:
        yield Visit(request, visitor, reader, state.renderer)


Visiting: TypeAlias = Annotated[Visit, Depends(_visit)]
"""The argument of a function that answers a request."""
