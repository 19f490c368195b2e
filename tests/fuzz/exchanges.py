"""One answer over a transport: what the whole client does with it, from the compressed body to the error."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random
from typing import Any, Final

import httpx

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.retry import RetryPolicy
from leadway_provider.clock import Clock, utc_now
from leadway_provider.exceptions import LeadwayError
from leadway_provider.policies import QuotaPolicy
from tests.fuzz.answers import SETTINGS, Answer, any_answer, use
from tests.fuzz.hostile import changed_bytes

_ENCODINGS: Final = (b"gzip", b"GZIP ", b"identity", b"gzip, gzip", b"br", b"", b"\xff")
_SENT: Final[dict[str, Any]] = {"email": "ann@example.com", "phone": "+12025550123", "tags": ["vip"]}
_RIGHT: Final[dict[str, Any]] = {
    "contact": {"id": "c1", **_SENT},
    "customFields": [{"id": "c1", "dataType": "TEXT"}],
    "location": {"id": "l1", "companyId": "a1"},
}
_CALLS: Final[tuple[Callable[[LeadwayClient], Awaitable[object]], ...]] = (
    lambda client: client.upsert_contact(_SENT),
    lambda client: client.update_contact("c1", _SENT),
    lambda client: client.find_duplicate("ann@example.com"),
    lambda client: client.get_custom_fields(),
    lambda client: client.may_share_identities(),
)
_loop: Final = asyncio.new_event_loop()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


class _Transport(httpx.AsyncBaseTransport):
    """Gives the same answer to every request."""

    def __init__(self, answer: Answer, encoding: bytes | None) -> None:
        self._answer = answer
        self._headers = [(name.encode(), value.encode("utf-8", "surrogatepass")) for name, value in answer.headers]
        if encoding is not None:
            self._headers.append((b"content-encoding", encoding))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        stream = _Stream(self._answer.body)
        return httpx.Response(self._answer.status, headers=self._headers, stream=stream, request=request)


async def _sleep(_: float) -> None:
    raise AssertionError("one attempt needs no wait")


_CLOCK: Final = Clock(now=utc_now, monotonic=lambda: 1000.0, sleep=_sleep)


def draw_exchange(random: Random) -> Callable[[], object]:
    """Return a call through the whole client, which gets one answer."""
    answer = any_answer(random, _RIGHT)
    encoding = random.choice(_ENCODINGS) if random.random() < 0.5 else None
    if encoding and random.random() < 0.9:
        packed = gzip.compress(answer.body, 1)
        answer = answer._replace(body=changed_bytes(random, packed) if random.random() < 0.3 else packed)
    transport = _Transport(answer, encoding)
    settings, call = random.choice([*SETTINGS.values()]), random.choice(_CALLS)

    async def exchange() -> None:
        quota = QuotaPolicy(max_wait=0)
        async with LeadwayClient(
            settings, transport=transport, clock=_CLOCK, retry=RetryPolicy(attempts=1), quota=quota
        ) as client:
            try:
                found = await call(client)
            except LeadwayError as error:
                str(error)
            else:
                use(found, _SENT)

    return lambda: _loop.run_until_complete(exchange())
