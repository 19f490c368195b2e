"""`leadway trace`: print what was delivered of a source row, or to a contact, by which run and from which columns."""

from __future__ import annotations

import argparse
import json

from leadway_provider.commands.error import CommandError
from leadway_provider.commands.state import add_state_options, find_syncs, open_for_reading


def add_trace(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "trace",
        help="show the history of one contact",
        description="Show the history of one contact: the present state of its row, and each delivery with its run, "
        "the columns that were sent and the CRM's answer. The ledger keeps no values, so none are shown.",
    )
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--key", metavar="K", help='the source key; one of several columns is a JSON list: ["DE","17"]')
    which.add_argument("--contact", metavar="ID", help="the contact's id in the CRM")
    command.add_argument("--sync", metavar="NAME", help="only this sync")
    add_state_options(command)
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_trace, name="trace")


def _trace(arguments: argparse.Namespace) -> int:
    from leadway_provider.commands.history import as_json, as_text, histories  # noqa: PLC0415 - others need no store

    with open_for_reading(arguments) as reader:
        syncs = find_syncs(reader, arguments.sync, arguments.location)
        found = histories(reader.history(), syncs, key=arguments.key, contact_id=arguments.contact)
    if not found:
        wanted = f"key {arguments.key!r}" if arguments.key is not None else f"contact {arguments.contact!r}"
        searched = ", ".join(repr(name) for name in dict.fromkeys(sync.name for sync in syncs))
        raise CommandError(
            f"{wanted} is not in the state of {searched}; the ledger's old entries may have been deleted."
        )
    print(json.dumps([as_json(each) for each in found], indent=2) if arguments.json else as_text(found))
    return 0
