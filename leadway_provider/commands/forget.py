"""`leadway forget`: delete what is stored of a person, in the CRM too where that is asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from leadway_provider.commands.error import ArgumentsError
from leadway_provider.commands.options import AsJson, Location, StateConnId, SyncName, Yes
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import find_syncs, open_chosen


def forget(
    context: typer.Context,
    *,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="K", help='The source key. One of several columns is a JSON list: ["DE","17"].'),
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option("--contact", metavar="ID", help="The contact's id in the CRM: all keys that live on it."),
    ] = None,
    sync: SyncName = None,
    location: Location = None,
    in_crm: Annotated[bool, typer.Option("--in-crm", help="Delete the person's contacts in the CRM, too.")] = False,
    leadway_conn_id: Annotated[
        str, typer.Option("--leadway-conn-id", metavar="ID", help="With --in-crm: the account's connection.")
    ] = "leadway_default",
    yes: Yes = False,
    as_json: AsJson = False,
    state_conn_id: StateConnId = None,
) -> None:
    """Delete all that is stored of a person, and let the sync leave the key alone from now on.

    Rows, claims, outbox, ledger and snapshots have nothing of the person afterwards. A record without the key and the
    contact shows that it was done. Rows of the source with that key are skipped until `leadway remember`.
    """
    from leadway_provider.commands import forgetting  # noqa: PLC0415 - other commands need no store

    if (key is None) == (contact is None):
        raise ArgumentsError("give either --key or --contact.")
    screen = screen_of(context)
    with open_chosen(state_conn_id) as state:
        chosen = find_syncs(state, sync, location)
        if key is not None:
            persons = forgetting.with_key(state, chosen, key, anywhere=sync is not None)
        else:
            persons = forgetting.on_contact(state, chosen, contact or "")
        forgetting.refuse_shared(persons, in_crm=in_crm)
        if not as_json:
            screen.show(forgetting.as_text(persons))
        if not yes:
            question = "Delete the contacts in the CRM, and all of this?" if in_crm else "Delete all of this?"
            screen.require_yes(question, otherwise="Nothing was deleted.")
        done = forgetting.erase(state, persons, screen, leadway_conn_id=leadway_conn_id if in_crm else None)
    if as_json:
        screen.show_json([each.as_json() for each in done])
    else:
        screen.show("\n".join(each.as_text() for each in done))
