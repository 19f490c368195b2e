"""`leadway state reset`: forget what a sync has sent, so that its next run sends everything again."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from leadway_provider.commands.state import CommandError, add_state_options, find_syncs, open_chosen

if TYPE_CHECKING:
    from leadway_provider.store.lease import LeaseBook
    from leadway_provider.store.state import StateStore
    from leadway_provider.store.syncs import KnownSync

_HOLDER = "leadway state reset"
"""How others are told who has the lease."""

_REFUSED = 2
"""The exit status of a command that may not do what it was not clearly asked to do."""


def add_state(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Make the command known."""
    state = commands.add_parser("state", help="change what the state store knows", description="Change a state store.")
    command = state.add_subparsers(title="commands", required=True, metavar="COMMAND").add_parser(
        "reset",
        help="let a sync send everything again",
        description="Delete what the state store knows of a sync's rows, so that its next run sends every row again. "
        "Contacts are not touched; runs and the ledger are kept. Of contacts whose rows have left the source it is no "
        "longer known that the sync wrote them.",
    )
    command.add_argument("--sync", metavar="NAME", required=True, help="the sync: <dag_id>.<task_id>, or its sync_name")
    add_state_options(command)
    command.add_argument("--yes", action="store_true", help="don't ask")
    command.add_argument(
        "--force",
        action="store_true",
        help="take the lease from a run that is going on, or waits for quota: it loses its outbox and fails",
    )
    command.set_defaults(run=_reset, name="state reset")


def _reset(arguments: argparse.Namespace) -> int:
    with open_chosen(arguments) as state:
        syncs = find_syncs(state, arguments.sync, arguments.location)
        for sync in syncs:
            memory = state.syncs().memory(sync.id)
            print(
                f"Sync {sync.name} to {sync.location_id} at {sync.host}: {memory.rows:,} rows, {memory.claims:,} "
                f"claims on e-mails and phones, {memory.waiting:,} rows in the outbox. The next run sends all again."
            )
        if not arguments.yes and not _confirmed():
            print("Nothing was deleted.")
            return 1
        for sync in syncs:
            _forget(state, sync, force=arguments.force)
    return 0


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask at; say --yes to delete this.", status=_REFUSED)
    return input("Delete this? [y/N] ").strip().lower() in {"y", "yes"}


def _forget(state: StateStore, sync: KnownSync, *, force: bool) -> None:
    from leadway_provider.api.brake import Brake  # noqa: PLC0415 - other commands need none of this
    from leadway_provider.operators.lease import LeaseKeeper  # noqa: PLC0415 - the same
    from leadway_provider.store.state import SyncIdentity  # noqa: PLC0415 - the same

    brake = Brake()
    book = state.lease(SyncIdentity(sync.name, sync.host, sync.location_id))
    with LeaseKeeper(book, _lease(book, sync, force=force), on_lost=brake.pull) as lease:
        brake.watch(lease.trouble)
        forgotten = state.syncs().forget(sync.id, brake.check)
    print(f"Sync {sync.name} to {sync.location_id}: {forgotten:,} rows forgotten.")


def _lease(book: LeaseBook, sync: KnownSync, *, force: bool) -> str:
    """Become the holder of the sync's lease, so that no run of it begins meanwhile; tells the token."""
    from leadway_provider.exceptions import SyncBusyError  # noqa: PLC0415 - other commands need none of this
    from leadway_provider.operators.lease import take  # noqa: PLC0415 - the same

    if found := book.read():
        if force:
            book.release(found.token)
        else:
            print(f"{found.holder} has the sync's lease; looking whether it is alive, for a minute at most.")
    try:
        return take(book, sync.name, _HOLDER, goes_on=lambda _: False, pause=time.sleep)
    except SyncBusyError:
        holder = f", {found.holder}" if (found := book.read()) else ""
        raise CommandError(
            f"a run of sync {sync.name} to {sync.location_id} is going on{holder}: let it end, or stop its task. With "
            "--force it is reset all the same, and that run loses its outbox and fails."
        ) from None
