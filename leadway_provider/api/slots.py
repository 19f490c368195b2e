"""How many slots of a quota a client leases, beside the other clients of its state store.

Every client leases slots, and its pacer uses no more than it has leased. So all of them together stay within the quota,
whatever each one sends, and as long as the sum of all leases is at most the quota. A client takes only slots that are
free. It gives a slot up only when the server does not count the slot's last call any more; until then it does not use
the slot, and keeps it leased. If it ends or dies, its slots are free again when its lease ends.

Each client calculates the same fair shares from what all clients want. One that has more than its share gives the
surplus up, and one that has less takes what has become free. No clocks of two machines are compared: the ends of leases
are on the store's clock, and a client measures the length of its own lease from before it asked for it.

This module only calculates, as `pacing` does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from leadway_provider.api.pacing import Pacer
from leadway_provider.sync.slots import SharedSlots, SlotLease

_INTERVALS: Final = 2
_SHORTEST: Final = 10.0
"""A lease is as long as so many intervals of the quota, and at least so many seconds."""
_LOOKS: Final = 4
"""Looks at the other leases in an interval."""
_LOOKS_UNSETTLED: Final = 10
"""The same while a client has more or less than its share."""
_STEPS: Final = 4
"""The steps in which the slots of a client that ends become free."""
_ARRIVAL: Final = 2.0
"""Seconds that a call may take to arrive and be counted after it was sent."""


@dataclass(frozen=True, slots=True)
class SlotClaim:
    """What a client wants to be stored.

    Attributes:
        leases: all leases of the quota.
        slots: how many slots the client may use when this is stored.
    """

    leases: tuple[SlotLease, ...]
    slots: int


class SlotHolder:
    """The leases of one client.

    Args:
        pacer: uses the slots.
        client: the client's name.
        process: the client's process.
        alive: returns whether a process exists; None where that can't be known here.
    """

    def __init__(self, pacer: Pacer, client: str, process: str, alive: Callable[[str], bool | None]) -> None:
        self._pacer = pacer
        self._client = client
        self._process = process
        self._alive = alive
        self._wants_all = False
        self._wanted = 0
        self._valid_until = -math.inf
        self._look_at = -math.inf
        self._asked_at = -math.inf
        self._heard_maximum = 0

    @property
    def lasts(self) -> float:
        """The length of a lease in seconds."""
        return max(_INTERVALS * self._pacer.interval, _SHORTEST)

    def is_valid(self, now: float) -> bool:
        """Return whether the client has a lease, be it of no slot."""
        return now < self._valid_until

    def due_in(self, now: float) -> float:
        """Return the seconds after which the client should look at the leases again."""
        look_at = min(self._look_at, self._valid_until)
        if self._pacer.waited and self._wanted < self._pacer.maximum:
            look_at = min(look_at, self._asked_at + self._pacer.interval / _LOOKS_UNSETTLED)
        return max(0.0, look_at - now)

    def begin(self, *, many: bool) -> None:
        """Begin to make calls: as many as the quota allows, or one after the other."""
        self._wants_all = many
        self._look_at = -math.inf

    def ask(self, now: float) -> None:
        """Record that the client begins to look at the leases, and what it wants.

        The next look is due as if this one failed.
        """
        pacer = self._pacer
        self._asked_at = now
        self._look_at = now + pacer.interval / _LOOKS
        used = pacer.in_use(now)
        self._wanted = min(pacer.maximum, used + used // 4 + 1)
        if pacer.waited or self._wants_all:
            self._wanted = pacer.maximum
        pacer.waited = self._wants_all = False

    def expire(self) -> None:
        """Let the client go on without a lease: the headers of the answers guide it."""
        self._pacer.go_on_without_lease()

    def claim(self, shared: SharedSlots, now: float) -> SlotClaim | None:
        """Return what is to be stored; None if nothing is to be changed.

        At once the client uses no more slots than it will have, since it may have fewer.
        """
        others = self._others(shared)
        mine = [lease for lease in shared.leases if lease.client == self._client]
        wants = {lease.client: lease.wanted for lease in others if lease.wanted}
        maximum = self._maximum(others)
        share = fair_shares(maximum, {**wants, self._client: self._wanted})[self._client]
        free = max(0, maximum - sum(lease.slots for lease in others))
        slots = min(share, free)
        held = max(slots, min(self._pacer.in_use(now), free))
        unsettled = slots < share or held > slots
        self._look_at = now + self._pacer.interval / (_LOOKS_UNSETTLED if unsettled else _LOOKS)
        if self._pacer.leased is not None:
            self._pacer.leased = min(self._pacer.leased, slots)
        counted_until = shared.now + self.lasts + self._forgotten_after
        lease = self._lease(held, self._wanted, counted_until)
        fresh = [each for each in mine if counted_until - each.until < self.lasts / 2]
        if [(each.slots, each.wanted) for each in fresh] == [(held, self._wanted)] and self.is_valid(now):
            self._pacer.leased = slots
            return None
        return SlotClaim((*others, lease), slots)

    def granted(self, claim: SlotClaim) -> None:
        """Record that a claim was stored."""
        self._pacer.leased = claim.slots
        self._valid_until = self._asked_at + self.lasts

    def release(self, shared: SharedSlots, now: float) -> SlotClaim | None:
        """Return what is to be stored when the client makes no calls for now; None if it has leased nothing.

        Nothing may be in flight.
        """
        self._valid_until = -math.inf
        self._pacer.leased = None
        if all(lease.client != self._client for lease in shared.leases):
            return None
        cooling = self._pacer.cooling(now)
        size = math.ceil(len(cooling) / _STEPS)
        parts = [cooling[start : start + size] for start in range(0, len(cooling), size or 1)]
        ending = [self._lease(len(part), 0, shared.now + part[-1]) for part in parts]
        return SlotClaim((*self._others(shared), *ending), 0)

    @property
    def _forgotten_after(self) -> float:
        """The seconds after which the server has forgotten a call that was sent."""
        return _ARRIVAL + 1.01 * self._pacer.interval

    def _lease(self, slots: int, wanted: int, until: float) -> SlotLease:
        maximum = self._pacer.maximum if self._pacer.knows_maximum else 0
        return SlotLease(self._client, self._process, slots, wanted, maximum, until)

    def _maximum(self, others: Sequence[SlotLease]) -> int:
        """Return the slots of the whole quota; before the first answer, what another client has seen.

        That is remembered, because a client that waits for slots may be the last one when the other client has died.
        """
        if self._pacer.knows_maximum:
            return self._pacer.maximum
        self._heard_maximum = next((lease.maximum for lease in others if lease.maximum), self._heard_maximum)
        return self._heard_maximum or self._pacer.maximum

    def _others(self, shared: SharedSlots) -> list[SlotLease]:
        """Return the leases of other clients that have not ended."""
        latest = shared.now + 2 * (self.lasts + self._forgotten_after)  # later ends are of a clock that was put back
        others = [
            lease for lease in shared.leases if lease.client != self._client and shared.now < lease.until <= latest
        ]
        ends_at = shared.now + self._forgotten_after
        return [
            replace(lease, wanted=0, until=min(lease.until, ends_at))
            if lease.wanted and self._alive(lease.process) is False
            else lease
            for lease in others
        ]


def fair_shares(slots: int, wanted: Mapping[str, int]) -> dict[str, int]:
    """Share all slots among clients: each gets an equal share, but what it does not want goes to those that want more.

    What nobody wants is shared equally, for a client that will want more soon.
    """
    shares = {}
    order = sorted(wanted, key=lambda client: (wanted[client], client))
    for position, client in enumerate(order):
        shares[client] = min(wanted[client], slots // (len(order) - position))
        slots -= shares[client]
    for position, client in enumerate(order):
        extra = slots // (len(order) - position)
        shares[client] += extra
        slots -= extra
    return shares
