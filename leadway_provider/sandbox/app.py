"""The sandbox as an ASGI application: quotas at the door, then faults, then the routes.

The API's calls take the short way, straight from the server to plain functions, so that the sandbox is no bottleneck
for what is measured against it. The page and the controls are an ordinary FastAPI application.
"""

from __future__ import annotations

import asyncio
import math
from functools import partial

from starlette.types import ASGIApp, Receive, Scope, Send

from leadway_provider.sandbox.call import Call
from leadway_provider.sandbox.routes import answer
from leadway_provider.sandbox.service import Service
from leadway_provider.sandbox.wire import Exchange

_TOO_MANY = {"statusCode": 429, "message": "Too Many Requests"}


class SandboxApp:
    """Serves the API of a service, and everything else through another application.

    Args:
        service: what is called.
        controls: serves `/` and `/_sandbox/…`.
    """

    def __init__(self, service: Service, controls: ASGIApp) -> None:
        self._service = service
        self._controls = controls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; calls to the API are written into the journal, the others are not."""
        if scope["type"] != "http" or scope["path"] == "/" or scope["path"].startswith("/_sandbox"):
            await self._controls(scope, receive, send)
            return
        journal = self._service.journal
        record = journal.begin(scope["method"], scope["path"])
        exchange = Exchange(scope, receive, send, partial(journal.answer, record))
        try:
            granted, headers = self._meter(exchange.call)
            await exchange.read()
            if record.is_upsert and isinstance(exchange.call.json, dict):
                record.body = exchange.call.json
            await self._serve(exchange, granted=granted, headers=headers)
        finally:
            journal.end(record)

    async def _serve(self, exchange: Exchange, *, granted: bool, headers: dict[str, str]) -> None:
        service, call = self._service, exchange.call
        fault = service.faults.strike(call.method, call.path, call.email) if granted else None
        if service.settings.latency:
            await asyncio.sleep(service.settings.latency)
        if not granted:
            await exchange.give((429, _TOO_MANY), headers)
        elif fault is None:
            await exchange.give(answer(service, call), headers)
        else:
            service.journal.faults[fault.kind] += 1
            await exchange.suffer(fault, answer(service, call) if fault.carries_out else None, headers)

    def _meter(self, call: Call) -> tuple[bool, dict[str, str]]:
        """Whether the quotas grant the call, and the headers that tell of them. Strangers use up nobody's quota."""
        service = self._service
        call.holder = service.tokens.holder(call.token) if call.token else None
        if call.path.startswith("/oauth/"):
            return True, {}
        now = service.clock()
        limits = service.limits(call.holder.location_id if call.holder else None)
        granted = call.holder is None or limits.take(now)
        headers = limits.headers(now)
        if not granted:
            service.journal.quota_refusals += 1
            if service.settings.retry_after:
                headers["Retry-After"] = str(math.ceil(limits.returns_in(now)))
        return granted, headers
