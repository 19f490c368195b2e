"""A run whose state store is cut off while its calls hang, and another run that takes its sync over.

No time passes for real: the event loop, the threads of the lease and the other run live in a `VirtualTime`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import httpx
import pytest

from leadway_provider.api.client import LeadwayClient
from leadway_provider.exceptions import LeadwayError, LeaseLostError, StateUnavailableError
from leadway_provider.sync.cancel import GRACE, CancelToken
from leadway_provider.sync.lease import (
    LEASE_TIMING,
    HeldLease,
    LeaseKeeper,
    LeaseState,
    acquire_lease,
)
from tests.api.clients import settings_for
from tests.sync.virtual import VirtualTime

NEXT_RUN = "the next run"
HOURS = 10_000.0
ON_ITS_WAY = 20.0
"""So long after its connection was cut off, the account may still carry a call out."""


class Lease:
    """The lease of a sync, in memory; see `LeaseStore`."""

    def __init__(self) -> None:
        self.state: LeaseState | None = None

    def read(self) -> LeaseState | None:
        return self.state

    def acquire(self, instead_of: LeaseState | None, state: LeaseState) -> bool:
        if self.state != instead_of:
            return False
        self.state = state
        return True

    def heartbeat(self, token: str) -> bool:
        if self.state is None or self.state.token != token:
            return False
        self.state = replace(self.state, heartbeats=self.state.heartbeats + 1)
        return True

    def hold_until(self, token: str, until: object) -> bool:
        raise NotImplementedError

    def release(self, token: str) -> None:
        if self.state is not None and self.state.token == token:
            self.state = None


class CutOffLease(Lease):
    """The same lease through a connection that is cut off at a moment: statements hang, or fail."""

    def __init__(self, lease: Lease, time: VirtualTime, cut_off_at: float, *, hangs: bool) -> None:
        super().__init__()
        self.lease, self.time, self.cut_off_at, self.hangs = lease, time, cut_off_at, hangs

    def heartbeat(self, token: str) -> bool:
        if self.time.seconds >= self.cut_off_at:
            if self.hangs:
                self.time.pause(HOURS)
            raise StateUnavailableError("cut off")
        return self.lease.heartbeat(token)

    def release(self, token: str) -> None:
        raise StateUnavailableError("cut off")


@dataclass
class Account(httpx.AsyncBaseTransport):
    """An account whose calls hang from a moment on.

    A call that hangs is carried out at the last moment that is possible: long after its connection was cut off.

    Attributes:
        written: which values were written to the contact, with the moment.
        sent: when each call was sent.
        cut_off: when each call that hung was cut off.
    """

    time: VirtualTime
    hangs_from: float
    written: list[tuple[float, str]] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    cut_off: list[float] = field(default_factory=list)

    def write(self, value: str) -> None:
        self.written.append((self.time.seconds, value))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.method == "PUT"
        self.sent.append(self.time.seconds)
        if self.time.seconds >= self.hangs_from:
            try:
                await asyncio.Event().wait()
            finally:
                self.cut_off.append(self.time.seconds)
                asyncio.get_running_loop().call_later(ON_ITS_WAY, self.write, "older")
        await asyncio.sleep(0.5)
        self.write("older")
        return httpx.Response(200, json={"succeded": True, "contact": {"id": "C1"}})


@contextmanager
def next_run(time: VirtualTime, lease: Lease, account: Account) -> Iterator[None]:
    """Another run, of another machine, which writes a newer value as soon as it has acquired the lease."""

    def run() -> None:
        acquire_lease(
            lease,
            "customers",
            NEXT_RUN,
            waits=lambda _: True,
            pause=time.pause,
            clock=time.clock,
            alive=lambda _: None,
        )
        account.write("newer")

    thread = threading.Thread(target=run, name=NEXT_RUN)
    thread.start()
    yield
    thread.join()


async def deliver(account: Account, cancel_token: CancelToken, time: VirtualTime) -> list[LeadwayError]:
    """Write again and again, four calls at a time, until the run is cancelled; return how each writer ended."""

    async def write() -> None:
        while True:
            await client.update_contact("C1", {"firstName": "older"})

    async with LeadwayClient(
        settings_for("https://api.example.com", quota_requests=1000, timeout=30),
        clock=time.clock,
        cancel_token=cancel_token,
        max_in_flight=4,
        random=lambda: 0.5,
        transport=account,
    ) as client:
        ended = await asyncio.gather(*(write() for _ in range(8)), return_exceptions=True)
    # The account carries out what is still on its way, and the other run has begun by then.
    await asyncio.sleep(5 * LEASE_TIMING.expires_after)
    return [error for error in ended if isinstance(error, LeadwayError)]


@pytest.mark.parametrize("hangs", [True, False], ids=["statements hang", "statements fail"])
@pytest.mark.parametrize("cut_off_after", [0.0, 9.0, 25.0])
@pytest.mark.parametrize("hang_before_the_end", [0.6, 5.0, 29.0])
def test_no_older_value_is_written_after_a_newer_one(
    *, hangs: bool, cut_off_after: float, hang_before_the_end: float
) -> None:
    """The holder is cancelled when its trust ends, with its calls in flight; the other run begins after all of them."""
    time = VirtualTime("leadway-heartbeat", "leadway-lease", NEXT_RUN)
    lease = Lease()
    began_at = time.seconds
    held = acquire_lease(lease, "customers", "holder", waits=lambda _: False, pause=time.pause, clock=time.clock)
    heartbeats = cut_off_after // LEASE_TIMING.heartbeat_every
    trusted_until = began_at + heartbeats * LEASE_TIMING.heartbeat_every + LEASE_TIMING.trusted_for
    account = Account(time, hangs_from=trusted_until - hang_before_the_end)
    cancel_token = CancelToken()
    store = CutOffLease(lease, time, began_at + cut_off_after, hangs=hangs)
    keeper = LeaseKeeper(store, held, on_lost=cancel_token.cancel, clock=time.clock, wait=time.wait)

    with next_run(time, lease, account), keeper:
        cancel_token.cancel_when(keeper.expiry)
        ended = time.run(deliver(account, cancel_token, time))
        time.pass_until(time.seconds + HOURS)  # statements that hang end at last

    assert len(ended) == 8
    assert all(isinstance(error, LeaseLostError) for error in ended)
    assert max(account.sent) < trusted_until
    assert len(account.cut_off) == 4
    assert max(account.cut_off) == pytest.approx(trusted_until + GRACE)
    [taken_over_at] = [at for at, value in account.written if value == "newer"]
    last_written_at = max(at for at, value in account.written if value == "older")
    assert last_written_at == pytest.approx(trusted_until + GRACE + ON_ITS_WAY)
    assert taken_over_at > last_written_at
    assert lease.state
    assert lease.state.holder == NEXT_RUN


def test_a_holder_that_stood_still_after_it_acquired_the_lease_sends_nothing() -> None:
    """Its trust begins with the acquisition: another run may have counted from there."""
    time = VirtualTime()
    held = acquire_lease(Lease(), "customers", "holder", waits=lambda _: False, pause=time.pause, clock=time.clock)
    assert held.acquired_at == time.seconds
    time.seconds += LEASE_TIMING.trusted_for
    lost: list[LeadwayError] = []
    keeper = LeaseKeeper(Lease(), HeldLease(held.token, held.acquired_at), on_lost=lost.append, clock=time.clock)
    assert isinstance(keeper.expiry(), LeaseLostError)


def test_a_cancellation_before_the_loop_is_known_sends_nothing() -> None:
    """A thread cancels just before the first call of a run: nothing would limit that call."""
    cancel_token = CancelToken()
    reached: list[str] = []

    async def act() -> None:
        async with cancel_token.within_grace():
            reached.append("sent")

    cancel_token.cancel(LeaseLostError("lost"))
    with pytest.raises(LeaseLostError, match="lost"):
        asyncio.run(act())
    assert not reached
