"""A run that is told to stop: nothing leaves any more, and what is on its way comes home."""

from __future__ import annotations

import asyncio
import threading

import pytest

from leadway_provider.api import brake as brake_module
from leadway_provider.api.brake import Brake
from leadway_provider.exceptions import LeadwayError, TransientError
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.api.office import client_of

STOP = TransientError("told to stop")


def person(number: int) -> dict[str, str]:
    """A contact."""
    return {"email": f"p{number}@example.com"}


def test_calls_on_their_way_come_home_and_the_others_never_leave() -> None:
    """Of twenty callers with four permits, those in flight get their answer and all others the reason."""
    brake = Brake()

    async def act() -> list[object]:
        async with client_of(sandbox, brake=brake, max_in_flight=4) as client:
            await client.get_location()
            calls = [asyncio.create_task(client.upsert_contact(person(number))) for number in range(20)]
            while client.calls < 5:
                await asyncio.sleep(0)
            brake.pull(STOP)
            return await asyncio.gather(*calls, return_exceptions=True)

    with SandboxServer(Settings(burst=None, daily=None, latency=0.02)) as sandbox:
        ended = asyncio.run(act())
        assert [each for each in ended if each is STOP] == [STOP] * 16
        assert len(sandbox.journal.upserts) == 4


@pytest.mark.parametrize("from_thread", [True, False])
def test_a_call_that_waits_for_quota_ends_at_once(*, from_thread: bool) -> None:
    """A caller that would sleep for minutes is woken by the brake, whoever pulls it."""
    brake = Brake()

    async def act() -> None:
        async with client_of(sandbox, brake=brake) as client:
            await client.get_location()
            waiting = asyncio.create_task(client.get_location())
            await asyncio.sleep(0)
            if from_thread:
                threading.Thread(target=brake.pull, args=(STOP,)).start()
            else:
                brake.pull(STOP)
            with pytest.raises(TransientError, match="told to stop"):
                await waiting

    with SandboxServer(Settings(burst=Quota(1, 200), daily=None)) as sandbox:
        asyncio.run(act())
        assert sandbox.journal.total == 1


def test_a_call_that_waits_to_be_repeated_is_not_repeated() -> None:
    """The pause before a retry ends with the reason."""
    brake, paused = Brake(), asyncio.Event()

    async def forever(_seconds: float) -> None:
        paused.set()
        await asyncio.Event().wait()

    async def act() -> None:
        async with client_of(sandbox, brake=brake, sleep=forever) as client:
            call = asyncio.create_task(client.get_location())
            await paused.wait()
            brake.pull(STOP)
            with pytest.raises(TransientError, match="told to stop"):
                await call

    with SandboxServer(Settings(burst=None, daily=None)) as sandbox:
        sandbox.faults.add(Fault(FaultKind.UNAVAILABLE))
        asyncio.run(act())
        assert sandbox.journal.total == 1


def test_a_call_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that takes longer than the grace is not waited for."""
    monkeypatch.setattr(brake_module, "GRACE", 0.05)
    brake = Brake()

    async def act() -> None:
        async with client_of(sandbox, brake=brake, timeout=60) as client:
            call = asyncio.create_task(client.upsert_contact(person(1)))
            while client.calls < 1:
                await asyncio.sleep(0)
            brake.pull(STOP)
            with pytest.raises(TransientError, match="told to stop"):
                await call

    with SandboxServer(Settings(burst=None, daily=None)) as sandbox:
        sandbox.faults.add(Fault(FaultKind.HANG))
        asyncio.run(act())


def test_trouble_pulls_it_and_the_first_reason_stays() -> None:
    """What is asked before each call stops the client by itself, and for good."""
    troubles: list[LeadwayError | None] = [None, STOP, None]
    brake = Brake()
    brake.watch(lambda: troubles.pop(0))

    brake.check()
    for _ in range(2):
        with pytest.raises(TransientError, match="told to stop"):
            brake.check()
    brake.pull(TransientError("another reason"))
    with pytest.raises(TransientError, match="told to stop"):
        brake.check()
