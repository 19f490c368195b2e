"""`leadway rejected`: print the rows that our validation or the CRM rejects now, with the reasons."""

from __future__ import annotations

from typing import Annotated

import typer

from leadway_provider.commands.error import ArgumentsError, CommandError
from leadway_provider.commands.layout import sync_json
from leadway_provider.commands.options import LAST, AsJson, Location, RunId, StateConnId, SyncName
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import find_syncs, open_chosen, open_for_reading
from leadway_provider.words import counted


def rejected(
    context: typer.Context,
    *,
    sync: SyncName = None,
    location: Location = None,
    run: RunId = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="CODE", help="Only rows with this reason.")] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=1, help="Show at most so many rows of each sync; 100 as text."),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV: a line for each row and reason.")] = False,
    as_json: AsJson = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Show nothing: let the next runs try all refused rows again.")
    ] = False,
    state_conn_id: StateConnId = None,
) -> None:
    """Show the rows that are rejected, and why.

    These are the rows that our validation found invalid, and those that the CRM refused, with how many more runs try
    them again. Rows are counted by reason first. No value of a contact is shown.
    """
    from leadway_provider.commands import rejection  # noqa: PLC0415 - other commands need no store

    if as_csv and as_json:
        raise ArgumentsError("give either --csv or --json.")
    if retry:
        if run or reason or limit or as_csv:
            raise ArgumentsError("--retry is for all refused rows: leave --run, --reason, --limit and --csv out.")
        _retry(context, sync, location, state_conn_id, as_json=as_json)
        return
    shown = limit or (None if as_csv or as_json else 100)
    with open_for_reading(state_conn_id) as reader:
        syncs = find_syncs(reader, sync, location)
        run_id = None if run == LAST else run
        if run_id:
            of_run = reader.runs().one(run_id)
            syncs = [each for each in syncs if of_run and each.id == of_run.sync_id]
            if not syncs:
                raise CommandError(f"the state store has no run {run_id!r} of the chosen syncs.")
        found = [
            rejection.rejections(reader, each, run_id=run_id, last_run=run == LAST, code=reason, limit=shown)
            for each in syncs
        ]
    screen = screen_of(context)
    if as_json:
        screen.show_json([rejection.as_json(each) for each in found])
    elif as_csv:
        screen.write(rejection.as_csv(found))
    else:
        screen.show(rejection.as_text(found))


def _retry(
    context: typer.Context, sync: str | None, location: str | None, state_conn_id: str | None, *, as_json: bool
) -> None:
    """Let the next runs try refused rows again, as the page's button does."""
    screen = screen_of(context)
    done = []
    with open_chosen(state_conn_id) as state:
        for each in find_syncs(state, sync, location):
            rows = state.syncs().retry_refused(each.id)
            done.append({**sync_json(each), "rows": rows})
            tried = counted(rows, "refused row")
            screen.show_line(
                f"Sync {each.name} to {each.location_id}: the next runs try {tried} again.", as_json=as_json
            )
    if as_json:
        screen.show_json(done)
