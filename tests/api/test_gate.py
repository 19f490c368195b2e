"""The queue in front of a pacer."""

from __future__ import annotations

import asyncio

import pytest

from leadway_provider.api.gate import Gate
from leadway_provider.api.pacing import Pacer
from leadway_provider.exceptions import QuotaExhaustedError
from tests.api.office import IdleTime


def gate_of(pacer: Pacer, time: IdleTime) -> Gate:
    """A gate that doesn't wait for real."""
    return Gate(pacer, max_wait=300.0, clock=time.clock, sleep=time.sleep)


def test_first_come_first_served_and_one_keeps_the_watch(time: IdleTime) -> None:
    """A crowd of callers passes in the order they came, and of all who wait only the first sleeps."""
    gate, passed = gate_of(Pacer(20, 1.0), time), []

    async def call(number: int) -> None:
        ticket = await gate.ticket("GET /x")
        passed.append(number)
        gate.answered(ticket, {})

    async def run() -> None:
        await asyncio.gather(*(call(number) for number in range(200)))

    asyncio.run(run())
    assert passed == list(range(200))
    assert len(time.slept) <= 12
    assert 9.0 <= time.now - 1000.0 <= 9.2


@pytest.mark.parametrize("ends", ["answered", "lost"])
def test_the_watch_is_woken_when_a_call_ends(ends: str) -> None:
    """Who waits for a call in flight, and not for a time, passes as soon as that has ended; nobody sleeps on."""
    naps: list[float] = []

    async def run() -> None:
        watching = asyncio.Event()

        async def nap(seconds: float) -> None:
            naps.append(seconds)
            watching.set()
            try:
                await asyncio.Event().wait()
            finally:
                naps.clear()

        gate = Gate(Pacer(100, 1.0), max_wait=300.0, clock=lambda: 5.0, sleep=nap)
        first = await gate.ticket("GET /x")
        second = asyncio.create_task(gate.ticket("GET /x"))
        await watching.wait()
        assert not second.done()
        if ends == "answered":
            gate.answered(first, {})
        else:
            gate.lost()
        async with asyncio.timeout(5):
            assert (await second).serial == 2
        await asyncio.sleep(0)
        assert not naps

    asyncio.run(run())


def test_a_waiter_may_leave(time: IdleTime) -> None:
    """Cancelling the one who keeps the watch lets the next one take over."""

    async def run() -> None:
        gate = gate_of(Pacer(1, 1.0), time)
        gate.answered(await gate.ticket("GET /x"), {})
        waiting = [asyncio.create_task(gate.ticket("GET /x")) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        async with asyncio.timeout(5):
            assert (await waiting[1]).serial == 2

    asyncio.run(run())


def test_a_wait_that_is_too_long_is_refused(time: IdleTime) -> None:
    """Quota that returns after the longest wait ends the call at once, and says when it returns."""

    async def run() -> None:
        pacer = Pacer()
        gate = gate_of(pacer, time)
        ticket = await gate.ticket("GET /x")
        gate.answered(ticket, {})
        pacer.limited(ticket, time.now, 900.0)
        with pytest.raises(QuotaExhaustedError, match="900 s") as caught:
            await gate.ticket("GET /x")
        assert caught.value.returns_in == pytest.approx(900.0)

    asyncio.run(run())
    assert time.slept == []
