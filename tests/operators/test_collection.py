"""The garbage collector works less often while a run is at work, and as before afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest

from leadway_provider.clock import SYSTEM_CLOCK
from leadway_provider.operators.collection import rare_collections
from leadway_provider.operators.timing import Timing
from tests.operators.task import Warehouse, sync

OWN = (700, 10, 10)


@pytest.fixture(autouse=True)
def _own_thresholds() -> Iterator[None]:
    """Let the process have thresholds of its own."""
    before = gc.get_threshold()
    gc.set_threshold(*OWN)
    yield
    gc.set_threshold(*before)


def test_a_task_run_collects_less_often(warehouse: Warehouse) -> None:
    """The clock, which a run asks all the time, is asked under other thresholds than the process's own."""
    seen: set[tuple[int, int, int]] = set()

    def monotonic() -> float:
        seen.add(gc.get_threshold())
        return SYSTEM_CLOCK.monotonic()

    warehouse.fill((1, "ann@example.com", "Ann", None, None))
    assert sync(timing=Timing(clock=replace(SYSTEM_CLOCK, monotonic=monotonic)))["created"] == 1
    assert seen
    assert OWN not in seen
    assert gc.get_threshold() == OWN


def test_only_young_objects_are_looked_at_less_often() -> None:
    """Cycles of older objects are collected as often as before."""
    with rare_collections():
        young, *older = gc.get_threshold()
    assert young > 10_000
    assert tuple(older) == OWN[1:]
    assert gc.get_threshold() == OWN


def test_a_failed_run_leaves_the_process_as_it_was() -> None:
    """An exception passes, and the thresholds are restored."""
    with pytest.raises(KeyError), rare_collections():
        raise KeyError
    assert gc.get_threshold() == OWN


def test_the_last_of_several_runs_restores_the_thresholds() -> None:
    """Two runs in threads of one process overlap, and the one that began first ends first."""
    second_began = Event()

    def second(first_ended: Event) -> tuple[int, int, int]:
        with rare_collections():
            second_began.set()
            assert first_ended.wait(30)
            return gc.get_threshold()

    first_ended = Event()
    with ThreadPoolExecutor(1) as thread:
        with rare_collections():
            running = thread.submit(second, first_ended)
            assert second_began.wait(30)
        first_ended.set()
        assert running.result() != OWN
    assert gc.get_threshold() == OWN


@pytest.mark.parametrize("young", [0, 1_000_000])
def test_a_process_that_collects_as_rarely_is_left_alone(young: int) -> None:
    """Zero is Python's word for never."""
    gc.set_threshold(young, 10, 10)
    with rare_collections():
        assert gc.get_threshold() == (young, 10, 10)
    assert gc.get_threshold() == (young, 10, 10)
