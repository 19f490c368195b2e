"""The slots of a quota, shared through a state store while calls are made."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from leadway_provider.api.pacing import Pacer
from leadway_provider.api.slots import SlotClaim, SlotHolder
from leadway_provider.exceptions import StateUnavailableError
from leadway_provider.printable import printable_log
from leadway_provider.sync.process import is_alive, this_process
from leadway_provider.sync.slots import SharedSlots, SlotStore

log = printable_log(__name__)

PATIENCE: Final = 5.0
_TRIES: Final = 10
"""A write is tried so often, if other clients write at the same time; then the next look tries it again."""


class QuotaSharing:
    """One process's part in an account's quota; its clients use it one after the other.

    Nothing happens in the background: the limiter calls `refresh` before each call, and that rarely asks the store. A
    client that makes no calls does not renew its lease. Where the store is slow or out of reach, the lease ends, and
    calls go on without one.

    Args:
        store: where the leases are.
        monotonic: the clock of the pacer.
        alive: returns whether a process exists; None where that can't be known here.
        patience: seconds that a call without a valid lease waits for the store; then the answers' headers guide it.
    """

    def __init__(
        self,
        store: SlotStore,
        monotonic: Callable[[], float],
        alive: Callable[[str], bool | None] = is_alive,
        patience: float = PATIENCE,
    ) -> None:
        self._store = store
        self._monotonic = monotonic
        self._alive = alive
        self._patience = patience
        self._client = secrets.token_hex(8)
        self._holder: SlotHolder | None = None
        self._look: asyncio.Task[None] | None = None
        self._goes_without = False

    def begin(self, pacer: Pacer, *, many: bool) -> None:
        """Begin to make calls with a pacer, which is always the same: many calls, or one after the other."""
        self._holder = self._holder or SlotHolder(pacer, self._client, this_process(), self._alive)
        self._holder.begin(many=many)
        self._goes_without = False

    def due_in(self) -> float:
        """Return the seconds after which `refresh` will ask the store."""
        return self._begun.due_in(self._monotonic())

    async def refresh(self) -> None:
        """Look at the leases if that is due, and wait for it unless a lease is valid."""
        holder, now = self._begun, self._monotonic()
        if self._look is None and holder.due_in(now) <= 0:
            self._look = asyncio.ensure_future(self._exchange(holder))
            self._look.add_done_callback(self._looked)
        if self._look is not None and not self._goes_without and not holder.is_valid(now):
            await asyncio.wait((self._look,), timeout=self._patience)
            self._go_without_lease(holder)

    async def looked(self, *, within: float) -> bool:
        """Wait for the store, at most so many seconds, and return whether it has just answered."""
        if self._look is None:
            return False
        await asyncio.wait((self._look,), timeout=min(within, self._patience))
        return self._look is None

    async def end(self) -> None:
        """Give the slots up; where that fails, the lease ends by itself."""
        if self._look is not None:
            await asyncio.wait((self._look,))
        with suppress(StateUnavailableError):
            await self._write(self._begun.release)

    @property
    def _begun(self) -> SlotHolder:
        if self._holder is None:
            raise RuntimeError("begin() comes first")
        return self._holder

    async def _exchange(self, holder: SlotHolder) -> None:
        holder.ask(self._monotonic())
        try:
            if claim := await self._write(holder.claim):
                holder.granted(claim)
                self._goes_without = False
        except StateUnavailableError as error:
            log.debug("The leases of the quota's slots were not read or not renewed: %s", error)

    def _go_without_lease(self, holder: SlotHolder) -> None:
        """Let calls go on without a lease, if there is none; the store is asked beside them from now on."""
        if not holder.is_valid(self._monotonic()):
            holder.expire()
            self._goes_without = True
            log.warning("The state store does not answer in time, so the quota is not shared with other tasks for now.")

    async def _write(self, claim_of: Callable[[SharedSlots, float], SlotClaim | None]) -> SlotClaim | None:
        """Store what is claimed of the present leases, and return it; None if nothing was stored."""
        for _ in range(_TRIES):
            shared = await asyncio.to_thread(self._store.read)
            claim = claim_of(shared, self._monotonic())
            if claim is None or await asyncio.to_thread(self._store.write, shared.version, claim.leases):
                return claim
        return None

    def _looked(self, look: asyncio.Task[None]) -> None:
        self._look = None
        if not look.cancelled():
            look.result()
