"""The sandbox as an ASGI application: a call passes the quotas, then the faults, then the routes.

Calls to the API go from the server to plain functions, without a framework, so that the sandbox is not the slowest part
of what is measured against it. The page and the controls are an ordinary FastAPI application.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from functools import cache, partial

from starlette.types import ASGIApp, Receive, Scope, Send

from leadway_provider.sandbox.exchange import Exchange
from leadway_provider.sandbox.request import Request
from leadway_provider.sandbox.routes import answer
from leadway_provider.sandbox.service import Service

_TOO_MANY = {"statusCode": 429, "message": "Too Many Requests"}


class SandboxApp:
    """The application that serves the API of a service, and passes everything else to another application.

    Args:
        service: the service to call.
        controls: returns the application that serves `/` and `/_sandbox/…`. It is called at the first such request,
            because most sandboxes of tests get none, and it takes ten milliseconds.
    """

    def __init__(self, service: Service, controls: Callable[[], ASGIApp]) -> None:
        self._service = service
        self._controls = cache(controls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. The journal records calls to the API, and no others."""
        if scope["type"] != "http" or scope["path"] == "/" or scope["path"].startswith("/_sandbox"):
            await self._controls()(scope, receive, send)
            return
        journal = self._service.journal
        record = journal.begin(scope["method"], scope["path"])
        exchange = Exchange(scope, receive, send, partial(journal.answer, record))
        try:
            granted, headers = self._check_quotas(exchange.request)
            await exchange.read()
            if record.is_write and isinstance(exchange.request.json, dict):
                record.body = exchange.request.json
            await self._serve(exchange, granted=granted, headers=headers)
        finally:
            journal.end(record)

    async def _serve(self, exchange: Exchange, *, granted: bool, headers: dict[str, str]) -> None:
        service, request = self._service, exchange.request
        fault = service.faults.take(request.method, request.path, request.email) if granted else None
        if service.settings.latency:
            await asyncio.sleep(service.settings.latency)
        if not granted:
            await exchange.answer((429, _TOO_MANY), headers)
        elif fault is None:
            await exchange.answer(answer(service, request), headers)
        else:
            service.journal.faults[fault.kind] += 1
            await exchange.apply(fault, answer(service, request) if fault.carries_out else None, headers)

    def _check_quotas(self, request: Request) -> tuple[bool, dict[str, str]]:
        """Return whether the quotas grant the call, and the quota headers. An unknown token uses up no quota."""
        service = self._service
        request.holder = service.tokens.holder(request.token) if request.token else None
        if request.path.startswith("/oauth/"):
            return True, {}
        now = service.clock()
        limits = service.limits(request.holder.location_id if request.holder else None)
        granted = request.holder is None or limits.take(now)
        headers = limits.headers(now)
        if not granted:
            service.journal.quota_refusals += 1
            if service.settings.retry_after:
                headers["Retry-After"] = str(math.ceil(limits.returns_in(now)))
        return granted, headers
