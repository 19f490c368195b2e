"""The accepted tokens: private integration tokens, and OAuth pairs whose refresh token can be used once."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

ACCESS_LIFETIME = 86399.0
"""The seconds for which an access token is valid (documented)."""
REFRESH_LIFETIME = 365 * 86400.0
"""The seconds for which an unused refresh token is valid (documented)."""
REPEAT_GRACE = 30.0
"""The seconds in which a used refresh token returns the same pair again (documented)."""

UserType = Literal["Company", "Location"]


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The holder of a token: a location, or the company with all its locations.

    Attributes:
        user_type: which of the two, as the API names it.
        location_id: the location; None for the company.
    """

    user_type: UserType
    location_id: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class TokenPair:
    """An access token and the refresh token that came with it."""

    access_token: str
    refresh_token: str
    holder: TokenHolder


@dataclass(slots=True, repr=False)
class _Refresh:
    holder: TokenHolder
    expires_at: float
    used_at: float | None = None
    pair: TokenPair | None = None


class TokenRegistry:
    """Every token that the sandbox accepts or has accepted.

    Args:
        client_id: the OAuth app's id.
        client_secret: the OAuth app's secret.
        clock: returns seconds of a clock that never goes back.

    Attributes:
        access_lifetime: the seconds for which new access tokens are valid.
    """

    def __init__(self, client_id: str, client_secret: str, clock: Callable[[], float]) -> None:
        self.client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self.access_lifetime = ACCESS_LIFETIME
        self._private: dict[str, TokenHolder] = {}
        self._access: dict[str, tuple[TokenHolder, float]] = {}
        self._refresh: dict[str, _Refresh] = {}
        self._codes: dict[str, TokenHolder] = {}

    def add_private(self, token: str, location_id: str) -> None:
        """Accept a private integration token for a location until it is revoked."""
        self._private[token] = TokenHolder("Location", location_id)

    def add_refresh(self, token: str, holder: TokenHolder) -> None:
        """Accept a refresh token for one use."""
        self._refresh[token] = _Refresh(holder, self._clock() + REFRESH_LIFETIME)

    def add_code(self, code: str, holder: TokenHolder) -> None:
        """Accept an authorization code for one use."""
        self._codes[code] = holder

    def unused_refresh_tokens(self) -> dict[str, TokenHolder]:
        """Return the refresh tokens that can still be used."""
        now = self._clock()
        return {
            token: entry.holder
            for token, entry in self._refresh.items()
            if entry.used_at is None and now < entry.expires_at
        }

    def revoke(self, token: str) -> None:
        """Accept a token of any kind no longer."""
        self._private.pop(token, None)
        self._refresh.pop(token, None)
        if token in self._access:
            self._access[token] = (self._access[token][0], self._clock())

    def expire_access(self) -> None:
        """Let every access token that was granted so far expire now."""
        now = self._clock()
        self._access = {token: (holder, now) for token, (holder, _) in self._access.items()}

    def is_client(self, client_id: str, client_secret: str) -> bool:
        """Return True if these are the OAuth app's credentials."""
        return (client_id, client_secret) == (self.client_id, self._client_secret)

    def holder(self, token: str) -> TokenHolder | None:
        """Return the holder of a bearer token; None if the token is unknown or expired."""
        if holder := self._private.get(token):
            return holder
        granted = self._access.get(token)
        return granted[0] if granted and self._clock() < granted[1] else None

    def was_access(self, token: str) -> bool:
        """Return True if this is or was an OAuth access token."""
        return token in self._access

    def exchange_code(self, code: str) -> TokenPair | None:
        """Return the first pair for an authorization code; None if the code is unknown or used."""
        holder = self._codes.pop(code, None)
        return self._pair(holder) if holder else None

    def refresh(self, refresh_token: str) -> TokenPair | None:
        """Return a new pair, or the same one within `REPEAT_GRACE`; None if the token is unknown, used or expired."""
        now = self._clock()
        entry = self._refresh.get(refresh_token)
        if entry is None or now >= entry.expires_at:
            return None
        if entry.used_at is not None:
            return entry.pair if now - entry.used_at <= REPEAT_GRACE else None
        entry.used_at = now
        entry.pair = self._pair(entry.holder)
        return entry.pair

    def grant_access(self, holder: TokenHolder) -> str:
        """Return a new access token."""
        token = f"sandbox-access-{secrets.token_urlsafe(24)}"
        self._access[token] = (holder, self._clock() + self.access_lifetime)
        return token

    def _pair(self, holder: TokenHolder) -> TokenPair:
        pair = TokenPair(self.grant_access(holder), f"sandbox-refresh-{secrets.token_urlsafe(24)}", holder)
        self.add_refresh(pair.refresh_token, holder)
        return pair
