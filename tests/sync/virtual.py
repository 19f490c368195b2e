"""A time for an event loop and threads together, which passes at once when all of them wait."""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from leadway_provider.clock import Clock
from tests.identity.faults import InlineLoop

T = TypeVar("T")


class VirtualTime:
    """A time of its own.

    It passes while the event loop of `run` has nothing to do, and only up to the next moment for which the loop or a
    thread waits. Then the threads that waited for it go on, until all of them wait again or have ended.

    Args:
        threads: the names of the threads that wait by this time.
    """

    def __init__(self, *threads: str) -> None:
        self.seconds = 1000.0
        self._threads = threads
        self._sleepers: dict[threading.Thread, float] = {}
        self._changed = threading.Condition()

    @property
    def clock(self) -> Clock:
        """The clock of whoever lives in this time."""
        return Clock(now=lambda: datetime.fromtimestamp(self.seconds, UTC), monotonic=lambda: self.seconds)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in this time."""
        with asyncio.Runner(loop_factory=lambda: _VirtualLoop(self)) as runner:
            return runner.run(coroutine)

    def run_inline(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in this time, as `InlineLoop` does: what it gives to a thread takes no time."""
        with asyncio.Runner(loop_factory=lambda: _VirtualInlineLoop(self)) as runner:
            return runner.run(coroutine)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event in a thread, as `Event.wait` does."""
        self._sleep(seconds, event.is_set)
        return event.is_set()

    def pause(self, seconds: float) -> None:
        """Wait in a thread."""
        self._sleep(seconds, lambda: False)

    def pass_until(self, moment: float | None) -> None:
        """Let time pass until then or, if it is earlier, until a thread wakes up; None is until a thread wakes up."""
        with self._changed:
            self._all_wait()
            moments = [*self._sleepers.values(), *([] if moment is None else [moment])]
            if not moments:
                raise RuntimeError("everybody waits for ever")
            self.seconds = max(self.seconds, min(moments))
            for thread in [each for each, at in self._sleepers.items() if at <= self.seconds]:
                del self._sleepers[thread]
            self._changed.notify_all()
            self._all_wait()

    def _all_wait(self) -> None:
        while [each for each in threading.enumerate() if each.name in self._threads and each not in self._sleepers]:
            self._changed.wait(0.001)  # a thread that ends does not say so

    def _sleep(self, seconds: float, is_over: Callable[[], bool]) -> None:
        thread = threading.current_thread()
        with self._changed:
            self._sleepers[thread] = self.seconds + seconds
            self._changed.notify_all()
            while thread in self._sleepers and not is_over():
                self._changed.wait(0.001)  # an event that is set does not say so
            self._sleepers.pop(thread, None)


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, time: VirtualTime) -> None:
        super().__init__(_VirtualSelector(time))
        self._virtual = time

    def time(self) -> float:
        return self._virtual.seconds


class _VirtualInlineLoop(InlineLoop):
    def __init__(self, time: VirtualTime) -> None:
        super().__init__(_VirtualSelector(time))
        self._virtual = time

    def time(self) -> float:
        return self._virtual.seconds


class _VirtualSelector(selectors.SelectSelector):
    """Lets time pass instead of waiting for a file."""

    def __init__(self, time: VirtualTime) -> None:
        super().__init__()
        self._time = time

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        self._time.pass_until(None if timeout is None else self._time.seconds + timeout)
        return super().select(0)
