"""Secrets that are no ordinary words, so that they can be looked for: an account that has them, and its connections."""

from __future__ import annotations

from typing import Any, Final

from leadway_provider.sandbox.service import Settings

TOKEN: Final = "pit-41c9a7"
CLIENT_SECRET: Final = "client-secret-77ab1e"
REFRESH_TOKEN: Final = "refresh-token-90fe21"
AGENCY_TOKEN: Final = "agency-token-3d55c0"
WRONG: Final = "wrong-secret-b1e6d4"
"""What a connection says that was filled in wrongly."""
ALL: Final = frozenset({TOKEN, CLIENT_SECRET, REFRESH_TOKEN, AGENCY_TOKEN, WRONG})

CONNECTIONS: Final[dict[str, dict[str, Any]]] = {
    "token": {"password": TOKEN},
    "oauth": {"password": CLIENT_SECRET, "extra": {"auth": "oauth", "refresh_token": REFRESH_TOKEN}},
    "agency": {
        "password": CLIENT_SECRET,
        "extra": {"auth": "agency", "refresh_token": AGENCY_TOKEN, "company_id": "sandbox-company"},
    },
}
"""One connection of each kind; its login is `sandbox-client`."""

SETTINGS: Final = Settings(
    token=TOKEN,
    client_secret=CLIENT_SECRET,
    refresh_token=REFRESH_TOKEN,
    agency_refresh_token=AGENCY_TOKEN,
    burst=None,
    daily=None,
)
