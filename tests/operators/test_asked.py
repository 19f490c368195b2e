"""What a person asked of a sync's next run is done by that run, and once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.store.state import StateStore
from leadway_provider.store.syncs import SyncStore
from tests.operators.task import Row, Warehouse, sync

ANN: Row = (1, "ann@example.com", "Ann", None, None)
BOB: Row = (2, "bob@example.com", "Bob", None, None)


@pytest.fixture
def syncs(warehouse: Warehouse) -> Iterator[SyncStore]:
    """The syncs of the state store, of which the tests' one is the first."""
    with closing(StateStore.open_file(warehouse.state)) as state:
        yield state.syncs()


def run(run_id: str, **arguments: Any) -> dict[str, Any]:
    """Run the task; the counts that are not zero."""
    report = sync(run_id, **({"max_rejected": 9} | arguments))
    kept = ("created", "updated", "unchanged", "refused", "pending")
    return {"run_id": report["run_id"]} | {name: report[name] for name in kept if report[name]}


def counts(run_id: str, **arguments: Any) -> dict[str, Any]:
    """The same without the run's id."""
    found = run(run_id, **arguments)
    del found["run_id"]
    return found


def test_a_full_resync_is_sent_by_the_next_whole_run(warehouse: Warehouse, syncs: SyncStore) -> None:
    """A dry run shows it, a run of some keys leaves it, the next run sends every row, and the one after it none."""
    warehouse.fill(ANN, BOB)
    run("first")
    syncs.ask_full_resync(1)
    assert counts("dry", dry_run=True) == {"pending": 2}
    assert counts("some", only_keys=["1"]) == {"unchanged": 1}
    assert counts("next") == {"updated": 2}
    assert counts("after") == {"unchanged": 2}


def test_a_full_resync_that_was_taken_back_is_not_sent(warehouse: Warehouse, syncs: SyncStore) -> None:
    """As if nobody had asked."""
    warehouse.fill(ANN)
    run("first")
    syncs.ask_full_resync(1)
    syncs.withdraw_full_resync(1)
    assert counts("next") == {"unchanged": 1}


def test_a_reviewed_full_resync_is_done(warehouse: Warehouse, syncs: SyncStore) -> None:
    """The dry run followed it; what is delivered is that plan, and the next dry run finds nothing."""
    warehouse.fill(ANN)
    run("first")
    syncs.ask_full_resync(1)
    reviewed = run("dry", dry_run=True)["run_id"]
    assert counts("deliver", reviewed_run=reviewed) == {"updated": 1}
    assert counts("dry again", dry_run=True) == {"unchanged": 1}


def test_an_incremental_sync_reads_everything_again(warehouse: Warehouse, syncs: SyncStore) -> None:
    """From the beginning of time, as with `full_resync=True`."""
    at = datetime(2026, 11, 2, tzinfo=UTC)
    sql = "SELECT id, email, first_name FROM customers WHERE country >= :since AND country < :until"
    warehouse.fill((1, "ann@example.com", "Ann", None, "2026-11-01 12:00:00+00:00"))

    def hourly(number: int) -> dict[str, Any]:
        until = at + timedelta(hours=number)
        return counts(f"hour {number}", sql=sql, incremental=True, as_of=until, since=until - timedelta(hours=1))

    assert [hourly(1), hourly(2)] == [{"created": 1}, {}]
    syncs.ask_full_resync(1)
    assert [hourly(3), hourly(4)] == [{"updated": 1}, {}]


def test_a_plan_that_was_not_sealed_answers_nothing(
    warehouse: Warehouse, syncs: SyncStore, sandbox: SandboxServer
) -> None:
    """A run whose guards refuse the plan has sent nothing; the next one does what was asked."""
    warehouse.fill(ANN)
    run("first")
    syncs.ask_full_resync(1)
    with pytest.raises(Exception, match="max_changed"):
        run("guarded", guards={"max_changed": 0})
    assert counts("next") == {"updated": 1}
    assert len(sandbox.journal.writes) == 2


@pytest.mark.parametrize("retry_refused", [0, 2])
@pytest.mark.parametrize("incremental", [False, True])
def test_refused_rows_are_tried_again(
    warehouse: Warehouse, syncs: SyncStore, sandbox: SandboxServer, *, retry_refused: int, incremental: bool
) -> None:
    """Whether the query reads them or not, and however seldom the task tries by itself."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=None, email="bob@example.com"))
    warehouse.fill(ANN, BOB)
    task: dict[str, Any] = {"retry_refused": retry_refused, "incremental": incremental}
    for number in range(retry_refused + 1):
        run(f"run {number}", **task)
    calls = len(sandbox.journal.writes)
    if incremental:
        warehouse.fill(ANN)
    run("waits", **task)
    assert len(sandbox.journal.writes) == calls
    assert syncs.retry_refused(1) == 1
    sandbox.faults.clear()
    assert run("asked", **task)["created"] == 1
    assert syncs.retry_refused(1) == 0
