"""A run that is cancelled: no new call is sent, and calls in flight are answered."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable

import pytest

from leadway_provider.exceptions import LeadwayError, TransientError
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.sync.cancel import CancelToken
from tests.api.clients import client_of

STOP = TransientError("told to stop")


def person(number: int) -> dict[str, str]:
    """Return a contact."""
    return {"email": f"p{number}@example.com"}


def test_calls_in_flight_are_answered_and_the_others_are_not_sent() -> None:
    """Of twenty callers with four permits, those in flight get their answer and all others the reason."""
    cancel_token = CancelToken()

    async def act() -> list[object]:
        async with client_of(sandbox, cancel_token=cancel_token, max_in_flight=4) as client:
            await client.get_location()
            calls = [asyncio.create_task(client.upsert_contact(person(number))) for number in range(20)]
            while client.calls < 5:
                await asyncio.sleep(0)
            cancel_token.cancel(STOP)
            return await asyncio.gather(*calls, return_exceptions=True)

    with SandboxServer(Settings(burst=None, daily=None, latency=0.02)) as sandbox:
        ended = asyncio.run(act())
        assert [each for each in ended if each is STOP] == [STOP] * 16
        assert len(sandbox.journal.upserts) == 4


@pytest.mark.parametrize("from_thread", [True, False])
def test_a_call_that_waits_for_quota_ends_at_once(*, from_thread: bool) -> None:
    """A caller that would sleep for minutes gets the reason, whichever thread cancels."""
    cancel_token = CancelToken()

    async def act() -> None:
        async with client_of(sandbox, cancel_token=cancel_token) as client:
            await client.get_location()
            waiting = asyncio.create_task(client.get_location())
            await asyncio.sleep(0)
            if from_thread:
                threading.Thread(target=cancel_token.cancel, args=(STOP,)).start()
            else:
                cancel_token.cancel(STOP)
            with pytest.raises(TransientError, match="told to stop"):
                await waiting

    with SandboxServer(Settings(burst=Quota(1, 200), daily=None)) as sandbox:
        asyncio.run(act())
        assert sandbox.journal.total == 1


def test_a_call_that_waits_to_be_repeated_is_not_repeated() -> None:
    """The pause before a retry ends with the reason."""
    cancel_token, paused = CancelToken(), asyncio.Event()

    async def forever(_seconds: float) -> None:
        paused.set()
        await asyncio.Event().wait()

    async def act() -> None:
        async with client_of(sandbox, cancel_token=cancel_token, sleep=forever) as client:
            call = asyncio.create_task(client.get_location())
            await paused.wait()
            cancel_token.cancel(STOP)
            with pytest.raises(TransientError, match="told to stop"):
                await call

    with SandboxServer(Settings(burst=None, daily=None)) as sandbox:
        sandbox.faults.add(Fault(FaultKind.UNAVAILABLE))
        asyncio.run(act())
        assert sandbox.journal.total == 1


def test_a_call_that_hangs_ends_after_the_grace_period() -> None:
    """An answer that takes longer is not waited for."""
    cancel_token = CancelToken(grace=0.05)

    async def act() -> None:
        async with client_of(sandbox, cancel_token=cancel_token, timeout=60) as client:
            call = asyncio.create_task(client.upsert_contact(person(1)))
            while client.calls < 1:
                await asyncio.sleep(0)
            cancel_token.cancel(STOP)
            with pytest.raises(TransientError, match="told to stop"):
                await call

    with SandboxServer(Settings(burst=None, daily=None)) as sandbox:
        sandbox.faults.add(Fault(FaultKind.HANG))
        asyncio.run(act())


def test_a_condition_cancels_and_the_first_reason_stays() -> None:
    """The condition is checked before each call; once it holds, every call raises its reason, whatever comes later."""
    reasons: list[LeadwayError | None] = [None, STOP, None]
    cancel_token = CancelToken()
    cancel_token.cancel_when(lambda: reasons.pop(0))

    cancel_token.raise_if_cancelled()
    for _ in range(2):
        with pytest.raises(TransientError, match="told to stop"):
            cancel_token.raise_if_cancelled()
    cancel_token.cancel(TransientError("another reason"))
    with pytest.raises(TransientError, match="told to stop"):
        cancel_token.raise_if_cancelled()


def test_a_sleep_that_is_cancelled_ends_itself() -> None:
    """What it waits for is cancelled too, so that nothing is left in the event loop."""
    cancel_token, ended = CancelToken(), asyncio.Event()

    async def forever(_seconds: float) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def act() -> None:
        sleep = asyncio.create_task(_error_of(cancel_token.cancellable(forever)(60.0)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        cancel_token.cancel(STOP)
        assert await sleep is STOP
        await asyncio.wait_for(ended.wait(), 5)

    asyncio.run(act())


@pytest.mark.parametrize("is_running", [True, False])
def test_a_sleep_is_an_ordinary_one_unless_it_is_cancelled(*, is_running: bool) -> None:
    """It lasts as long as the sleep that it was made of; a token that was cancelled before ends it at once."""
    cancel_token = CancelToken()
    slept: list[float] = []

    async def record(seconds: float) -> None:
        slept.append(seconds)

    if not is_running:
        cancel_token.cancel(STOP)
    error = asyncio.run(_error_of(cancel_token.cancellable(record)(60.0)))
    assert error is (None if is_running else STOP)
    assert slept == ([60.0] if is_running else [])


async def _error_of(call: Awaitable[None]) -> LeadwayError | None:
    """Return the error that a call raises."""
    try:
        await call
    except LeadwayError as error:
        return error
    return None
