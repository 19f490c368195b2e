"""`leadway trace`: print what was delivered of a source row, or to a contact, by which run and from which columns."""

from __future__ import annotations

from typing import Annotated

import typer

from leadway_provider.commands.error import CommandError
from leadway_provider.commands.options import AsJson, Location, RunId, StateConnId, SyncName
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import chosen_run, find_syncs, open_for_reading


def trace(
    context: typer.Context,
    *,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="K", help='The source key. One of several columns is a JSON list: ["DE","17"].'),
    ] = None,
    contact: Annotated[
        str | None, typer.Option("--contact", metavar="ID", help="The contact's id in the CRM, in place of --key.")
    ] = None,
    sync: SyncName = None,
    location: Location = None,
    run: RunId = None,
    state_conn_id: StateConnId = None,
    as_json: AsJson = False,
) -> None:
    """Show the history of one contact.

    That is the present state of its row, and each delivery with its run, the columns that were sent and the CRM's
    answer. The ledger keeps no values, so none are shown.
    """
    from leadway_provider.commands.history import as_json as written  # noqa: PLC0415 - others need no store
    from leadway_provider.commands.history import as_text, histories, of_run  # noqa: PLC0415 - the same

    if (key is None) == (contact is None):
        raise typer.BadParameter("Give either --key or --contact.", ctx=context)
    with open_for_reading(state_conn_id) as reader:
        syncs = find_syncs(reader, sync, location)
        found = histories(reader.history(), syncs, key=key, contact_id=contact or "")
        if run is not None:
            found = [of_run(each, chosen_run(reader, each.traced.sync, run)) for each in found]
    if not found:
        wanted = f"key {key!r}" if key is not None else f"contact {contact!r}"
        searched = ", ".join(repr(name) for name in dict.fromkeys(each.name for each in syncs))
        raise CommandError(
            f"{wanted} is not in the state of {searched}; the ledger's old entries may have been deleted."
        )
    screen = screen_of(context)
    if as_json:
        screen.show_json([written(each) for each in found])
    else:
        screen.show(as_text(found))
