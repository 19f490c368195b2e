"""Python's garbage collector while a run treats thousands of rows at a time."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_OBJECTS: Final = 50_000
"""New objects after which the collector looks at them; Python's own number is 700, and a batch of rows has more."""

_lock: Final = threading.Lock()
_before: list[tuple[int, int, int]] = []
"""The thresholds that each run at work has found; those of the first one are the process's own."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the collector work less often while the block runs.

    Rows and contacts are freed without it, because they hold no cycles. But a batch of them outlives its first looks,
    so that the collector soon looks at every object of the process: with Airflow these are half a million, and a
    third of a plan's time went there. Cycles are still collected. A process that collects as rarely, or not at all,
    is left as it is.

    Runs may be at work in several threads; the last one to end restores the process's thresholds.
    """
    with _lock:
        _before.append(gc.get_threshold())
        young, *older = _before[-1]
        if 0 < young < _OBJECTS:
            gc.set_threshold(_OBJECTS, *older)
    try:
        yield
    finally:
        with _lock:
            first = _before[0]
            _before.pop()
            if not _before:
                gc.set_threshold(*first)
