"""What an agency's connection can do beside its accounts: list them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.credentials import OAuthApp
from leadway_provider.api.installed import InstalledLocation, installed_call
from leadway_provider.exceptions import ConnectionSettingsError
from leadway_provider.hooks.session import Session

if TYPE_CHECKING:
    from leadway_provider.api.auth import TokenSource
    from leadway_provider.api.settings import ConnectionSettings
    from leadway_provider.clock import Clock


def names_no_account(settings: ConnectionSettings) -> bool:
    """Return True if a connection is an agency's and leaves the account to each task."""
    app = settings.credentials
    return isinstance(app, OAuthApp) and app.company_id is not None and not settings.location_id


def installed_locations(
    settings: ConnectionSettings, token_of: Callable[[OAuthApp], TokenSource], *, clock: Clock
) -> list[InstalledLocation]:
    """Return the accounts in which an agency's app is installed; it blocks.

    Args:
        settings: the agency's connection.
        token_of: returns the source of the agency's own token.
        clock: the time that calls and tokens go by.

    Raises:
        ConnectionSettingsError: the connection is not an agency's.
    """
    app = settings.credentials
    if not isinstance(app, OAuthApp) or app.company_id is None:
        raise ConnectionSettingsError(
            f"Connection {settings.conn_id!r} is not an agency's: only an OAuth app that an agency is connected to "
            "(extra `auth` = agency) can list accounts."
        )
    company_id, app_id = app.company_id, _app_id(app)

    async def pages(client: LeadwayClient) -> list[InstalledLocation]:
        found: list[InstalledLocation] = []
        before: str | None = "0"
        while before is not None:
            page = await client.send(installed_call(company_id, app_id, before, is_v3=client.is_v3))
            found.extend(page.locations)
            before = page.after
        return found

    # A client is one account's; these calls name no account, so it stands in the agency's name.
    client = LeadwayClient(settings, tokens=token_of(app), location_id=company_id, clock=clock)
    with closing(Session(client)) as session:
        return session.run(pages)


def _app_id(app: OAuthApp) -> str:
    """Return the app's id: a client id is that and a suffix behind a hyphen (observed)."""
    return app.client_id.partition("-")[0]
