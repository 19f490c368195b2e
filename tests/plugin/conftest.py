"""The page over a state store that real runs have left, and somebody who looks at it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient

from leadway_provider.plugin.app import create_app
from leadway_provider.plugin.visit import NextRun
from leadway_provider.store.reading.reader import StateReader
from leadway_provider.store.state import StateStore
from leadway_provider.store.syncs import SyncStore
from tests.operators.conftest import no_state, sandbox, warehouse
from tests.operators.task import Warehouse

__all__ = ["no_state", "sandbox", "warehouse"]


@dataclass
class Person:
    """Somebody who may read, and perhaps edit, these DAGs; nobody is logged in where there are none at all."""

    dags: set[str] | None = field(default_factory=lambda: {"customers"})
    edits: bool = True
    id: str = "ann"
    next_run: NextRun = field(default_factory=lambda: NextRun(None, is_paused=False))
    did: list[tuple[str, str]] = field(default_factory=list)

    def readable(self, dag_ids: Collection[str]) -> set[str]:
        """Return those of these DAGs that the person may read."""
        return set(dag_ids) & (self.dags or set())

    def editable(self, dag_ids: Collection[str]) -> set[str]:
        """Return those of these DAGs that the person may edit."""
        return self.readable(dag_ids) if self.edits else set()

    def next_runs(self, dag_ids: Collection[str]) -> dict[str, NextRun]:
        """Return the same for all."""
        return dict.fromkeys(dag_ids, self.next_run)

    def record(self, dag_id: str, event: str) -> None:
        """Note it."""
        self.did.append((dag_id, event))


@pytest.fixture
def person() -> Person:
    """Somebody who may read the DAG of the tests."""
    return Person()


@pytest.fixture
def page(warehouse: Warehouse, person: Person) -> Iterator[TestClient]:
    """The page, as that person sees it."""

    @contextmanager
    def open_state() -> Iterator[StateReader]:
        with closing(StateReader.open_file(warehouse.state)) as reader:
            yield reader

    @contextmanager
    def open_syncs() -> Iterator[SyncStore]:
        with closing(StateStore.open_file(warehouse.state)) as state:
            yield state.syncs()

    def visitor() -> Person:
        if person.dags is None:
            raise HTTPException(401, "Not authenticated")
        return person

    app = create_app(open_state, open_syncs, visitor, secret="signs", app_url="https://crm.example.com/")
    with TestClient(app) as client:
        yield client
