"""Clients that share an account's quota through a store, in simulated time: they look, end, crash, miss the store."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from leadway_provider.api.pacing import Pacer, Permit
from leadway_provider.api.sharing import PATIENCE
from leadway_provider.api.slots import SlotHolder
from leadway_provider.sync.slots import SharedSlots, SlotLease
from tests.api.account import Account, Caller, Latency, Quota


@dataclass
class MemorySlots:
    """A store of leases.

    Attributes:
        takes: returns the seconds that a statement takes at a time; infinity means that the store is out of reach.
        statements: how many were made.
    """

    takes: Callable[[float], float] = lambda _: 0.0
    statements: int = 0
    version: int = 0
    leases: tuple[SlotLease, ...] = ()

    def read(self, now: float) -> SharedSlots:
        """See `SlotStore.read`; the store's clock began long before the clients' clocks."""
        self.statements += 1
        return SharedSlots(self.version, 1e9 + now, self.leases)

    def write(self, version: int, leases: Sequence[SlotLease]) -> bool:
        """See `SlotStore.write`."""
        self.statements += 1
        if version != self.version:
            return False
        self.version, self.leases = version + 1, tuple(leases)
        return True


class ShiftedPacer(Pacer):
    """A pacer on a machine whose monotonic clock began at another time, and runs a little faster or slower."""

    def __init__(self, ahead: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self._ahead, self._rate = ahead, rate

    def here(self, now: float) -> float:
        """Return the time of this machine's clock."""
        return self._ahead + self._rate * now

    def reserve(self, now: float) -> Permit | float:
        granted = super().reserve(self.here(now))
        return granted if isinstance(granted, Permit) else granted / self._rate

    def answered(self, permit: Permit, now: float, headers: Mapping[str, str]) -> None:
        super().answered(permit, self.here(now), headers)

    def limited(self, permit: Permit, now: float, retry_after: float | None) -> None:
        super().limited(permit, self.here(now), retry_after)


@dataclass
class Life:
    """When a client begins, and how it ends: by itself when its calls are made, or by a crash."""

    starts_at: float = 0.0
    crashes_at: float = math.inf
    calls: int = 100_000
    in_flight: int = 16
    ahead: float = 0.0
    rate: float = 1.0
    machine: str = "one"


@dataclass
class Sharer(Caller):
    """A client that leases slots."""

    life: Life
    number: int
    crashed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        life = self.life
        self.pacer: ShiftedPacer = ShiftedPacer(life.ahead, life.rate)
        super().__init__(self.pacer, calls=life.calls, in_flight=life.in_flight, starts_at=life.starts_at)
        self.process = f"{life.machine} {self.number}"
        self.holder = SlotHolder(self.pacer, f"client{self.number}", self.process, self._alive)
        self.holder.begin(many=True)
        self.looks = self.goes_without = False
        self.is_released = False

    def _alive(self, process: str) -> bool | None:
        if process.partition(" ")[0] != self.life.machine:
            return None
        return process not in self.crashed


class SharedAccount(Account):
    """An account whose clients share its quota through a store."""

    def __init__(self, quota: Quota, latency: Latency, store: MemorySlots | None = None) -> None:
        super().__init__(quota, latency)
        self.store = store or MemorySlots()

    def serve(self, *callers: Caller, until: float = math.inf) -> float:
        for caller in callers:
            if isinstance(caller, Sharer) and caller.life.crashes_at < math.inf:
                self._at(caller.life.crashes_at, lambda caller=caller: self._crash(caller))  # type: ignore[misc]  # mypy can't infer a default
        return super().serve(*callers, until=until)

    def _crash(self, caller: Sharer) -> None:
        caller.left, caller.is_released = 0, True
        caller.crashed.add(caller.process)

    def _send(self, caller: Caller) -> None:
        if isinstance(caller, Sharer):
            if caller.is_released:
                return
            here = caller.pacer.here(self._now)
            if not caller.looks and caller.holder.due_in(here) <= 0:
                self._look(caller, here)
            if caller.looks and not caller.goes_without and not caller.holder.is_valid(here):
                return
        super()._send(caller)
        if isinstance(caller, Sharer):
            self._plan_ahead(caller)

    def _plan_ahead(self, caller: Sharer) -> None:
        """End the client if all is done, and look at the leases again in time if calls wait."""
        if not caller.left and not caller.flying:
            caller.is_released = True
            shared = self.store.read(self._now)
            if claim := caller.holder.release(shared, caller.pacer.here(self._now)):
                self.store.write(shared.version, claim.leases)
        elif caller.left and caller.flying < caller.in_flight and not caller.looks:
            due = self._now + caller.holder.due_in(caller.pacer.here(self._now)) + 0.001
            if self._now < due < caller.tries_at:
                caller.tries_at = due
                self._at(due, lambda: self._send(caller))

    def _look(self, caller: Sharer, here: float) -> None:
        caller.looks = True
        caller.holder.ask(here)
        if not caller.goes_without and not caller.holder.is_valid(here):
            self._at(self._now + PATIENCE, lambda: self._lose_patience(caller))
        if (takes := self.store.takes(self._now)) == math.inf:
            self._at(self._now + 5.0, lambda: self._looked(caller))
        else:
            self._at(self._now + takes, lambda: self._read(caller))

    def _lose_patience(self, caller: Sharer) -> None:
        if caller.looks and not caller.is_released:
            self._go_without_lease(caller)
            self._send(caller)

    def _go_without_lease(self, caller: Sharer) -> None:
        if not caller.holder.is_valid(caller.pacer.here(self._now)):
            caller.holder.expire()
            caller.goes_without = True

    def _read(self, caller: Sharer) -> None:
        shared = self.store.read(self._now)
        claim = caller.holder.claim(shared, caller.pacer.here(self._now))
        if claim is None:
            self._looked(caller)
            return

        def write() -> None:
            if caller.is_released:
                return
            if self.store.write(shared.version, claim.leases):
                caller.holder.granted(claim)
                caller.goes_without = False
                self._looked(caller)
            else:
                self._read(caller)

        takes = self.store.takes(self._now)
        self._at(self._now + (5.0 if takes == math.inf else takes), write)

    def _looked(self, caller: Sharer) -> None:
        caller.looks = False
        self._go_without_lease(caller)
        self._send(caller)
