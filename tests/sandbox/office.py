"""Calls of the API's endpoints without HTTP."""

from __future__ import annotations

from typing import Any

from leadway_provider.sandbox.call import Call
from leadway_provider.sandbox.routes import answer
from leadway_provider.sandbox.service import Service

LOCATION = "sandbox-location"
Answer = tuple[int, dict[str, Any]]


class Office:
    """Somebody who calls a service with one token.

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
    ) -> Answer:
        """Make any call."""
        holder = self.service.tokens.holder(self.token) if self.token else None
        call = Call(method, path, query or {}, self.token, self.version, holder, json, form or {})
        return answer(self.service, call)

    def upsert(self, **fields: object) -> Answer:
        """Upsert a contact of the first location."""
        return self.call("POST", "/contacts/upsert", {"locationId": LOCATION, **fields})

    def contact(self, **fields: object) -> dict[str, Any]:
        """Upsert a contact that can't be refused; what the answer says of it."""
        status, payload = self.upsert(**fields)
        assert status in (200, 201), payload
        contact: dict[str, Any] = payload["contact"]
        return contact
