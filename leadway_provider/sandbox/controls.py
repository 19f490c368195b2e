"""The page and the endpoints `/_sandbox/…`, for people and tests: without token and quota, and not in the journal."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from leadway_provider.sandbox.account import SandboxAccount
from leadway_provider.sandbox.faults import Fault
from leadway_provider.sandbox.page import View, contacts_page
from leadway_provider.sandbox.service import Service


class Habits(BaseModel):
    """The habits of a location that may be changed while it is served. A habit that is not sent stays as it is."""

    model_config = ConfigDict(extra="forbid")

    allow_duplicates: bool | None = None
    refuses_taken_identities: bool | None = None
    clears_identities: bool | None = None


class Merge(BaseModel):
    """The ids of a contact and of the one into which it is merged."""

    model_config = ConfigDict(extra="forbid")

    contact_id: str
    into: str


def controls(service: Service) -> FastAPI:
    """Return the application that shows and controls a service."""
    app = FastAPI(title="Leadway sandbox", docs_url=None, redoc_url=None, openapi_url=None)
    _add_contacts(app, service)
    _add_counts(app, service)
    _add_faults(app, service)

    @app.exception_handler(RequestValidationError)
    async def refuse(_request: Request, error: RequestValidationError) -> Response:
        """Return what is wrong without the values, because JSON can't express every one of them."""
        reasons = [{"loc": each["loc"], "msg": each["msg"]} for each in error.errors()]
        return JSONResponse({"detail": reasons}, 422)

    @app.post("/_sandbox/reset", status_code=204)
    async def reset() -> None:
        """Bring everything back to how it was at the start."""
        service.reset()

    return app


def _account(service: Service, location: str | None) -> SandboxAccount:
    return service.accounts.get(location or service.settings.location_id, service.account)


def _add_contacts(app: FastAPI, service: Service) -> None:
    """Add the endpoints of one location's contacts; it is the first location unless another is named."""

    @app.get("/")
    async def page(
        location: str | None = None, page: int = 1, search: str = "", refresh: Annotated[int, Query(ge=0)] = 0
    ) -> Response:
        """Return the contacts as a page for people."""
        return HTMLResponse(contacts_page(service, _account(service, location), View(page, search, refresh)))

    @app.get("/_sandbox/contacts")
    async def contacts(location: str | None = None, offset: int = 0, limit: int = 1000) -> Response:
        """Return the contacts in the form of the API, oldest first."""
        account = _account(service, location)
        chosen = account.contacts[max(offset, 0) :][: max(limit, 0)]
        found = [contact.as_json(account.location_id) for contact in chosen]
        return JSONResponse({"total": len(account), "contacts": found})

    @app.patch("/_sandbox/habits", status_code=204)
    async def set_habits(habits: Habits, location: str | None = None) -> None:
        """Change habits."""
        account = _account(service, location)
        for name, value in habits.model_dump(exclude_none=True).items():
            setattr(account, name, value)

    @app.post("/_sandbox/merge", status_code=204)
    async def merge(merge: Merge, location: str | None = None) -> None:
        """Merge one contact into another one."""
        try:
            _account(service, location).merge(merge.contact_id, into=merge.into)
        except (KeyError, ValueError):
            raise HTTPException(404, "contact_id and into must be two contacts of the location") from None


def _add_counts(app: FastAPI, service: Service) -> None:
    @app.get("/_sandbox/statistics")
    async def statistics() -> Response:
        """Return the counts."""
        held = {location_id: len(account) for location_id, account in service.accounts.items()}
        return JSONResponse({"contacts": held, **service.journal.as_json()})

    @app.get("/_sandbox/calls")
    async def calls(limit: int = 1000) -> Response:
        """Return the last calls, oldest first: method, path, time and status."""
        last = list(service.journal.calls)[-limit:] if limit > 0 else []
        return JSONResponse({"total": service.journal.total, "calls": [record.as_json() for record in last]})


def _add_faults(app: FastAPI, service: Service) -> None:
    @app.get("/_sandbox/faults")
    async def faults() -> list[dict[str, Any]]:
        """Return the faults."""
        return service.faults.as_json()

    @app.post("/_sandbox/faults", status_code=201)
    async def add_faults(faults: list[Fault]) -> list[dict[str, Any]]:
        """Add faults, and return all of them."""
        service.faults.add(*faults)
        return service.faults.as_json()

    @app.delete("/_sandbox/faults", status_code=204)
    async def clear_faults() -> None:
        """Remove every fault."""
        service.faults.clear()
