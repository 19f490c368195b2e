"""The page as a FastAPI application.

Nothing on it is a contact's value, because the read side of the state store has none. All that it changes is what the
next runs of a sync are asked for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.staticfiles import StaticFiles

from leadway_provider.clock import SYSTEM_CLOCK, Clock
from leadway_provider.exceptions import LeadwayError, StateMissingError
from leadway_provider.plugin import actions, quotas, rows, runs, syncs
from leadway_provider.plugin.actions import OpenSyncs, Tokens
from leadway_provider.plugin.rendering import FILES, Renderer
from leadway_provider.plugin.visit import OpenState, Visitor, nobody

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""The page's only script is a file of its own, and only Airflow may show the page in a frame."""

_TITLES: Final = {401: "Not logged in", 403: "Not allowed", 404: "Not found"}


def create_app(
    open_state: OpenState,
    open_syncs: OpenSyncs,
    visitor: Callable[..., Visitor],
    *,
    secret: str,
    app_url: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> FastAPI:
    """Return the page.

    Args:
        open_state: opens the state store for one visit.
        open_syncs: opens it for a change of a sync.
        visitor: a FastAPI dependency that returns who asks; it raises HTTPException 401 for nobody.
        secret: signs the tokens of forms; the same in every process that serves the page.
        app_url: the address of the CRM's app, to which contacts are linked; None where it is not known.
        clock: the present.
    """
    app = FastAPI(title="Leadway", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.open_state = open_state
    app.state.open_syncs = open_syncs
    app.state.tokens = Tokens(secret)
    app.state.renderer = Renderer(clock, app_url)
    app.dependency_overrides[nobody] = visitor
    for each in (syncs, runs, rows, quotas, actions):
        app.include_router(each.router)
    app.mount("/static", StaticFiles(directory=FILES / "static"), name="static")
    app.middleware("http")(_add_headers)
    app.add_exception_handler(StateMissingError, _empty)
    app.add_exception_handler(LeadwayError, _unavailable)
    app.add_exception_handler(HTTPException, _refused)
    return app


async def _add_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    response.headers.update(_HEADERS)
    return response


def _empty(request: Request, error: Exception) -> Response:
    renderer: Renderer = request.app.state.renderer
    return renderer.render(
        request, "empty.html", status=200 if request.url.path.endswith("/") else 404, message=str(error)
    )


def _unavailable(request: Request, error: Exception) -> Response:
    renderer: Renderer = request.app.state.renderer
    return renderer.render(request, "problem.html", status=503, title="No state store", message=str(error))


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - FastAPI calls this for nothing else
    renderer: Renderer = request.app.state.renderer
    title = _TITLES.get(error.status_code, "Error")
    return renderer.render(request, "problem.html", status=error.status_code, title=title, message=error.detail)
