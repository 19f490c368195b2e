"""`leadway state reset`: delete what the state store has of a sync, so that its next run sends every row again."""

from __future__ import annotations

from typing import Final

import typer

from leadway_provider.commands.interrupt import HALF_DELETED
from leadway_provider.commands.lease import sync_lease
from leadway_provider.commands.options import Force, Location, OneSync, StateConnId, Yes
from leadway_provider.commands.screen import Screen, screen_of
from leadway_provider.commands.state import find_syncs, open_chosen
from leadway_provider.printable import printable

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
            _show(
                screen,
                f"Sync {each.name} to {each.location_id} at {each.host}: {size.rows:,} rows, {size.claims:,} "
                f"claims on e-mails and phones, {size.waiting:,} rows in the outbox. After a reset, the next run "
                "sends every row.",
            )
        if not yes:
            screen.require_yes("Delete this?", otherwise="Nothing was deleted.")
        for each in found:
            with sync_lease(state, each, screen, holder=HOLDER, force=force) as held:
                screen.interrupts.left = HALF_DELETED
                forgotten = state.syncs().forget(each.id, held.raise_if_cancelled)
            _show(screen, f"Sync {each.name} to {each.location_id}: {forgotten:,} rows forgotten.")


def _show(screen: Screen, line: str) -> None:
    """Print a line with names that others wrote."""
    screen.show(printable(line))
