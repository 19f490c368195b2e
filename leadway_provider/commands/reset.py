"""`leadway state reset`: delete what the state store has of a sync, so that its next run sends every row again."""

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

HOLDER: Final = "leadway state reset"
"""The holder of the lease, as other runs of the sync see it."""


def reset(
    context: typer.Context,
    *,
    sync: OneSync,
    location: Location = None,
    state_conn_id: StateConnId = None,
    yes: Yes = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Delete what is stored of a sync's rows, so that it sends every row again.

    No contact is changed, and the runs and the ledger are kept. Of rows that have departed from the source, it is no
    longer known which contacts the sync wrote for them.
    """
    screen = screen_of(context)

    with open_chosen(state_conn_id) as state:
        found = find_syncs(state, sync, location)
        for each in found:
            size = state.syncs().size(each.id)
            screen.show_line(
                f"Sync {each.name} to {each.location_id} at {each.host}: {counted(size.rows, 'row')}, "
                f"{counted(size.claims, 'claim')} on e-mails and phones, {counted(size.waiting, 'row')} in the "
                "outbox. After a reset, the next run sends every row.",
                as_json=as_json,
            )
        if not yes:
            screen.require_yes("Delete this?", otherwise="Nothing was deleted.")
        done = []
        for each in found:
            with sync_lease(state, each, screen, holder=HOLDER, force=force) as held:
                screen.interrupts.left = HALF_DELETED
                forgotten = state.syncs().forget(each.id, held.raise_if_cancelled)
            screen.show_line(
                f"Sync {each.name} to {each.location_id}: {counted(forgotten, 'row')} forgotten.", as_json=as_json
            )
            done.append({**sync_json(each), "rows": forgotten})
    if as_json:
        screen.show_json(done)
