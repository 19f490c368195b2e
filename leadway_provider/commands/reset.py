"""`leadway state reset`: delete what the state store has of a sync, so that its next run sends every row again."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TextIO

from leadway_provider.commands.error import CommandError
from leadway_provider.commands.state import add_state_options, find_syncs, open_chosen
from leadway_provider.printable import printable

if TYPE_CHECKING:
    from leadway_provider.store.reading.syncs import SyncRecord
    from leadway_provider.store.state import StateStore
    from leadway_provider.sync.lease import HeldLease, LeaseStore

HOLDER: Final = "leadway state reset"
"""The holder of the lease, as other runs of the sync see it."""

_DECLINED: Final = 1
"""The exit status after a "no"."""

_UNCONFIRMED: Final = 2
"""The exit status where nobody can confirm."""


def add_state(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], *, stdin: TextIO, pause: Callable[[float], None]
) -> None:
    """Add the command to the parser.

    Args:
        commands: the parser's sub-commands.
        stdin: where the confirmation is read from.
        pause: waits that many seconds, between two looks at a lease that another run holds.
    """
    state = commands.add_parser("state", help="change what the state store has", description="Change a state store.")
    command = state.add_subparsers(title="commands", required=True, metavar="COMMAND").add_parser(
        "reset",
        help="delete what is stored of a sync, so that it sends every row again",
        description="Delete what the state store has of a sync's rows, so that its next run sends every row again. "
        "No contact is changed, and the runs and the ledger are kept. Of rows that have departed from the source, it "
        "is no longer known which contacts the sync wrote for them.",
    )
    command.add_argument("--sync", metavar="NAME", required=True, help="the sync: <dag_id>.<task_id>, or its sync_name")
    add_state_options(command)
    command.add_argument("--yes", action="store_true", help="delete without a question")
    command.add_argument(
        "--force",
        action="store_true",
        help="take the lease from a run that is at work or waits for quota; that run loses its outbox and fails",
    )
    command.set_defaults(run=partial(_reset, stdin=stdin, pause=pause), name="state reset")


def _reset(arguments: argparse.Namespace, *, stdin: TextIO, pause: Callable[[float], None]) -> int:
    with open_chosen(arguments) as state:
        syncs = find_syncs(state, arguments.sync, arguments.location)
        for sync in syncs:
            size = state.syncs().size(sync.id)
            _say(
                f"Sync {sync.name} to {sync.location_id} at {sync.host}: {size.rows:,} rows, {size.claims:,} "
                f"claims on e-mails and phones, {size.waiting:,} rows in the outbox. After a reset, the next run "
                "sends every row."
            )
        if not arguments.yes and not _confirmed(stdin):
            print("Nothing was deleted.")
            return _DECLINED
        for sync in syncs:
            _forget(state, sync, force=arguments.force, pause=pause)
    return 0


def _say(line: str) -> None:
    """Print a line with names that others wrote."""
    print(printable(line))


def _confirmed(stdin: TextIO) -> bool:
    if not stdin.isatty():
        raise CommandError("there is no terminal for a confirmation; --yes deletes without one.", _UNCONFIRMED)
    print("Delete this? [y/N] ", end="", flush=True)
    return stdin.readline().strip().lower() in {"y", "yes"}


def _forget(state: StateStore, sync: SyncRecord, *, force: bool, pause: Callable[[float], None]) -> None:
    """Delete a sync's rows, claims and outbox while its lease is held, so that no run of it begins meanwhile."""
    from leadway_provider.sync.cancel import CancelToken  # noqa: PLC0415 - other commands need none of this
    from leadway_provider.sync.lease import LeaseKeeper  # noqa: PLC0415 - the same
    from leadway_provider.sync.request import SyncIdentity  # noqa: PLC0415 - the same

    cancel_token = CancelToken()
    store = state.lease(SyncIdentity(sync.name, sync.host, sync.location_id))
    held = _acquire(store, sync, force=force, pause=pause)
    with LeaseKeeper(store, held, on_lost=cancel_token.cancel) as lease:
        cancel_token.cancel_when(lease.expiry)
        forgotten = state.syncs().forget(sync.id, cancel_token.raise_if_cancelled)
    _say(f"Sync {sync.name} to {sync.location_id}: {forgotten:,} rows forgotten.")


def _acquire(store: LeaseStore, sync: SyncRecord, *, force: bool, pause: Callable[[float], None]) -> HeldLease:
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
            _say(f"{found.holder} holds the sync's lease. Checking whether that run is alive, for a minute at most.")
    try:
        return acquire_lease(store, sync.name, HOLDER, waits=lambda _: False, pause=pause)
    except SyncBusyError:
        holder = f", {found.holder}" if (found := store.read()) else ""
        raise CommandError(
            f"a run of sync {sync.name} to {sync.location_id} is at work{holder}: let it end, or stop its task. "
            "--force resets the sync at once; that run then loses its outbox and fails."
        ) from None
