"""The event loop of one task run, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context, copy_context
from types import TracebackType
from typing import Any, Self, TypeVar

from leadway_provider.api.brake import Brake
from leadway_provider.exceptions import StoppedError

T = TypeVar("T")


class LoopThread:
    """Runs coroutines beside the main thread, one after the other.

    Python lets signals strike the main thread only, and Airflow ends a task that takes too long by an exception from a
    signal's handler. In an event loop it could strike anywhere: a callback's exceptions are logged and forgotten, and a
    call that was just answered would not be acknowledged. So the main thread does nothing but wait.

    Args:
        brake: is pulled when something strikes the main thread; every coroutine that is run must heed it.
    """

    def __init__(self, brake: Brake) -> None:
        self._brake = brake
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="leadway-loop")
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        # A pool that is struck while it starts its thread would start another one: have it, and the loop, beforehand.
        self._thread.submit(self._runner.get_loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._thread:
            self._thread.submit(self._runner.close).result()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What the coroutine returns; an exception that strikes meanwhile is raised when the coroutine has ended."""
        running: Future[T] = Future()  # known before anything can strike
        try:
            self._thread.submit(self._complete, running, coroutine, copy_context())
            return running.result()
        except BaseException:
            if not running.done():
                self._brake.pull(StoppedError("The task was ended before its time. Its retry goes on where it was."))
                self._thread.submit(lambda: None).result()  # the thread does one thing after the other
            raise

    def _complete(self, running: Future[T], coroutine: Coroutine[Any, Any, T], context: Context) -> None:
        try:
            running.set_result(self._runner.run(coroutine, context=context))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            running.set_exception(error)
