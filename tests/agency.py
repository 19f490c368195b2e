"""The Airflow connection of an agency, which names no account."""

from __future__ import annotations

from typing import Any

from leadway_provider.sandbox.server import SandboxServer


def agency_connection(sandbox: SandboxServer, **extra: object) -> dict[str, Any]:
    """Return what the connection holds; `extra` is added to its extra."""
    settings = sandbox.settings
    return {
        "conn_type": "leadway",
        "host": sandbox.url,
        "login": settings.client_id,
        "password": settings.client_secret,
        "extra": {
            "auth": "agency",
            "company_id": settings.company_id,
            "refresh_token": settings.agency_refresh_token,
            **extra,
        },
    }
