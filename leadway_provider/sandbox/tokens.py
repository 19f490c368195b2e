"""Who may call: private integration tokens, and OAuth pairs whose refresh token is good for one use."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

ACCESS_LIFETIME = 86399.0
"""Seconds that an access token lives (documented)."""
REFRESH_LIFETIME = 365 * 86400.0
"""Seconds that an unused refresh token lives (documented)."""
REPEAT_GRACE = 30.0
"""Seconds in which a refresh token that was used gives the same pair again (documented)."""

UserType = Literal["Company", "Location"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token stands for: a location, or the company with all its locations.

    Attributes:
        user_type: the API's word for which of the two.
        location_id: the location; None for the company.
    """

    user_type: UserType
    location_id: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """An access token and the refresh token that came with it."""

    access_token: str
    refresh_token: str
    holder: Holder


@dataclass(slots=True, repr=False)
class _Refresh:
    holder: Holder
    expires_at: float
    used_at: float | None = None
    pair: Pair | None = None


class TokenRegistry:
    """Every token that the sandbox knows.

    Args:
        client_id: the OAuth app's id.
        client_secret: its secret.
        clock: seconds of a clock that never goes back.

    Attributes:
        access_lifetime: seconds that access tokens given from now on will live.
    """

    def __init__(self, client_id: str, client_secret: str, clock: Callable[[], float]) -> None:
        self.client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self.access_lifetime = ACCESS_LIFETIME
        self._private: dict[str, Holder] = {}
        self._access: dict[str, tuple[Holder, float]] = {}
        self._refresh: dict[str, _Refresh] = {}
        self._codes: dict[str, Holder] = {}

    def add_private(self, token: str, location_id: str) -> None:
        """Accept a private integration token for a location, as long as it is not revoked."""
        self._private[token] = Holder("Location", location_id)

    def add_refresh(self, token: str, holder: Holder) -> None:
        """Accept a refresh token once."""
        self._refresh[token] = _Refresh(holder, self._clock() + REFRESH_LIFETIME)

    def add_code(self, code: str, holder: Holder) -> None:
        """Accept an authorization code once."""
        self._codes[code] = holder

    def revoke(self, token: str) -> None:
        """Accept a token of any sort no longer."""
        self._private.pop(token, None)
        self._refresh.pop(token, None)
        if token in self._access:
            self._access[token] = (self._access[token][0], self._clock())

    def expire_access(self) -> None:
        """Let every access token that was given so far be expired."""
        now = self._clock()
        self._access = {token: (holder, now) for token, (holder, _) in self._access.items()}

    def is_client(self, client_id: str, client_secret: str) -> bool:
        """Whether these are the OAuth app's credentials."""
        return (client_id, client_secret) == (self.client_id, self._client_secret)

    def holder(self, token: str) -> Holder | None:
        """Whom a bearer token stands for now; None where it is unknown or expired."""
        if holder := self._private.get(token):
            return holder
        granted = self._access.get(token)
        return granted[0] if granted and self._clock() < granted[1] else None

    def was_access(self, token: str) -> bool:
        """Whether it is or ever was an access token of OAuth."""
        return token in self._access

    def exchange_code(self, code: str) -> Pair | None:
        """The first pair for an authorization code; None where it is unknown or used."""
        holder = self._codes.pop(code, None)
        return self._pair(holder) if holder else None

    def refresh(self, refresh_token: str) -> Pair | None:
        """A new pair; the same one again within the grace; None where the token is unknown, used or too old."""
        now = self._clock()
        entry = self._refresh.get(refresh_token)
        if entry is None or now >= entry.expires_at:
            return None
        if entry.used_at is not None:
            return entry.pair if now - entry.used_at <= REPEAT_GRACE else None
        entry.used_at = now
        entry.pair = self._pair(entry.holder)
        return entry.pair

    def grant_access(self, holder: Holder) -> str:
        """A new access token."""
        token = f"sandbox-access-{secrets.token_urlsafe(24)}"
        self._access[token] = (holder, self._clock() + self.access_lifetime)
        return token

    def _pair(self, holder: Holder) -> Pair:
        pair = Pair(self.grant_access(holder), f"sandbox-refresh-{secrets.token_urlsafe(24)}", holder)
        self.add_refresh(pair.refresh_token, holder)
        return pair
