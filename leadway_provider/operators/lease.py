"""The lease of a sync during one run: taken when it is free, shown to be alive from a thread, and given up."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self

from leadway_provider.exceptions import LeadwayError, LeaseLostError, StateUnavailableError, SyncBusyError
from leadway_provider.store.lease import LeaseBook, alive, this_process
from leadway_provider.sync.lease import BEAT_EVERY, TRUSTED_FOR, Hold, Watch

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at a lease that another run has."""
PARKED_LONGER: Final = timedelta(minutes=15)
"""How long after its quota's return a deferred run may take to come back before another run takes its place."""


def take(
    book: LeaseBook, sync: str, holder: str, *, goes_on: Callable[[Hold], bool], pause: Callable[[float], None]
) -> str:
    """Become the holder of a sync's lease; tells the token.

    Args:
        book: the sync's lease.
        sync: its name, for messages.
        holder: the task run.
        goes_on: asked once it is certain that another run is at work, or waits for quota; whether to wait for its end.
        pause: waits that many seconds.

    Raises:
        SyncBusyError: another run is going on, and it is not waited for.
    """
    watch = Watch(holder, clock=time.monotonic, now=lambda: datetime.now(UTC), alive=alive)
    first: Hold | None = None
    while True:
        found = book.read()
        if watch.may_take(found):
            mine = Hold(uuid.uuid4().hex, 0, holder, this_process())
            if book.take(found, mine):
                return mine.token
            continue
        assert found is not None  # noqa: S101 - a free lease may be taken
        if first is None or first.token != found.token:
            log.info("Sync %s: %s has its lease; looking whether that run is alive", sync, found.holder)
            first = found
        if (found.parked_until or found.beat != first.beat) and not goes_on(found):
            raise SyncBusyError(
                f"Sync {sync!r}: another run of it is going on, {found.holder}. Two runs of one sync never overlap: "
                "let this task's retry come later, or let it wait by on_busy='wait'."
            )
        pause(LOOK_EVERY)


class LeaseKeeper:
    """Shows that the run is alive, from a thread of its own, and gives the lease up at the end.

    Args:
        book: the sync's lease.
        token: as `take` told it.
        on_lost: told once when the lease is somebody else's.
    """

    def __init__(self, book: LeaseBook, token: str, on_lost: Callable[[LeadwayError], None]) -> None:
        self._book = book
        self._token = token
        self._on_lost = on_lost
        self._trusted_until = time.monotonic() + TRUSTED_FOR
        self._ended = threading.Event()
        self._parked = False
        self._thread = threading.Thread(target=self._beat, name="leadway-lease", daemon=True)

    def trouble(self) -> LeadwayError | None:
        """Why the run may not send now."""
        if time.monotonic() < self._trusted_until:
            return None
        return LeaseLostError(
            f"The run could not show for {TRUSTED_FOR:.0f} s that it is alive: the state store was out of reach, or "
            "the process stood still. Another run may take over. What is acknowledged stays so, and the task's retry "
            "goes on from there."
        )

    def park(self, until: datetime) -> None:
        """Keep the lease for the task's return, for a while longer than until then."""
        self._parked = self._book.park(self._token, until + PARKED_LONGER)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        if not self._parked:
            with suppress(StateUnavailableError):  # it ends by itself, and what else happened is the news
                self._book.release(self._token)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_EVERY):
            begun_at = time.monotonic()
            try:
                still_ours = self._book.beat(self._token)
            except StateUnavailableError as error:
                log.warning("The run could not show that it is alive: %s", error)
                continue
            if not still_ours:
                self._on_lost(LeaseLostError("Another run of the sync has taken over, so this one stops."))
                return
            self._trusted_until = begun_at + TRUSTED_FOR
