"""The slots of a quota are shared through a store while calls are made."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.pacing import Pacer
from leadway_provider.api.sharing import QuotaSharing
from leadway_provider.exceptions import StateUnavailableError
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sync.slots import SharedSlots, SlotLease
from tests.api.clients import IdleTime, client_of


@dataclass
class Leases:
    """A store of leases, whose clock is that of the clients; it can hang, and it can be out of reach."""

    time: IdleTime
    version: int = 0
    leases: tuple[SlotLease, ...] = ()
    statements: int = 0
    clients: set[str] = field(default_factory=set)
    is_out_of_reach: bool = False
    answers: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.answers.set()

    def read(self) -> SharedSlots:
        """See `SlotStore.read`."""
        self.statements += 1
        self.answers.wait(30)
        if self.is_out_of_reach:
            raise StateUnavailableError("State store: out of reach.")
        return SharedSlots(self.version, self.time.seconds, self.leases)

    def write(self, version: int, leases: Sequence[SlotLease]) -> bool:
        """See `SlotStore.write`."""
        self.statements += 1
        if version != self.version:
            return False
        self.version, self.leases = version + 1, tuple(leases)
        self.clients.update(lease.client for lease in leases)
        return True


@pytest.fixture
def leases(time: IdleTime) -> Leases:
    """A store of leases."""
    return Leases(time)


def shared_client(
    sandbox: SandboxServer, leases: Leases, pacer: Pacer, patience: float = 5.0, **choices: Any
) -> LeadwayClient:
    """Return a client of its own process."""
    part = QuotaSharing(leases, leases.time.clock.monotonic, patience=patience)
    return client_of(sandbox, leases.time, pacer=pacer, sharing=part, **choices)


async def call(client: LeadwayClient, count: int) -> None:
    """Make so many calls at the same time."""
    await asyncio.gather(*(client.get_custom_fields() for _ in range(count)))


def test_a_client_leases_slots_and_gives_them_up(sandbox: SandboxServer, leases: Leases) -> None:
    """While it calls it has all slots; afterwards only those that the server still counts, until it does not."""
    pacer, began_at = Pacer(100, 10.0), leases.time.seconds

    async def run() -> None:
        async with shared_client(sandbox, leases, pacer) as client:
            await call(client, 5)
            [lease] = leases.leases
            assert (lease.slots, lease.wanted) == (100, 100)

    asyncio.run(run())
    assert sum(lease.slots for lease in leases.leases) == 5
    assert all(lease.wanted == 0 for lease in leases.leases)
    assert all(10.0 <= lease.until - leases.time.seconds <= 10.1 for lease in leases.leases)
    # The client looks once a second at most, also while it waits for an answer, in which any time may pass here.
    assert leases.statements <= 6 + 2 * (leases.time.seconds - began_at)
    assert pacer.leased is None


def test_a_client_waits_for_the_slots_of_another_one(sandbox: SandboxServer, leases: Leases) -> None:
    """A client that finds no free slot makes its first call when one is given up, and not before."""
    leases.leases = (SlotLease("other", "elsewhere 1", 100, 0, 100, leases.time.seconds + 7.0),)
    began_at = leases.time.seconds

    async def run() -> None:
        async with shared_client(sandbox, leases, Pacer(100, 10.0)) as client:
            await call(client, 1)

    asyncio.run(run())
    assert 7.0 <= leases.time.seconds - began_at <= 8.1


def test_two_processes_take_their_leases_at_the_same_time(sandbox: SandboxServer, leases: Leases) -> None:
    """Whoever writes second looks again: together they never lease more than there is."""

    async def run() -> None:
        async with (
            shared_client(sandbox, leases, Pacer(10, 10.0)) as one,
            shared_client(sandbox, leases, Pacer(10, 10.0)) as other,
        ):
            await asyncio.gather(call(one, 30), call(other, 30))
            assert sum(lease.slots for lease in leases.leases) <= max(lease.maximum for lease in leases.leases)

    asyncio.run(run())
    assert len(leases.clients) == 2


@pytest.mark.parametrize("hangs", [True, False])
def test_calls_go_on_without_the_store(
    sandbox: SandboxServer,
    leases: Leases,
    hangs: bool,  # noqa: FBT001 - pytest names it
) -> None:
    """A store that hangs is waited for once, and one that is out of reach not at all; then calls go on without it."""
    leases.is_out_of_reach = True
    pacer = Pacer(100, 10.0)

    async def run() -> None:
        async with shared_client(sandbox, leases, pacer, patience=0.05) as client:
            if hangs:
                leases.answers.clear()
            async with asyncio.timeout(20):
                await call(client, 20)
            leases.answers.set()

    asyncio.run(run())
    assert leases.leases == ()
    assert pacer.leased is None
