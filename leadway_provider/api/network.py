"""One request over the network with its whole answer, or the reason why no answer came.

Requests go to the transport directly, because httpx's own client logs every address, with the e-mails in searches.
"""

from __future__ import annotations

import asyncio
import zlib
from types import TracebackType
from typing import Final, NamedTuple, Self, cast

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from leadway_provider.api.settings import ConnectionSettings

_GZIP: Final = 16 + zlib.MAX_WBITS
MAX_BODY: Final = 5_000_000
"""The size in bytes above which an answer is not read."""


class Received(NamedTuple):
    """An answer: the status, the headers with their names in lower case, and the whole body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        """Return the status and the size; headers and body may hold values and tokens."""
        return f"Received(status={self.status}, {len(self.body)} bytes)"


class LostError(Exception):
    """No answer came. It is raised without httpx's error as its context, because that holds the request and its token.

    Attributes:
        reason: what happened, for a person.
        maybe_received: whether the request may have reached the account.
        status: the HTTP status of an answer that was not read to its end.
    """

    def __init__(self, reason: str, *, maybe_received: bool, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.maybe_received = maybe_received
        self.status = status


class Network:
    """Sends requests; an asynchronous context manager.

    Args:
        settings: the connection.
        transport: used instead of the network.
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
        """Send one request, and return its whole answer.

        Args:
            method: the HTTP method.
            url: the address with its query.
            headers: the headers.
            content: the body.
            limit: the longest time in seconds until the answer is complete.

        Raises:
            LostError: no answer came.
        """
        if self._transport is None:
            raise RuntimeError("LeadwayClient must be entered with `async with` before it is used")
        # A stream, because aiohttp makes the headers Host and Content-Length by itself.
        stream = httpx.ByteStream(content)
        request = httpx.Request(method, url, headers=headers, stream=stream, extensions=self._extensions)
        request.read()
        request.headers.encoding = "ascii"  # otherwise httpx detects the encoding of each request's headers
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
    """Return why no answer came, and whether the request may have reached the account.

    The cause of httpx's error counts, because `httpx.ConnectTimeout` is also raised for a connection that broke after
    the request was sent.
    """
    original = error.__cause__
    cause = original if isinstance(original, (aiohttp.ClientError, OSError)) else error
    return LostError(f"no answer came ({type(cause).__name__})", maybe_received=not isinstance(cause, _NOT_SENT))


async def _read(response: httpx.Response) -> Received:
    """Return an answer with its body, decompressed.

    Raises:
        LostError: the body is larger than any answer of the API, or its encoding is not gzip alone.
    """
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}
    try:
        return Received(response.status_code, headers, await _body(response, headers.get("content-encoding", "")))
    except zlib.error:
        lost = LostError("the answer can't be decompressed", maybe_received=True, status=response.status_code)
    finally:
        await response.aclose()
    raise lost


async def _body(response: httpx.Response, encoding: str) -> bytes:
    """Return the body, decompressed if its encoding is gzip; of no part more is decompressed than may be kept.

    httpx would decompress as often as the header says, and each part as far as it goes.
    """
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip"):
        reason = "the answer has an encoding that was not asked for"
        raise LostError(reason, maybe_received=True, status=response.status_code)
    inflater = zlib.decompressobj(wbits=_GZIP) if encoding == "gzip" else None
    body = bytearray()
    async for part in cast("httpx.AsyncByteStream", response.stream):
        body += inflater.decompress(part, MAX_BODY + 1 - len(body)) if inflater else part
        if len(body) > MAX_BODY:
            reason = f"the answer is larger than {MAX_BODY} bytes"
            raise LostError(reason, maybe_received=True, status=response.status_code)
    return bytes(body)


def _transport(settings: ConnectionSettings) -> AiohttpTransport:
    """Return a transport that keeps connections open, stores no cookies and repeats no request."""
    proxy = settings.proxy_to_use()
    # Loading the machine's certificates takes longer than many calls, and without encryption none is needed.
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
    """Prevent aiohttp from repeating a GET or DELETE by itself, which would not count against the quota."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as lost:
        raise aiohttp.ClientConnectionError(type(lost).__name__) from lost
