"""The thread of the event loop: what strikes the main thread ends the run in order, and is never lost in a callback."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from types import FrameType
from typing import Any

import pytest
from airflow.sdk.execution_time.timeout import AirflowTaskTimeout, timeout  # type: ignore[attr-defined]  # not exported, but what Airflow uses

from leadway_provider.exceptions import StoppedError
from leadway_provider.operators.loop import LoopThread
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sync.cancel import CancelToken
from tests.faults.instant import ACKNOWLEDGING, PLANNING, SENDING, at
from tests.operators.task import Warehouse, sync

ROWS = 80


class StruckError(BaseException):
    """What a signal's handler raises, as Airflow's timeout does."""


def interrupt(number: signal.Signals) -> None:
    """Let a signal strike the main thread."""
    signal.pthread_kill(threading.main_thread().ident or 0, number)


@pytest.fixture
def cancel_token() -> CancelToken:
    """The run's."""
    return CancelToken()


@pytest.fixture
def loop(cancel_token: CancelToken) -> Iterator[LoopThread]:
    """The run's, ended with the test."""
    with LoopThread(cancel_token) as thread:
        yield thread


@pytest.fixture
def _striking() -> Iterator[None]:
    """Let SIGUSR1 raise in the main thread."""

    def strike(_number: int, _frame: FrameType | None) -> None:
        raise StruckError

    before = signal.signal(signal.SIGUSR1, strike)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("_striking")
def test_what_strikes_is_raised_once_the_run_has_ended_in_order(cancel_token: CancelToken, loop: LoopThread) -> None:
    """A signal that comes amid a callback of the loop pulls the cancel_token, and what heeds it is finished first."""
    done: list[str] = []

    async def deliver() -> None:
        asyncio.get_running_loop().call_soon(interrupt, signal.SIGUSR1)
        try:
            await cancel_token.cancellable(asyncio.sleep)(600)
        except StoppedError:
            done.append("stopped")
        await asyncio.sleep(0)
        done.append("acknowledged")

    with pytest.raises(StruckError):
        loop.run(deliver())
    assert done == ["stopped", "acknowledged"]


def test_what_a_run_says_and_raises_comes_back(loop: LoopThread) -> None:
    """Also what is no Exception, one run after the other, in the context of whoever asks."""
    name = ContextVar("name", default="")

    async def told() -> str:
        return name.get()

    async def failing() -> None:
        raise StruckError

    name.set("the caller's")
    assert loop.run(told()) == "the caller's"
    with pytest.raises(StruckError):
        loop.run(failing())
    assert loop.run(told()) == "the caller's"


@pytest.mark.parametrize("moment", [PLANNING, SENDING, ACKNOWLEDGING], ids=["planning", "sending", "acknowledging"])
def test_an_execution_timeout_ends_an_attempt_in_order(
    warehouse: Warehouse, sandbox: SandboxServer, moment: str
) -> None:
    """Whenever time runs out, what was on its way is acknowledged, the lease is free, and the retry does the rest."""
    warehouse.fill(*((n, f"p{n}@example.com", "Ann", None, None) for n in range(1, ROWS + 1)))

    struck: list[str] = []

    def run_out(_: object) -> None:
        struck.append(moment)
        interrupt(signal.SIGALRM)

    ends: Any = timeout(600)  # type: ignore[no-untyped-call]  # Airflow's own
    with at(moment, run_out, after=1), ends, pytest.raises(AirflowTaskTimeout):
        sync("one", max_in_flight=4, batch_size=10)
    assert struck
    arrived = len(sandbox.journal.upserts)
    assert arrived < ROWS
    with sqlite3.connect(warehouse.state) as database:
        assert database.execute("SELECT lease FROM leadway_sync").fetchone() == (None,)
        if moment != PLANNING:
            assert database.execute("SELECT count(*) FROM leadway_outbox").fetchone() == (ROWS - arrived,)
    report = sync("one", max_in_flight=4)
    assert (report["read"], report["created"], len(sandbox.journal.upserts)) == (ROWS, ROWS, ROWS)
