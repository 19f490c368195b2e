"""`leadway state forget-sync`: delete all that the state store has of a sync that is not used any more."""

from __future__ import annotations

from typing import Final

import typer

from leadway_provider.commands.interrupt import HALF_DELETED
from leadway_provider.commands.layout import sync_json
from leadway_provider.commands.lease import sync_lease
from leadway_provider.commands.options import AsJson, Force, Location, OneSync, StateConnId, Yes
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import find_syncs, open_chosen
from leadway_provider.words import counted

_HOLDER: Final = "leadway state forget-sync"


def forget_sync(
    context: typer.Context,
    *,
    sync: OneSync,
    location: Location = None,
    state_conn_id: StateConnId = None,
    yes: Yes = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Delete all that is stored of a sync, its runs and its ledger included.

    It is for a sync that is not used any more: afterwards `leadway syncs` and the page do not show it, and
    `leadway trace` finds nothing of it. No contact is changed.
    """
    screen = screen_of(context)
    rows: dict[int, int] = {}
    done = []

    with open_chosen(state_conn_id) as state:
        found = find_syncs(state, sync, location)
        for each in found:
            rows[each.id] = state.syncs().size(each.id).rows
            screen.show_line(
                f"Sync {each.name} to {each.location_id} at {each.host}: {counted(rows[each.id], 'row')}, with all "
                "runs and the ledger of their deliveries.",
                as_json=as_json,
            )
        if not yes:
            screen.require_yes("Delete all of this?", otherwise="Nothing was deleted.")
        for each in found:
            with sync_lease(state, each, screen, holder=_HOLDER, force=force) as held:
                screen.interrupts.left = HALF_DELETED
                state.syncs().delete(each.id, held.raise_if_cancelled)
            screen.show_line(f"Sync {each.name} to {each.location_id} is forgotten.", as_json=as_json)
            done.append({**sync_json(each), "rows": rows[each.id]})
    if as_json:
        screen.show_json(done)
