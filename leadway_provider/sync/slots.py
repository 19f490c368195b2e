"""The slots of an account's quota, as the tasks with one state store share them: what is stored, and the port to it.

A slot is the right to one call in any interval of the quota.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SlotLease:
    """Slots that one client uses and no other may use.

    Attributes:
        client: the client; no two clients have the same name.
        process: the client's process, as `is_alive` reads it.
        slots: how many.
        wanted: how many it would use; 0 for a client that has ended, whose slots are not free yet.
        maximum: the slots of the whole quota, as the client has seen it in an answer; 0 if it has not seen one.
        until: when they are free again if the lease is not renewed; in seconds of the store's clock.
    """

    client: str
    process: str
    slots: int
    wanted: int
    maximum: int
    until: float


@dataclass(frozen=True, slots=True)
class SharedSlots:
    """All leases of one quota.

    Attributes:
        version: changes with each write.
        now: the present, in seconds of a clock that all clients of the store have in common.
        leases: the leases.
    """

    version: int
    now: float
    leases: tuple[SlotLease, ...] = ()


class SlotStore(Protocol):
    """Where the clients of one quota find each other's leases. Each call is one short transaction.

    Both methods raise StateUnavailableError where the store can't be reached.
    """

    def read(self) -> SharedSlots:
        """Return the leases as they are now."""
        ...

    def write(self, version: int, leases: Sequence[SlotLease]) -> bool:
        """Replace the leases, unless another client has written since that version; return whether they were."""
        ...
