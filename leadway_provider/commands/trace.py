"""`leadway trace`: what was delivered of a source row, or to a contact, by which run and from which columns."""

from __future__ import annotations

import argparse
import json

from leadway_provider.commands.state import CommandError, add_state_options, find_syncs, open_chosen


def add_trace(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Make the command known."""
    command = commands.add_parser(
        "trace",
        help="show the history of one contact",
        description="Show everything that is known of one contact: each delivery with its run, what it sent from "
        "which columns and what the CRM made of it, and how the row stands now. Values are not kept, so none is shown.",
    )
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--key", metavar="K", help='the source key; one of several columns is a JSON list: ["DE","17"]')
    which.add_argument("--contact", metavar="ID", help="the contact's id in the CRM")
    command.add_argument("--sync", metavar="NAME", help="only this sync")
    add_state_options(command)
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_trace, name="trace")


def _trace(arguments: argparse.Namespace) -> int:
    from leadway_provider.commands.history import as_json, as_text  # noqa: PLC0415 - other commands need no store

    with open_chosen(arguments) as state:
        syncs = find_syncs(state, arguments.sync, arguments.location)
        if arguments.key is not None:
            wanted = f"key {arguments.key!r}"
            found = state.history().of_key(arguments.key, syncs)
        else:
            wanted = f"contact {arguments.contact!r}"
            found = state.history().of_contact(arguments.contact, syncs)
    if not found:
        looked = ", ".join(repr(name) for name in dict.fromkeys(sync.name for sync in syncs))
        raise CommandError(f"{wanted} is not known to {looked}; what was delivered long ago may have been deleted.")
    print(json.dumps([as_json(each) for each in found], indent=2) if arguments.json else as_text(found))
    return 0
