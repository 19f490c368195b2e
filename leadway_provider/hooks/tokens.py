"""The tokens of a connection, and the database that keeps those that rotate."""

from __future__ import annotations

import weakref
from functools import cached_property
from typing import TYPE_CHECKING

from leadway_provider.hooks.secrecy import decrypt, encrypt, mask

if TYPE_CHECKING:
    from leadway_provider.api.auth import TokenSource
    from leadway_provider.api.credentials import OAuthApp
    from leadway_provider.api.oauth import Grant, OAuthToken
    from leadway_provider.api.settings import ConnectionSettings
    from leadway_provider.clock import Clock
    from leadway_provider.store.state import StateStore


class ConnectionTokens:
    """Makes the sources of tokens of one connection's clients, of which each is of one event loop.

    Hooks of several accounts of an agency share one: the database is opened once, and a token that the agency's was
    exchanged for is used by the account's next client too.

    Args:
        state_conn_id: the connection of the database that keeps tokens; None is the default.
        clock: the time that tokens go by.
    """

    def __init__(self, state_conn_id: str | None, clock: Clock) -> None:
        self._state_conn_id = state_conn_id
        self._clock = clock
        self._grants: dict[str, Grant] = {}

    def source(self, settings: ConnectionSettings) -> TokenSource:
        """Return a new source of tokens for the account of these settings.

        Raises:
            ConnectionSettingsError: the settings name no account, or the database can't be used.
            StateUnavailableError: the database that keeps rotating tokens is out of reach.
        """
        from leadway_provider.api.auth import AgencyToken, StaticToken  # noqa: PLC0415 - a DAG file needs no pydantic
        from leadway_provider.api.credentials import PrivateToken  # noqa: PLC0415 - the same

        credentials = settings.credentials
        if isinstance(credentials, PrivateToken):
            return StaticToken(credentials)
        location_id = settings.account()
        own = self.of_app(settings, credentials)
        if credentials.company_id is None:
            return own
        return AgencyToken(
            own,
            company_id=credentials.company_id,
            location_id=location_id,
            conn_id=settings.conn_id,
            mask=mask,
            clock=self._clock,
            grants=self._grants,
        )

    def of_app(self, settings: ConnectionSettings, app: OAuthApp) -> OAuthToken:
        """Return the app's own token: of the account, or of the agency, that it is connected to."""
        from leadway_provider.api.oauth import OAuthToken  # noqa: PLC0415 - a DAG file needs no pydantic

        store = self._state.tokens(encrypt, decrypt)
        return OAuthToken(app, store, conn_id=settings.conn_id, host=settings.base_url, mask=mask, clock=self._clock)

    def close(self) -> None:
        """Close the database, if it is open; it is opened again if it is needed again."""
        if (state := self.__dict__.get("_state")) is not None:
            state.close()

    @cached_property
    def _state(self) -> StateStore:
        from leadway_provider.hooks.database import open_state  # noqa: PLC0415 - a DAG file needs no SQLAlchemy

        encrypt("")  # fails without a key, before a refresh token is used up for tokens that can't be stored
        state = open_state(self._state_conn_id)
        weakref.finalize(self, state.close)
        return state
