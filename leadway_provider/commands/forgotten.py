"""`leadway forgotten`: print when persons were forgotten, and how much was deleted."""

from __future__ import annotations

import typer

from leadway_provider.commands.layout import sync_json
from leadway_provider.commands.options import AsJson, Location, StateConnId, SyncName
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import find_syncs, open_chosen
from leadway_provider.printable import printable
from leadway_provider.words import counted, time_text


def forgotten(
    context: typer.Context,
    *,
    sync: SyncName = None,
    location: Location = None,
    as_json: AsJson = False,
    state_conn_id: StateConnId = None,
) -> None:
    """Show when persons were forgotten, and how much was deleted of each.

    The record has no key and no contact, so nobody can see here who they were.
    """
    with open_chosen(state_conn_id) as state:
        records = state.forgotten().records([each.id for each in find_syncs(state, sync, location)])
    screen = screen_of(context)
    if as_json:
        screen.show_json(
            [
                {
                    **sync_json(each.sync),
                    "forgotten_at": each.forgotten_at.isoformat(),
                    "remembered_at": each.remembered_at.isoformat() if each.remembered_at else None,
                    **each.counts,
                }
                for each in records
            ]
        )
        return
    lines = []
    for each in records:
        since = f", and remembered at {time_text(each.remembered_at)}" if each.remembered_at else ""
        lines.append(
            f"{time_text(each.forgotten_at)}  sync {each.sync.name} to {each.sync.location_id}: "
            f"{counted(each.counts['rows'], 'row')}, {each.counts['deliveries']:,} in the ledger, "
            f"{counted(each.counts['contacts_deleted'], 'contact')} in the CRM{since}"
        )
    screen.show("\n".join(map(printable, lines)) or "Nobody was forgotten.")
