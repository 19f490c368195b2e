"""`leadway rejected`: print the rows that our validation or the CRM rejects now, with the reasons."""

from __future__ import annotations

import argparse

from leadway_provider.commands.error import CommandError
from leadway_provider.commands.state import add_state_options, find_syncs, open_for_reading

_LAST = "last"


def add_rejected(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "rejected",
        help="show the rows that are rejected, and why",
        description="Show the rows of each sync that are rejected now: those that our validation found invalid, and "
        "those that the CRM refused, with how many more runs try them again. Rows are counted by reason first. No "
        "value of a contact is shown.",
    )
    command.add_argument("--sync", metavar="NAME", help="only this sync")
    command.add_argument(
        "--run", dest="run_id", metavar="ID", help=f"only what this run found; '{_LAST}' is the last run of each sync"
    )
    command.add_argument("--reason", metavar="CODE", help="only rows with this reason")
    add_state_options(command)
    command.add_argument("--limit", metavar="N", type=int, help="show at most so many rows of each sync; 100 as text")
    command.add_argument("--csv", action="store_true", help="print CSV: a line for each row and reason")
    command.set_defaults(run=_rejected, name="rejected")


def _rejected(arguments: argparse.Namespace) -> int:
    from leadway_provider.commands.rejection import as_csv, as_text, rejections  # noqa: PLC0415 - others need no store

    if arguments.limit is not None and arguments.limit < 1:
        raise CommandError(f"--limit is {arguments.limit}; it must be 1 or more.", 2)
    limit = arguments.limit or (None if arguments.csv else 100)
    with open_for_reading(arguments) as reader:
        syncs = find_syncs(reader, arguments.sync, arguments.location)
        run_id = None if arguments.run_id == _LAST else arguments.run_id
        if run_id:
            run = reader.runs().one(run_id)
            syncs = [sync for sync in syncs if run and sync.id == run.sync_id]
            if not syncs:
                raise CommandError(f"the state store has no run {run_id!r} of the chosen syncs.")
        found = [
            rejections(
                reader, sync, run_id=run_id, last_run=arguments.run_id == _LAST, code=arguments.reason, limit=limit
            )
            for sync in syncs
        ]
    print(as_csv(found) if arguments.csv else as_text(found), end="")
    return 0
