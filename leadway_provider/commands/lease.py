"""The lease of a sync, held while a command changes what is stored of it, so that no run begins meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from leadway_provider.commands.error import CommandError
from leadway_provider.commands.screen import Screen

if TYPE_CHECKING:
    from leadway_provider.store.reading.syncs import SyncRecord
    from leadway_provider.store.state import StateStore
    from leadway_provider.sync.cancel import CancelToken
    from leadway_provider.sync.lease import HeldLease, LeaseStore


@contextmanager
def sync_lease(
    state: StateStore, sync: SyncRecord, screen: Screen, *, holder: str, force: bool | None
) -> Iterator[CancelToken]:
    """Hold a sync's lease in the block, and give a token that is cancelled where the lease is lost.

    Args:
        state: the state store.
        sync: the sync.
        screen: says which run holds the lease, while it is watched.
        holder: the holder of the lease, as other runs of the sync see it.
        force: whether the lease is taken from a run that is at work or waits for quota; None for a command without that
            option.

    Raises:
        CommandError: a run of the sync is at work or waits for quota, and `force` is not set.
    """
    from leadway_provider.sync.cancel import CancelToken  # noqa: PLC0415 - other commands need none of this
    from leadway_provider.sync.lease import LeaseKeeper  # noqa: PLC0415 - the same
    from leadway_provider.sync.request import SyncIdentity  # noqa: PLC0415 - the same

    cancel_token = CancelToken()
    store = state.lease(SyncIdentity(sync.name, sync.host, sync.location_id))
    held = _acquire(store, sync, screen, holder=holder, force=force)
    with LeaseKeeper(store, held, on_lost=cancel_token.cancel) as lease:
        cancel_token.cancel_when(lease.expiry)
        yield cancel_token


def _acquire(store: LeaseStore, sync: SyncRecord, screen: Screen, *, holder: str, force: bool | None) -> HeldLease:
    from leadway_provider.exceptions import SyncBusyError  # noqa: PLC0415 - other commands need none of this
    from leadway_provider.sync.lease import acquire_lease  # noqa: PLC0415 - the same

    if found := store.read():
        if force:
            store.release(found.token)
        else:
            screen.say(
                f"{found.holder} holds the sync's lease. Checking whether that run is alive, for a minute at most."
            )
    try:
        return acquire_lease(store, sync.name, holder, waits=lambda _: False, pause=screen.pause)
    except SyncBusyError:
        other = f", {found.holder}" if (found := store.read()) else ""
        by_force = "" if force is None else " --force does it at once; that run then loses its outbox and fails."
        raise CommandError(
            f"a run of sync {sync.name} to {sync.location_id} is at work{other}: let it end, or stop its task."
            + by_force
        ) from None
