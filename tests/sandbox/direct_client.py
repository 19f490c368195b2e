"""A client of a sandbox that calls the endpoints without HTTP."""

from __future__ import annotations

from typing import Any

from leadway_provider.sandbox.request import JsonAnswer, Request
from leadway_provider.sandbox.routes import answer
from leadway_provider.sandbox.service import Service, Settings

LOCATION = "sandbox-location"


class DirectClient:
    """A client that calls a service with one token.

    Args:
        service: what is called.

    Attributes:
        service: as given.
        token: the bearer token of the next calls.
        version: their `Version` header.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.token: str | None = "sandbox-token"
        self.version: str | None = "2021-07-28"

    def call(
        self,
        method: str,
        path: str,
        json: object = None,
        *,
        query: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> JsonAnswer:
        """Make any call."""
        holder = self.service.tokens.holder(self.token) if self.token else None
        request = Request(method, path, query or {}, self.token, self.version, holder, json, form or {})
        return answer(self.service, request)

    def upsert(self, **fields: object) -> JsonAnswer:
        """Upsert a contact of the first location."""
        return self.call("POST", "/contacts/upsert", {"locationId": LOCATION, **fields})

    def update(self, contact_id: str, **fields: object) -> JsonAnswer:
        """Update the contact of an id."""
        return self.call("PUT", f"/contacts/{contact_id}", fields)

    def search(self, **choices: object) -> JsonAnswer:
        """Search the contacts of the first location, 100 on a page unless `pageLimit` says otherwise."""
        return self.call("POST", "/contacts/search", {"locationId": LOCATION, "pageLimit": 100, **choices})

    def contact(self, **fields: object) -> dict[str, Any]:
        """Upsert a contact that is accepted, and return it as the answer shows it."""
        status, payload = self.upsert(**fields)
        assert status in (200, 201), payload
        contact: dict[str, Any] = payload["contact"]
        return contact


def api_with(**settings: Any) -> DirectClient:
    """Return a client of a sandbox with these settings."""
    return DirectClient(Service(Settings(**settings)))
