"""Which rejected rows of a run are new: those that no run before it rejected without a break."""

from __future__ import annotations

from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.records import Delivery
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import MALFORMED, begin, deliver_all, delivered, invalid, planned


def rejected(run: SyncRun) -> tuple[int, list[str]]:
    """How many of a run's rejected rows are new, and the keys of all in the order of the log."""
    found = run.rejected(10)
    return found.new, [row.source_key for row in found.first]


def run_of(state: StateStore, sync: SyncIdentity, task_run: str, *keys: str) -> SyncRun:
    """A sealed run that found the rows of these keys invalid."""
    run = begin(state, sync, task_run)
    run.write([], [invalid(run, key) for key in keys])
    run.seal(Counts(read=len(keys), invalid=len(keys)))
    run.finish(calls=0, seconds=0)
    return run


def test_new_ones_come_first(state: StateStore, sync: SyncIdentity) -> None:
    """A row that was rejected before comes after one that was not; in a plan that is not sealed, too."""
    assert rejected(run_of(state, sync, "run 1", "a", "b")) == (2, ["a", "b"])
    assert rejected(run_of(state, sync, "run 2", "a", "b", "c")) == (1, ["c", "a", "b"])
    assert rejected(run_of(state, sync, "run 3", "a", "c")) == (0, ["a", "c"])
    dry = begin(state, sync, "dry")
    dry.write([], [invalid(dry, "a"), invalid(dry, "d")])
    assert rejected(dry) == (1, ["d", "a"])


def test_a_row_that_was_right_in_between_is_new(state: StateStore, sync: SyncIdentity) -> None:
    """A row that the CRM accepted, and that is rejected later, is new again."""
    run_of(state, sync, "run 1", "a", "b")
    run = begin(state, sync, "run 2")
    run.write([planned(run, "a")], [invalid(run, "b")])
    run.seal(Counts(read=2, pending=1, invalid=1))
    deliver_all(run)
    assert rejected(run_of(state, sync, "run 3", "a", "b")) == (1, ["a", "b"])


def test_a_row_that_the_api_refuses_again_is_not_new(state: StateStore, sync: SyncIdentity) -> None:
    """Invalid first and refused later, or refused twice: it has been rejected all the time."""
    run_of(state, sync, "run 1", "a")
    for task_run, content in (("run 2", "x"), ("run 3", "y")):
        run = begin(state, sync, task_run)
        run.write([planned(run, "a", content), planned(run, task_run)], [])
        run.seal(Counts(read=2, pending=2))
        rows = run.outbox(0, 10)  # in run 3 also the row that run 2 left
        run.acknowledge([Delivery(row, RowState.REFUSED, reasons=(MALFORMED,)) for row in rows])
        new, keys = rejected(run)
        assert (new, keys[0], "a" in keys[1:]) == (1, task_run, True)
        run.finish(calls=2, seconds=0)
    run = begin(state, sync, "run 4")
    run.write([planned(run, "a", "z")], [])
    run.seal(Counts(read=1, pending=1))
    [row] = [each for each in run.outbox(0, 10) if each.source_key == "a"]
    run.acknowledge([delivered(row, "contact")])
    assert "a" not in rejected(run)[1]
