"""The queue of calls that wait for a permit."""

from __future__ import annotations

import asyncio

import pytest

from leadway_provider.api.limiter import RateLimiter
from leadway_provider.api.pacing import Pacer
from leadway_provider.exceptions import QuotaExhaustedError
from tests.api.clients import IdleTime


def limiter_of(pacer: Pacer, time: IdleTime) -> RateLimiter:
    """Return a limiter that does not wait for real."""
    return RateLimiter(pacer, max_wait=300.0, monotonic=time.clock.monotonic, sleep=time.sleep)


def test_permits_are_granted_in_order_and_only_the_first_call_sleeps(time: IdleTime) -> None:
    """Many calls get their permits in the order in which they came."""
    limiter, passed = limiter_of(Pacer(20, 1.0), time), []

    async def call(number: int) -> None:
        permit = await limiter.acquire("GET /x")
        passed.append(number)
        limiter.answered(permit, {})

    async def run() -> None:
        await asyncio.gather(*(call(number) for number in range(200)))

    asyncio.run(run())
    assert passed == list(range(200))
    assert len(time.slept) <= 12
    assert 9.0 <= time.seconds - 1000.0 <= 9.2


@pytest.mark.parametrize("ends", ["answered", "lost"])
def test_a_waiting_call_continues_when_a_call_in_flight_ends(ends: str) -> None:
    """A call that waits for the end of another one gets its permit at once, and its sleep is cancelled."""
    sleeps: list[float] = []

    async def run() -> None:
        sleeping = asyncio.Event()

        async def sleep(seconds: float) -> None:
            sleeps.append(seconds)
            sleeping.set()
            try:
                await asyncio.Event().wait()
            finally:
                sleeps.clear()

        limiter = RateLimiter(Pacer(100, 1.0), max_wait=300.0, monotonic=lambda: 5.0, sleep=sleep)
        first = await limiter.acquire("GET /x")
        second = asyncio.create_task(limiter.acquire("GET /x"))
        await sleeping.wait()
        assert not second.done()
        if ends == "answered":
            limiter.answered(first, {})
        else:
            limiter.lost()
        async with asyncio.timeout(5):
            assert (await second).serial == 2
        await asyncio.sleep(0)
        assert not sleeps

    asyncio.run(run())


def test_a_waiting_call_may_be_cancelled(time: IdleTime) -> None:
    """The next call in the queue takes its place."""

    async def run() -> None:
        limiter = limiter_of(Pacer(1, 1.0), time)
        limiter.answered(await limiter.acquire("GET /x"), {})
        waiting = [asyncio.create_task(limiter.acquire("GET /x")) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        async with asyncio.timeout(5):
            assert (await waiting[1]).serial == 2

    asyncio.run(run())


def test_a_wait_that_is_too_long_is_an_error(time: IdleTime) -> None:
    """The error comes at once, and says when the quota returns."""

    async def run() -> None:
        pacer = Pacer()
        limiter = limiter_of(pacer, time)
        permit = await limiter.acquire("GET /x")
        limiter.answered(permit, {})
        pacer.limited(permit, time.seconds, 900.0)
        with pytest.raises(QuotaExhaustedError, match="15 min") as caught:
            await limiter.acquire("GET /x")
        assert caught.value.returns_in == pytest.approx(900.0)

    asyncio.run(run())
    assert time.slept == []
