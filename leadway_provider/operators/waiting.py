"""What a task waits for, in its worker slot or out of it: another run of its sync, or the account's quota."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from leadway_provider.exceptions import QuotaExhaustedError
from leadway_provider.operators.account import Account, returns_in
from leadway_provider.operators.report import deferral_in_words
from leadway_provider.operators.timing import Timing
from leadway_provider.printable import printable, printable_log
from leadway_provider.sync.cancel import CancelToken
from leadway_provider.sync.lease import HELD_LONGER, LeaseKeeper, LeaseState, LeaseStore, acquire_lease, keep_held
from leadway_provider.sync.request import SyncRequest
from leadway_provider.sync.sibling import is_of_same_dag_run

log = printable_log(__name__)

_LOOK_AGAIN: Final = timedelta(minutes=1)
"""How long a task that waits for another run of its sync leaves its worker slot."""


class Deferral(Exception):  # noqa: N818 - not an error
    """The task can't continue before a moment, and leaves its worker slot until then; the text says so to a person.

    Attributes:
        until: the moment, in aware time.
    """

    def __init__(self, reason: str, until: datetime) -> None:
        super().__init__(printable(reason))
        self.until = until


def deferral(reason: str, until: datetime, counts: Mapping[str, int], timing: Timing) -> Deferral:
    """Return a deferral that says how far the run is, after it was logged."""
    text = deferral_in_words(reason, until, timing.clock.now(), counts)
    log.warning("%s", text)
    return Deferral(text, until)


def quota_returns_at(error: QuotaExhaustedError, timing: Timing) -> datetime:
    """Return when the quota returns, as far as is known."""
    return timing.clock.now() + timedelta(seconds=returns_in(error))


def acquire(
    store: LeaseStore,
    request: SyncRequest,
    task_run: str,
    *,
    pause: Callable[[float], None],
    before: Callable[[], None],
    cancel_token: CancelToken,
    timing: Timing,
) -> LeaseKeeper:
    """Wait for the lease of a sync, in a worker slot or out of it, or not at all, as the task says.

    Args:
        store: has the lease.
        request: what the task asks for.
        task_run: who asks.
        pause: waits that many seconds.
        before: is called before the lease is acquired; what it raises leaves the lease as it is.
        cancel_token: is cancelled when the lease is lost.
        timing: the clocks, and the periods of the lease.

    Raises:
        Deferral: another run is at work, and it is waited for out of the worker slot.
        LeadwayError: as `acquire_lease` raises.
    """

    def waits(other: LeaseState) -> bool:
        if request.worker is not None and is_of_same_dag_run(other.holder, task_run):
            return True  # another worker of the run splits its outbox, which takes less time than a deferral
        if request.on_busy == "wait" and request.deferrable:
            reason = f"Another run of sync {request.name} is at work: {other.holder}."
            raise deferral(reason, _look_again_at(other, timing), {}, timing)
        return request.on_busy == "wait"

    held = acquire_lease(
        store,
        request.name,
        task_run,
        waits=waits,
        pause=pause,
        clock=timing.clock,
        alive=timing.alive,
        timing=timing.lease,
        before=before,
    )
    return LeaseKeeper(store, held, on_lost=cancel_token.cancel, clock=timing.clock, timing=timing.lease)


def prove(account: Account, store: LeaseStore, task_run: str, timing: Timing) -> None:
    """Prove the token before the lease is acquired: a task that may not write must not end another one's run.

    Raises:
        QuotaExhaustedError: no quota is left; a lease of this task run is kept until it returns.
        LeadwayError: as `Account.prove` raises.
    """
    try:
        account.prove()
    except QuotaExhaustedError as error:
        keep_held(store, task_run, quota_returns_at(error, timing))
        raise


def _look_again_at(other: LeaseState, timing: Timing) -> datetime:
    soon = timing.clock.now() + _LOOK_AGAIN
    return soon if other.held_until is None else max(soon, other.held_until - HELD_LONGER)
