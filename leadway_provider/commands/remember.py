"""`leadway remember`: let a sync send a key again that it has forgotten."""

from __future__ import annotations

from typing import Annotated

import typer

from leadway_provider.commands.error import CommandError
from leadway_provider.commands.layout import sync_json
from leadway_provider.commands.options import AsJson, Location, OneSync, StateConnId
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import find_syncs, open_chosen
from leadway_provider.printable import printable


def remember(
    context: typer.Context,
    *,
    key: Annotated[str, typer.Option("--key", metavar="K", help="The source key, as `leadway forget` was given it.")],
    sync: OneSync,
    location: Location = None,
    state_conn_id: StateConnId = None,
    as_json: AsJson = False,
) -> None:
    """Let the next runs send a forgotten key again: they take its row for a new one.

    What was deleted does not come back. The record that it was forgotten stays, with the time of this command.
    """
    from leadway_provider.hooks.forgotten import key_hasher  # noqa: PLC0415 - `leadway --help` needs no store

    with open_chosen(state_conn_id) as state:
        found = find_syncs(state, sync, location)
        remembered = [
            each
            for each in found
            if state.forgotten().remember([each.id], key_hasher(state, sync, each.host).hash(key))
        ]
    if not remembered:
        raise CommandError(f"sync {sync!r} has not forgotten key {key!r}.")
    screen = screen_of(context)
    if as_json:
        screen.show_json([sync_json(each) for each in remembered])
    else:
        screen.show(printable(f"Sync {sync}: the next runs send key {key} again."))
