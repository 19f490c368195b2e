"""`leadway locations`: print the accounts that a connection reaches."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from leadway_provider.commands.account import open_account
from leadway_provider.commands.layout import columns, printed
from leadway_provider.commands.options import AsJson, LeadwayConnId
from leadway_provider.commands.screen import screen_of

if TYPE_CHECKING:
    from leadway_provider.hooks.leadway import LeadwayHook


def locations(
    context: typer.Context, *, leadway_conn_id: LeadwayConnId = "leadway_default", as_json: AsJson = False
) -> None:
    """Show the accounts that a connection reaches.

    For an agency's connection these are the accounts in which its app is installed; for any other one, its account.
    """
    screen = screen_of(context)
    with screen.waiting("Asking for the accounts"), open_account(leadway_conn_id, None) as hook:
        found = _locations(hook)
    if as_json:
        screen.show_json([{"location_id": location_id, "name": name or None} for location_id, name in found])
    elif found:
        screen.show(printed(columns(("location id", "name"), found)))
    else:
        screen.show("The agency's app is installed in no account.")


def _locations(hook: LeadwayHook) -> list[tuple[str, str]]:
    """Return location ids and names; the name is blank where the token may not read it."""
    from leadway_provider.api.credentials import OAuthApp  # noqa: PLC0415 - `leadway --help` needs none of this
    from leadway_provider.exceptions import ApiError  # noqa: PLC0415 - the same

    credentials = hook.settings.credentials
    if isinstance(credentials, OAuthApp) and credentials.company_id is not None:
        return sorted((each.id, each.name) for each in hook.installed_locations())
    hook.get_custom_fields()  # proves the token; the account's name needs a scope that a sync does not need
    name = ""
    with suppress(ApiError):
        name = hook.get_location().name or ""
    return [(hook.settings.account(), name)]
