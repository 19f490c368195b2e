"""`leadway state reset`: forget what a sync has sent, so that its next run sends everything again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from leadway_provider.commands.state import CommandError, add_state_options, find_syncs, open_chosen

if TYPE_CHECKING:
    from leadway_provider.store.state import StateStore
    from leadway_provider.store.syncs import KnownSync

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
        help="also where a run of the sync is going on: it loses its outbox and fails. For a lease that a crashed run "
        "left behind",
    )
    command.set_defaults(run=_reset, name="state reset")


def _reset(arguments: argparse.Namespace) -> int:
    with open_chosen(arguments) as state:
        syncs = find_syncs(state, arguments.sync, arguments.location)
        if not arguments.force:
            _require_idle(syncs)
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
            _forget(state, sync, by_force=arguments.force)
    return 0


def _require_idle(syncs: Sequence[KnownSync]) -> None:
    for sync in syncs:
        if sync.held:
            raise CommandError(_going_on(sync))


def _going_on(sync: KnownSync) -> str:
    holder = f" ({sync.holder})" if sync.holder else ""
    return (
        f"a run of sync {sync.name} to {sync.location_id} is going on{holder}: let it end, or end its task. If no run "
        "is left and its lease was left behind, --force resets all the same; a run that is going on after all would "
        "lose its outbox and fail."
    )


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask at; say --yes to delete this.", status=_REFUSED)
    return input("Delete this? [y/N] ").strip().lower() in {"y", "yes"}


def _forget(state: StateStore, sync: KnownSync, *, by_force: bool) -> None:
    from leadway_provider.store.syncs import SyncHeldError  # noqa: PLC0415 - other commands need no store

    try:
        forgotten = state.syncs().forget(sync.id, by_force=by_force)
    except SyncHeldError:
        raise CommandError(_going_on(sync)) from None
    print(f"Sync {sync.name} to {sync.location_id}: {forgotten:,} rows forgotten.")
