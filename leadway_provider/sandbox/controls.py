"""What people and tests use beside the API: the page, and `/_sandbox/…`. No token, no quota, not in the journal."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, Response

from leadway_provider.sandbox.faults import Fault
from leadway_provider.sandbox.page import contacts_page
from leadway_provider.sandbox.service import Service


def controls(service: Service) -> FastAPI:
    """Make the application that shows and steers a service."""
    app = FastAPI(title="Leadway sandbox", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/")
    async def page(location: str | None = None, page: int = 1) -> Response:
        """The contacts as a page for people."""
        account = service.accounts.get(location or service.settings.location_id, service.account)
        return HTMLResponse(contacts_page(service, account, page))

    @app.get("/_sandbox/contacts")
    async def contacts(location: str | None = None, offset: int = 0, limit: int = 1000) -> Response:
        """Contacts of one location as the API would return them, oldest first."""
        account = service.accounts.get(location or service.settings.location_id, service.account)
        chosen = account.contacts[max(offset, 0) :][: max(limit, 0)]
        found = [contact.as_json(account.location_id) for contact in chosen]
        return JSONResponse({"total": len(account), "contacts": found})

    @app.get("/_sandbox/statistics")
    async def statistics() -> Response:
        """Counts."""
        held = {location_id: len(account) for location_id, account in service.accounts.items()}
        return JSONResponse({"contacts": held, **service.journal.as_json()})

    @app.get("/_sandbox/calls")
    async def calls(limit: int = 1000) -> Response:
        """The last calls, oldest first: method, path, time and status."""
        last = list(service.journal.calls)[-limit:] if limit > 0 else []
        return JSONResponse({"total": service.journal.total, "calls": [record.as_json() for record in last]})

    @app.get("/_sandbox/faults")
    async def faults() -> list[dict[str, Any]]:
        """The programme of faults."""
        return service.faults.as_json()

    @app.post("/_sandbox/faults", status_code=201)
    async def add_faults(faults: list[Fault]) -> list[dict[str, Any]]:
        """Add to the programme of faults."""
        service.faults.add(*faults)
        return service.faults.as_json()

    @app.delete("/_sandbox/faults", status_code=204)
    async def clear_faults() -> None:
        """Let nothing go wrong any more."""
        service.faults.clear()

    @app.post("/_sandbox/reset", status_code=204)
    async def reset() -> None:
        """Be as if just started."""
        service.reset()

    return app
