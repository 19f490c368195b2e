"""The event loop of a task run, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import Context, copy_context
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeVar

from leadway_provider.exceptions import StoppedError
from leadway_provider.sync.cancel import CancelToken

T = TypeVar("T")

_WAKE_EVERY: Final = 0.5
"""Seconds after which a signal is noticed at the latest."""


class Loop(Protocol):
    """Runs coroutines in an event loop of another thread."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what the coroutine returns."""
        ...


class LoopThread:
    """Runs coroutines beside the main thread, one after the other.

    Python runs signal handlers in the main thread only, and Airflow ends a task that takes too long with an exception
    from a signal handler. Inside an event loop it could be raised anywhere: in a callback it would be logged and lost,
    and a call that was just answered would not be acknowledged. So the main thread only waits.

    Args:
        cancel_token: is cancelled when an exception is raised in the main thread; every coroutine must check it.
    """

    def __init__(self, cancel_token: CancelToken) -> None:
        self._cancel_token = cancel_token
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="leadway-loop")
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        # An exception while the pool starts its thread would make it start another one, so thread and loop start here.
        self._thread.submit(self._runner.get_loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._thread:
            self._thread.submit(self._runner.close).result()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what the coroutine returns; an exception that is raised here meanwhile waits for its end."""
        running: Future[T] = Future()  # made before any exception can be raised here
        try:
            self._thread.submit(self._complete, running, coroutine, copy_context())
            # A signal that arrives just before a lock is waited for is not noticed before the lock is free (CPython).
            while not wait([running], timeout=_WAKE_EVERY).done:
                pass
            return running.result()
        except BaseException:
            if not running.done():
                self._cancel_token.cancel(StoppedError("The task was ended early. Its retry continues where it was."))
                self._thread.submit(lambda: None).result()  # waits: the thread does one thing after the other
            raise

    def _complete(self, running: Future[T], coroutine: Coroutine[Any, Any, T], context: Context) -> None:
        try:
            running.set_result(self._runner.run(coroutine, context=context))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            running.set_exception(error)


class SharedLoop:
    """Runs coroutines of many threads side by side, inside a `with` block; none of these is the main thread.

    Leaving the block waits for all of them.
    """

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._thread = threading.Thread(target=self._serve, name="leadway-accounts", daemon=True)

    def __enter__(self) -> Self:
        self._loop = self._runner.get_loop()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._runner.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what the coroutine returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
