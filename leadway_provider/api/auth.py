"""Where the bearer token of a call comes from: a token that stays, an app's own, or an agency's for one account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from leadway_provider.api.calls import Call
from leadway_provider.api.credentials import PrivateToken
from leadway_provider.api.oauth import Ask, Grant, OAuthToken, read_grant
from leadway_provider.exceptions import AccessDeniedError, AuthenticationError, ConnectionSettingsError, RefusedError


class TokenSource(Protocol):
    """What the client asks for the bearer token of each call."""

    async def bearer(self, ask: Ask) -> str:
        """A token that is good now; `ask` sends what has to be sent to get it.

        Raises:
            AuthenticationError: none can be had until a person acts.
            StateUnavailableError: the place where tokens are kept is out of reach.
        """
        ...

    async def renew(self, ask: Ask, refused: str) -> bool:
        """The API refused that token: have another one ready. False where there is no other.

        Calls whose token was refused at the same time cause one renewal; raises as `bearer` does.
        """
        ...


class StaticToken:
    """A private integration token: there is no other until a person changes the connection."""

    def __init__(self, credentials: PrivateToken) -> None:
        self._token = credentials.token

    async def bearer(self, ask: Ask) -> str:  # noqa: ARG002 - nothing has to be asked
        """See `TokenSource.bearer`."""
        return self._token.get_secret_value()

    async def renew(self, ask: Ask, refused: str) -> bool:  # noqa: ARG002 - nothing can be done
        """See `TokenSource.renew`."""
        return False


class AgencyToken:
    """An agency's access to one of its accounts: the agency's token is exchanged for one of the account.

    Args:
        agency: the agency's own token.
        company_id: the agency.
        location_id: the account.
        conn_id: the Airflow connection, for messages.
        tell_secret: is told of each new token before it is used, in a thread.
        now: the time in UTC.
    """

    def __init__(
        self,
        agency: OAuthToken,
        *,
        company_id: str,
        location_id: str,
        conn_id: str,
        tell_secret: Callable[[str], None] = lambda _secret: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._agency = agency
        self._form = {"companyId": company_id, "locationId": location_id}
        self._conn_id = conn_id
        self._tell_secret = tell_secret
        self._now = now
        self._lock = asyncio.Lock()
        self._grant: Grant | None = None

    async def bearer(self, ask: Ask) -> str:
        """See `TokenSource.bearer`."""
        async with self._lock:
            if self._grant is None or self._now() >= self._grant.renew_at:
                self._grant = await self._exchanged(ask)
            return self._grant.access_token

    async def renew(self, ask: Ask, refused: str) -> bool:
        """See `TokenSource.renew`."""
        async with self._lock:
            if self._grant is None or self._grant.access_token == refused:
                self._grant = await self._exchanged(ask)
        return True

    async def _exchanged(self, ask: Ask) -> Grant:
        bearer = await self._agency.bearer(ask)
        try:
            grant = await self._ask(ask, bearer)
        except AuthenticationError:
            await self._agency.renew(ask, bearer)
            grant = await self._ask(ask, await self._agency.bearer(ask))
        await asyncio.to_thread(self._tell_secret, grant.access_token)
        return grant

    async def _ask(self, ask: Ask, bearer: str) -> Grant:
        call = Call(
            "POST",
            "/oauth/locationToken",
            "/oauth/locationToken",
            lambda body: read_grant(body, self._now()),
            form=self._form,
        )
        try:
            return await ask(call, bearer)
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
            f"{self._form['locationId']!r} ({reasons}). Check the extra `company_id` and the location's id, and that "
            "the app is installed there."
        )
