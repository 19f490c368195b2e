"""`leadway revert`: write contacts back as they were before a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from leadway_provider.commands.error import CommandError
from leadway_provider.commands.options import AsJson, LeadwayConnId, StateConnId, Yes
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import open_chosen

if TYPE_CHECKING:
    from leadway_provider.commands.revert_plan import RevertPlan


def revert(
    context: typer.Context,
    *,
    run: Annotated[str, typer.Option("--run", metavar="ID", help="The run, which had keep_before=True.")],
    created: Annotated[bool, typer.Option("--created", help="Delete the contacts that the run created, too.")] = False,
    leadway_conn_id: LeadwayConnId = "leadway_default",
    yes: Yes = False,
    as_json: AsJson = False,
    state_conn_id: StateConnId = None,
) -> None:
    """Write the contacts of a run back as they were before it.

    Fields that somebody has changed since the run are left as they are. It is a run of its own, which goes on where it
    was when the command is given again. The sync's next run sends what the source says again.
    """
    from leadway_provider.commands import reverting  # noqa: PLC0415 - other commands need no store

    screen = screen_of(context)
    with open_chosen(state_conn_id) as state:
        found = state.reader().runs().one(run)
        if found is None:
            raise CommandError(f"the state store has no run {run!r}; `leadway runs` lists them.")
        [sync] = [each for each in state.syncs().known() if each.id == found.sync_id]

        def confirm(planned: RevertPlan) -> None:
            if not as_json:
                screen.show(planned.as_text())
            if not yes:
                screen.require_yes("Write this to the CRM?", otherwise="Nothing was written.")

        done = reverting.revert_run(state, screen, sync, run, leadway_conn_id, created=created, confirm=confirm)
    if as_json:
        screen.show_json(done.as_json())
    else:
        screen.show(done.as_text())
