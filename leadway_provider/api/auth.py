"""The sources of bearer tokens: a private integration token, an OAuth app, or an agency's token for one account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Protocol

from leadway_provider.api.call import Call
from leadway_provider.api.credentials import PrivateToken
from leadway_provider.api.oauth import Grant, OAuthToken, Sender, read_grant
from leadway_provider.clock import SYSTEM_CLOCK, Clock
from leadway_provider.exceptions import AccessDeniedError, AuthenticationError, ConnectionSettingsError, RefusedError


class TokenSource(Protocol):
    """Where the client gets the bearer token of each call."""

    async def bearer(self, send: Sender) -> str:
        """Return a token that is valid now.

        Args:
            send: sends the calls that are needed to get a token.

        Raises:
            AuthenticationError: no token can be had until a person acts.
            StateUnavailableError: the database that keeps the tokens is out of reach.
        """
        ...

    async def renew(self, send: Sender, refused: str) -> bool:
        """Replace a token that the API refused; return False where the connection has only that one.

        Calls whose token was refused at the same time cause one renewal. Raises the errors of `bearer`.

        Args:
            send: sends the calls that are needed to get a token.
            refused: the token that the API refused.
        """
        ...


class StaticToken:
    """A private integration token, which stays the same until a person changes the connection."""

    def __init__(self, credentials: PrivateToken) -> None:
        self._token = credentials.token

    async def bearer(self, send: Sender) -> str:  # noqa: ARG002 - no call is needed
        """See `TokenSource.bearer`."""
        return self._token.get_secret_value()

    async def renew(self, send: Sender, refused: str) -> bool:  # noqa: ARG002 - this is the only token
        """See `TokenSource.renew`."""
        return False


class AgencyToken:
    """An agency's access to one of its accounts: the agency's token is exchanged for a token of the account.

    Args:
        agency: the agency's own token.
        company_id: the agency.
        location_id: the account.
        conn_id: the Airflow connection, for messages.
        mask: called in a thread with each new token before the token is used.
        clock: the present.
        grants: the account's token by location, which the next client of the same account goes on with.
    """

    def __init__(
        self,
        agency: OAuthToken,
        *,
        company_id: str,
        location_id: str,
        conn_id: str,
        mask: Callable[[str], None] = lambda _secret: None,
        clock: Clock = SYSTEM_CLOCK,
        grants: MutableMapping[str, Grant] | None = None,
    ) -> None:
        self._agency = agency
        self._location_id = location_id
        self._form = {"companyId": company_id, "locationId": location_id}
        self._conn_id = conn_id
        self._mask = mask
        self._now = clock.now
        self._lock = asyncio.Lock()
        self._grants = {} if grants is None else grants

    async def bearer(self, send: Sender) -> str:
        """See `TokenSource.bearer`."""
        async with self._lock:
            grant = self._grants.get(self._location_id)
            if grant is None or self._now() >= grant.renew_at:
                grant = self._grants[self._location_id] = await self._exchanged(send)
            return grant.access_token

    async def renew(self, send: Sender, refused: str) -> bool:
        """See `TokenSource.renew`."""
        async with self._lock:
            grant = self._grants.get(self._location_id)
            if grant is None or grant.access_token == refused:
                self._grants[self._location_id] = await self._exchanged(send)
        return True

    async def _exchanged(self, send: Sender) -> Grant:
        bearer = await self._agency.bearer(send)
        try:
            grant = await self._exchange(send, bearer)
        except AuthenticationError:
            await self._agency.renew(send, bearer)
            grant = await self._exchange(send, await self._agency.bearer(send))
        await asyncio.to_thread(self._mask, grant.access_token)
        return grant

    async def _exchange(self, send: Sender, bearer: str) -> Grant:
        call = Call(
            "POST", "/oauth/locationToken", lambda answer: read_grant(answer.json, self._now()), form=self._form
        )
        try:
            return await send(call, bearer)
        except AccessDeniedError as error:
            raise AccessDeniedError(
                f"Connection {self._conn_id!r}: its token can't be exchanged for one of a location "
                f"({'; '.join(error.reasons)}). Its refresh token must come from connecting the app to the agency, "
                "with the scope oauth.write.",
                call=error.call,
                status=error.status,
                reasons=error.reasons,
            ) from None
        except RefusedError as error:
            reasons = "; ".join(error.reasons) or "no reason given"
        raise ConnectionSettingsError(
            f"Connection {self._conn_id!r}: agency {self._form['companyId']!r} gives no access to location "
            f"{self._form['locationId']!r} ({reasons}). Check the extra `company_id` and the id of the location, and "
            "that the app is installed there."
        )
