"""One request over the network and its whole answer, or why none came.

Requests are handed to the transport directly: httpx's own client would write every address to the log, with the
e-mails that are searched for.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final, NamedTuple, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from leadway_provider.api.settings import ConnectionSettings, is_loopback

MAX_BODY: Final = 5_000_000
"""The largest answer that is read, in bytes."""


class Received(NamedTuple):
    """An answer: the status, the headers with their names in lower case, and the whole body."""

    status: int
    headers: dict[str, str]
    body: bytes


class LostError(Exception):
    """No answer came. It is raised on its own, because httpx's errors hold the request and its token.

    Attributes:
        reason: what happened, for a person.
        maybe_received: whether the request may have reached the account.
    """

    def __init__(self, reason: str, *, maybe_received: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.maybe_received = maybe_received


class Network:
    """Sends requests; an asynchronous context manager.

    Args:
        settings: the way to the account.
        transport: instead of the network.
    """

    def __init__(self, settings: ConnectionSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._settings = settings
        self._transport = transport
        self._extensions = {"timeout": httpx.Timeout(settings.timeout).as_dict()}

    async def __aenter__(self) -> Self:
        if self._transport is None:
            self._transport = _transport(self._settings)
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._transport is not None:
            await self._transport.__aexit__(kind, error, traceback)

    async def send(self, method: str, url: httpx.URL, headers: httpx.Headers, content: bytes, limit: float) -> Received:
        """One request and its whole answer, within so many seconds.

        Raises:
            LostError: no answer came.
        """
        if self._transport is None:
            raise RuntimeError("LeadwayClient must be entered with `async with` before it is used")
        request = httpx.Request(method, url, headers=headers, content=content, extensions=self._extensions)
        request.headers.encoding = "ascii"  # as they are; httpx would find out again for each of them
        try:
            async with asyncio.timeout(limit):
                return await _read(await self._transport.handle_async_request(request))
        except TimeoutError:
            lost = LostError("the answer took too long", maybe_received=True)
        except (httpx.HTTPError, httpx.StreamError, aiohttp.ClientError, OSError) as error:
            lost = _what_happened(error)
        raise lost


_NOT_SENT: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
    httpx.ConnectError,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def _what_happened(error: Exception) -> LostError:
    """Why no answer came, and whether the request may have reached the account.

    A connection that broke after the request was sent arrives as `httpx.ConnectTimeout`; aiohttp's error beneath it
    knows better.
    """
    beneath = error.__cause__
    cause = beneath if isinstance(beneath, (aiohttp.ClientError, OSError)) else error
    return LostError(f"no answer came ({type(cause).__name__})", maybe_received=not isinstance(cause, _NOT_SENT))


async def _read(response: httpx.Response) -> Received:
    """An answer with its body, unless that is larger than any answer of the API."""
    parts, size = [], 0
    try:
        async for part in response.aiter_bytes():
            parts.append(part)
            size += len(part)
            if size > MAX_BODY:
                raise LostError(f"the answer is larger than {MAX_BODY} bytes", maybe_received=True)
    finally:
        await response.aclose()
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}
    return Received(response.status_code, headers, b"".join(parts))


def _transport(settings: ConnectionSettings) -> AiohttpTransport:
    """The network: connections are kept, cookies are not, and nothing is sent twice behind our back."""
    proxy = settings.proxy or _proxy_of_environment(settings.base_url)
    # Reading the machine's certificates takes longer than many a call; where nothing is encrypted none is needed.
    plain = settings.verify is True and not any((url or "").startswith("https:") for url in (settings.base_url, proxy))
    transport = AiohttpTransport(
        verify=False if plain else settings.ssl_context(), proxy=httpx.Proxy(proxy) if proxy else None
    )
    transport.client = lambda: aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=transport.ssl_context, keepalive_timeout=15.0),
        cookie_jar=aiohttp.DummyCookieJar(),
        middlewares=(_once,),
    )
    return transport


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a GET or DELETE by itself, which nobody would count."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as lost:
        raise aiohttp.ClientConnectionError(type(lost).__name__) from lost


def _proxy_of_environment(base_url: str) -> str | None:
    url = urlsplit(base_url)
    host = url.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    return getproxies().get(url.scheme)
