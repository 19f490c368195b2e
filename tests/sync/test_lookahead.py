"""A plan's look-ups in the state store, beside the comparison where a server does them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from leadway_provider.sync.lookahead import LookAhead
from leadway_provider.testing.run import MemoryRun
from leadway_provider.testing.state import MemoryState

BATCHES: Sequence[Sequence[Sequence[object]]] = ([("a",), ("b",)], [("c",), (None,), ("c",)], [("d",)])


class WatchedRun(MemoryRun):
    """A run that notes which keys are looked up."""

    on_server = True

    @property
    def is_on_server(self) -> bool:
        """As the test says."""
        return self.on_server

    def known(self, keys: Sequence[str]) -> Mapping[str, tuple[int, bytes | None]]:
        """See `PlanStore.known`."""
        self.looked_up = [*getattr(self, "looked_up", []), list(keys)]
        return super().known(keys)


@pytest.fixture
def run() -> WatchedRun:
    """A run of a sync without rows."""
    state = MemoryState()
    return WatchedRun(state, state.begin().plan)


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    """The thread beside."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        yield thread


def test_the_next_batch_is_looked_up_before_one_is_compared(run: WatchedRun, thread: ThreadPoolExecutor) -> None:
    """Each key once, rows without a key not at all, and no batch twice."""
    ahead = LookAhead(run, [0], thread)
    read: list[str] = []

    def source() -> Iterator[Sequence[Sequence[object]]]:
        for number, batch in enumerate(BATCHES):
            read.append(f"read {number}")
            yield batch

    for number, batch in enumerate(ahead.batches(source())):
        assert ahead.known(batch, []) == {}
        read.append(f"compared {number}")

    assert read == ["read 0", "read 1", "compared 0", "read 2", "compared 1", "compared 2"]
    assert run.looked_up == [["a", "b"], ["c"], ["d"]]


def test_nothing_is_looked_up_ahead_where_there_is_no_server(run: WatchedRun, thread: ThreadPoolExecutor) -> None:
    """A batch is returned as soon as it is read, and its keys are looked up when it is compared."""
    run.on_server = False
    ahead = LookAhead(run, [0], thread)

    first = next(ahead.batches(iter(BATCHES)))

    assert first.rows == BATCHES[0]
    assert first.found is None
    assert ahead.known(first, ["a"]) == {}
    assert run.looked_up == [["a"]]


def test_a_row_that_was_added_since_is_known(run: WatchedRun, thread: ThreadPoolExecutor) -> None:
    """The key comes again in the batch that was looked up before the row was added."""
    ahead = LookAhead(run, [0], thread)
    batches = ahead.batches(iter([[("a",)], [("a",)]]))

    assert ahead.known(next(batches), ["a"]) == {}
    ids = run.ensure_rows(["a"])
    ahead.rows_were_added()

    assert ahead.known(next(batches), ["a"]) == {"a": (ids["a"], None)}


def test_a_plan_that_adds_rows_does_not_look_ahead(run: WatchedRun, thread: ThreadPoolExecutor) -> None:
    """What it would find, would have to be looked up once more: each batch after the second is looked up once."""
    ahead = LookAhead(run, [0], thread)

    for batch in ahead.batches([[(key,)] for key in "abcd"]):
        keys = [key for key in batch.keys if key]
        ahead.known(batch, keys)
        ahead.rows_were_added()

    found = [key for keys in run.looked_up for key in keys]
    assert {key: found.count(key) for key in "abcd"} == {"a": 1, "b": 2, "c": 1, "d": 1}
