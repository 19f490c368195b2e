"""Who may call a sandbox that listens on a loopback address: this machine, and no page of another site in its browser.

A page of any site can send requests to this machine, and with a host name that leads here it can read the answers.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def is_loopback(host: str) -> bool:
    """Return True if a host name or an address means this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class LocalApp:
    """An application that is called with a loopback name, and from its own pages.

    Args:
        app: what is served.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it with 403."""
        if scope["type"] == "http" and (refusal := _refusal(scope)):
            answer = JSONResponse({"statusCode": 403, "message": refusal, "error": "Forbidden"}, 403)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _refusal(scope: Scope) -> str | None:
    host, origin = b"", None
    for name, value in scope["headers"]:
        if name == b"host":
            host = value
        elif name == b"origin":
            origin = value
    if not _means_this_machine(host):
        return "The sandbox on a loopback address answers to names of this machine only, such as localhost"
    if origin is not None and origin != b"http://" + host:
        return "The sandbox on a loopback address answers to no page of another origin"
    return None


@lru_cache(64)
def _means_this_machine(host: bytes) -> bool:
    try:
        name = urlsplit(f"http://{host.decode('latin-1')}").hostname
    except ValueError:
        return False
    return name is not None and is_loopback(name)
