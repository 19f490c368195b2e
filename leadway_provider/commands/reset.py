"""`leadway state reset`: delete what the state store has of a sync, so that its next run sends every row again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from leadway_provider.commands.error import CommandError
from leadway_provider.commands.options import Location, StateConnId, Yes
from leadway_provider.commands.screen import Screen, screen_of
from leadway_provider.commands.state import find_syncs, open_chosen
from leadway_provider.printable import printable

if TYPE_CHECKING:
    from leadway_provider.store.reading.syncs import SyncRecord
    from leadway_provider.store.state import StateStore
    from leadway_provider.sync.lease import HeldLease, LeaseStore

HOLDER: Final = "leadway state reset"
"""The holder of the lease, as other runs of the sync see it."""

DECLINED: Final = 1
"""The exit status after a "no"."""


def reset(
    context: typer.Context,
    *,
    sync: Annotated[
        str, typer.Option("--sync", metavar="NAME", help="The sync: <dag_id>.<task_id>, or its sync_name.")
    ],
    location: Location = None,
    state_conn_id: StateConnId = None,
    yes: Yes = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Take the lease from a run that is at work or waits for quota. That run loses its outbox and fails.",
        ),
    ] = False,
) -> None:
    """Delete what is stored of a sync's rows, so that it sends every row again.

    No contact is changed, and the runs and the ledger are kept. Of rows that have departed from the source, it is no
    longer known which contacts the sync wrote for them.
    """
    screen = screen_of(context)
    with open_chosen(state_conn_id) as state:
        found = find_syncs(state, sync, location)
        for each in found:
            size = state.syncs().size(each.id)
            _show(
                screen,
                f"Sync {each.name} to {each.location_id} at {each.host}: {size.rows:,} rows, {size.claims:,} "
                f"claims on e-mails and phones, {size.waiting:,} rows in the outbox. After a reset, the next run "
                "sends every row.",
            )
        if not yes and not screen.confirmed("Delete this?"):
            screen.show("Nothing was deleted.")
            raise typer.Exit(DECLINED)
        for each in found:
            _forget(state, each, screen, force=force)


def _show(screen: Screen, line: str) -> None:
    """Print a line with names that others wrote."""
    screen.show(printable(line))


def _forget(state: StateStore, sync: SyncRecord, screen: Screen, *, force: bool) -> None:
    """Delete a sync's rows, claims and outbox while its lease is held, so that no run of it begins meanwhile."""
    from leadway_provider.sync.cancel import CancelToken  # noqa: PLC0415 - other commands need none of this
    from leadway_provider.sync.lease import LeaseKeeper  # noqa: PLC0415 - the same
    from leadway_provider.sync.request import SyncIdentity  # noqa: PLC0415 - the same

    cancel_token = CancelToken()
    store = state.lease(SyncIdentity(sync.name, sync.host, sync.location_id))
    held = _acquire(store, sync, screen, force=force)
    with LeaseKeeper(store, held, on_lost=cancel_token.cancel) as lease:
        cancel_token.cancel_when(lease.expiry)
        forgotten = state.syncs().forget(sync.id, cancel_token.raise_if_cancelled)
    _show(screen, f"Sync {sync.name} to {sync.location_id}: {forgotten:,} rows forgotten.")


def _acquire(store: LeaseStore, sync: SyncRecord, screen: Screen, *, force: bool) -> HeldLease:
    """Acquire the sync's lease.

    Raises:
        CommandError: a run of the sync is at work or waits for quota, and `force` is not set.
    """
    from leadway_provider.exceptions import SyncBusyError  # noqa: PLC0415 - other commands need none of this
    from leadway_provider.sync.lease import acquire_lease  # noqa: PLC0415 - the same

    if found := store.read():
        if force:
            store.release(found.token)
        else:
            _show(
                screen,
                f"{found.holder} holds the sync's lease. Checking whether that run is alive, for a minute at most.",
            )
    try:
        return acquire_lease(store, sync.name, HOLDER, waits=lambda _: False, pause=screen.pause)
    except SyncBusyError:
        holder = f", {found.holder}" if (found := store.read()) else ""
        raise CommandError(
            f"a run of sync {sync.name} to {sync.location_id} is at work{holder}: let it end, or stop its task. "
            "--force resets the sync at once; that run then loses its outbox and fails."
        ) from None
