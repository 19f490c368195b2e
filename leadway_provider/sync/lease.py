"""One run of a sync at a time: its lease is acquired, kept by heartbeats, and released.

The holder of a lease stores a heartbeat now and then. A run that wants the lease watches these heartbeats with a clock
of its own, so a wrong or changed clock never takes a lease from anybody. A holder that could not store a heartbeat is
cancelled, calls in flight included, well before another run may acquire the lease.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

from leadway_provider.clock import SYSTEM_CLOCK, Clock
from leadway_provider.exceptions import LeadwayError, LeaseLostError, StateUnavailableError, SyncBusyError
from leadway_provider.printable import printable_log
from leadway_provider.sync.process import is_alive, this_process

log = printable_log(__name__)

HELD_LONGER: Final = timedelta(minutes=15)
"""How much longer than until its quota's return the lease of a deferred run is held."""


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """The times of a lease, in seconds; every run of a sync uses the same.

    Attributes:
        heartbeat_every: between two heartbeats.
        trusted_for: after the begin of a stored heartbeat, or of the acquisition, the holder may send for so long; then
            it is cancelled.
        expires_after: without a heartbeat for so long, another run may acquire the lease. `trusted_for` and the grace
            period of a cancelled call (`cancel.GRACE`) have ended by then, so no call of the old holder is in flight.
        look_every: between two looks at a lease that another run holds.
    """

    heartbeat_every: float = 10.0
    trusted_for: float = 30.0
    expires_after: float = 60.0
    look_every: float = 1.0


LEASE_TIMING: Final = LeaseTiming()
"""The times that runs use."""


@dataclass(frozen=True, slots=True)
class LeaseState:
    """Who holds a sync's lease.

    Attributes:
        token: another one each time the lease is acquired.
        heartbeats: grows with every heartbeat.
        holder: the task run that holds it.
        process: where it runs, as `is_alive` reads it.
        held_until: until when a deferred run holds it without a process; None while the run has one.
    """

    token: str
    heartbeats: int
    holder: str
    process: str
    held_until: datetime | None = None


class HeldLease(NamedTuple):
    """A lease that was acquired.

    Attributes:
        token: the holder's.
        acquired_at: when the holder began to acquire it, by its own monotonic clock; its trust begins there.
    """

    token: str
    acquired_at: float


class LeaseStore(Protocol):
    """The lease of one sync. Every change depends on what was read before it, so a late one changes nothing.

    Every method raises StateUnavailableError where the state store can't be reached or written.
    """

    def read(self) -> LeaseState | None:
        """Return who holds it, or None."""
        ...

    def acquire(self, instead_of: LeaseState | None, state: LeaseState) -> bool:
        """Become the holder, and return True on success: unless the lease has changed since it was read."""
        ...

    def heartbeat(self, token: str) -> bool:
        """Store a heartbeat, and return True on success: if the lease is still this holder's."""
        ...

    def hold_until(self, token: str, until: datetime) -> bool:
        """Keep the lease until then without heartbeats, and return True on success."""
        ...

    def release(self, token: str) -> None:
        """Give the lease up, if it is still this holder's."""
        ...


class LeaseWatcher:
    """Watches a lease, to find out when its holder has ended.

    Args:
        holder: the task run that wants the lease.
        clock: the watcher's own.
        alive: returns whether a process exists; None where that can't be known here.
        timing: the times of the lease.
    """

    def __init__(
        self, holder: str, *, clock: Clock, alive: Callable[[str], bool | None], timing: LeaseTiming = LEASE_TIMING
    ) -> None:
        self._holder = holder
        self._clock = clock
        self._alive = alive
        self._timing = timing
        self._seen: tuple[str, int] | None = None
        self._since = 0.0

    def may_acquire(self, state: LeaseState | None) -> bool:
        """Return whether the lease, as it was read just now, is free or expired."""
        if state is None:
            return True
        if state.held_until is not None:
            return state.holder == self._holder or self._clock.now() >= state.held_until
        if self._alive(state.process) is False:
            return True
        if self._seen != (state.token, state.heartbeats):
            self._seen, self._since = (state.token, state.heartbeats), self._clock.monotonic()
        return self._clock.monotonic() - self._since >= self._timing.expires_after


