"""`leadway state upgrade`: bring the tables of a state store to this version, before tasks do it."""

from __future__ import annotations

import typer

from leadway_provider.commands.airflow import logs_aside, use_airflow
from leadway_provider.commands.options import AsJson, StateConnId
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import open_chosen
from leadway_provider.exceptions import StateMissingError, StateVersionError


def upgrade(context: typer.Context, *, state_conn_id: StateConnId = None, as_json: AsJson = False) -> None:
    """Bring the state store's tables to this version.

    A run does that too, where its database user may change tables. Where that is an administrator's work, this command
    does it with the administrator's connection. Tables of a newer version are left alone, and are an error.
    """
    screen = screen_of(context)
    upgrades = not _is_current(state_conn_id)
    if upgrades:
        screen.interrupts.left = _left(state_conn_id)
        with open_chosen(state_conn_id):
            pass  # opening it upgrades it
    if as_json:
        screen.show_json({"upgraded": upgrades})
    else:
        screen.show("The state store was upgraded." if upgrades else "The state store is up to date.")


def _left(state_conn_id: str | None) -> str:
    """Return what a Ctrl-C leaves, also one that comes when all is done."""
    with logs_aside():
        from leadway_provider.hooks.database import is_upgraded_as_a_whole  # noqa: PLC0415 - it imports Airflow

        if is_upgraded_as_a_whole(state_conn_id):
            return "the tables were upgraded all together or not at all, and the same command can be given again"
    return "a part of the tables may be upgraded, and the same command does the rest"


def _is_current(state_conn_id: str | None) -> bool:
    use_airflow()
    with logs_aside():
        from leadway_provider.hooks.database import open_state_for_reading  # noqa: PLC0415 - it imports Airflow

        try:
            open_state_for_reading(state_conn_id).close()
        except (StateMissingError, StateVersionError):
            return False
    return True
