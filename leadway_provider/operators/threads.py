"""Work of many accounts side by side, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Final, TypeVar

from leadway_provider.exceptions import StoppedError
from leadway_provider.sync.cancel import CancelToken

T = TypeVar("T")

AT_A_TIME: Final = 64
"""Accounts that are served side by side: the API grants each 10 calls a second, and one process makes about 800."""
_WAKE_EVERY: Final = 0.5
"""Seconds after which a signal is noticed at the latest."""


def side_by_side(
    jobs: Mapping[str, Callable[[], T]], cancel_token: CancelToken, on_done: Callable[[], None] = lambda: None
) -> Mapping[str, Future[T]]:
    """Return the jobs' futures when all have ended, however each of them ended.

    Args:
        jobs: what to do, by account.
        cancel_token: is cancelled when an exception is raised in this thread meanwhile, by a signal handler; every job
            must check it. Jobs that have not begun are not begun then.
        on_done: is called after each job, and now and then.
    """
    futures: dict[str, Future[T]] = {}
    with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="leadway-account") as pool:
        try:
            for account, job in jobs.items():
                futures[account] = pool.submit(copy_context().run, job)
            waiting = set(futures.values())
            while waiting:
                waiting = wait(waiting, timeout=_WAKE_EVERY, return_when=FIRST_COMPLETED).not_done
                on_done()
        except BaseException:
            cancel_token.cancel(StoppedError("The task was ended early. Its retry continues where it was."))
            pool.shutdown(cancel_futures=True)
            raise
    return futures