def acquire_lease(
    store: LeaseStore,
    sync: str,
    holder: str,
    *,
    waits: Callable[[LeaseState], bool],
    pause: Callable[[float], None],
    clock: Clock = SYSTEM_CLOCK,
    alive: Callable[[str], bool | None] = is_alive,
    timing: LeaseTiming = LEASE_TIMING,
    before: Callable[[], None] = lambda: None,
) -> HeldLease:
    """Become the holder of a sync's lease.

    Args:
        store: the sync's lease.
        sync: its name, for messages.
        holder: the task run.
        waits: returns whether to wait for the end of the other run; it is called once that run is known to be at work
            or to wait for quota.
        pause: waits that many seconds.
        clock: for watching the lease.
        alive: returns whether a process exists; None where that can't be known here.
        timing: the times of the lease.
        before: is called when the lease may be acquired and before it is, maybe more than once; what it raises ends
            the acquisition, and nothing has changed then.

    Raises:
        SyncBusyError: another run is at work, and it is not waited for.
        StateUnavailableError: the state store can't be reached or written.
    """
    watcher = LeaseWatcher(holder, clock=clock, alive=alive, timing=timing)
    first: LeaseState | None = None
    while True:
        found = store.read()
        if found is None or watcher.may_acquire(found):
            before()
            mine = LeaseState(uuid.uuid4().hex, 0, holder, this_process())
            begun_at = clock.monotonic()
            if store.acquire(found, mine):
                return HeldLease(mine.token, begun_at)
            continue
        if first is None or first.token != found.token:
            log.info("Sync %s: %s holds its lease; watching whether that run is alive", sync, found.holder)
            first = found
        if (found.held_until or found.heartbeats != first.heartbeats) and not waits(found):
            raise SyncBusyError(
                f"Sync {sync!r}: another run of it is at work, {found.holder}. Two runs of one sync never overlap: "
                "let this task's retry come later, or let it wait with on_busy='wait'."
            )
        pause(timing.look_every)


def keep_held(store: LeaseStore, holder: str, until: datetime) -> None:
    """Keep the lease that a deferred task run holds, until then and `HELD_LONGER`; change nothing for any other."""
    found = store.read()
    if found is not None and found.held_until is not None and found.holder == holder:
        store.hold_until(found.token, until + HELD_LONGER)


class LeaseKeeper:
    """Stores heartbeats from a thread of its own while a run is at work, and releases the lease at the end.

    Args:
        store: the sync's lease.
        held: what `acquire_lease` returned.
        on_lost: is called once, from a thread, when the run may not send any more.
        clock: for the time of trust.
        timing: the times of the lease.
        wait: waits for an event, for so many seconds at most, and returns whether it is set.
    """

    def __init__(
        self,
        store: LeaseStore,
        held: HeldLease,
        *,
        on_lost: Callable[[LeadwayError], None],
        clock: Clock = SYSTEM_CLOCK,
        timing: LeaseTiming = LEASE_TIMING,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
    ) -> None:
        self._store = store
        self._token = held.token
        self._on_lost = on_lost
        self._clock = clock
        self._timing = timing
        self._wait = wait
        self._trusted_until = held.acquired_at + timing.trusted_for
        self._ended = threading.Event()
        self._is_held = False
        self._threads = [
            threading.Thread(target=self._store_heartbeats, name="leadway-heartbeat", daemon=True),
            threading.Thread(target=self._watch_trust, name="leadway-lease", daemon=True),
        ]

    @property
    def token(self) -> str:
        """The holder's."""
        return self._token

    def expiry(self) -> LeadwayError | None:
        """Return why the run may not send now, or None."""
        if self._clock.monotonic() < self._trusted_until:
            return None
        return LeaseLostError(
            f"The run could not store a heartbeat for {self._timing.trusted_for:.0f} s: the state store was out of "
            "reach, or the process did not run. Another run may begin. What is acknowledged stays so, and the task's "
            "retry continues from there."
        )

    def hold_until(self, until: datetime) -> None:
        """Keep the lease for the task's return, until then and `HELD_LONGER`."""
        self._is_held = self._store.hold_until(self._token, until + HELD_LONGER)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        if not self._is_held:
            with suppress(StateUnavailableError):  # the lease expires by itself, and another error may be on its way
                self._store.release(self._token)

    def _store_heartbeats(self) -> None:
        while not self._wait(self._ended, self._timing.heartbeat_every):
            begun_at = self._clock.monotonic()
            try:
                still_ours = self._store.heartbeat(self._token)
            except StateUnavailableError as error:
                log.warning("The run could not store a heartbeat: %s", error)
                continue
            if not still_ours:
                self._on_lost(LeaseLostError("Another run of the sync has acquired the lease, so this one stops."))
                return
            self._trusted_until = begun_at + self._timing.trusted_for

    def _watch_trust(self) -> None:
        """Cancel the run when its trust ends, although a heartbeat may hang in the state store."""
        while (expired := self.expiry()) is None:
            if self._wait(self._ended, max(0.01, self._trusted_until - self._clock.monotonic())):
                return
        self._on_lost(expired)
