"""Addresses of the CRM's app.

They are those of its pages as they were observed; the API's documentation does not name them.
"""

from __future__ import annotations

from urllib.parse import quote


def contact_url(app_url: str, location_id: str, contact_id: str) -> str:
    """Return the address of a contact."""
    return f"{_account(app_url, location_id)}/contacts/detail/{quote(contact_id, safe='')}"


def contacts_url(app_url: str, location_id: str) -> str:
    """Return the address of the list of an account's contacts."""
    return f"{_account(app_url, location_id)}/contacts/smart_list/All"


def _account(app_url: str, location_id: str) -> str:
    return f"{app_url.rstrip('/')}/v2/location/{quote(location_id, safe='')}"
