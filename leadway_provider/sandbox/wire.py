"""One request on the wire: read it, answer it, or spoil the answer as a fault says."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from pydantic_core import from_json, to_json
from starlette.types import Receive, Scope, Send

from leadway_provider.sandbox.call import Answer, Call
from leadway_provider.sandbox.faults import ANSWERS, WRONG_HEADERS, Fault, FaultKind

_NO_LINGER = struct.pack("ii", 1, 0)
_DRIP_SECONDS = 5.0
_DRIPS = 20


class Exchange:
    """A request and the one chance to answer it.

    Args:
        scope: of the ASGI call. Its state holds the connection's transport, without which no connection can be dropped.
        receive: of the ASGI call.
        send: of the ASGI call.
        answered: is told the status before the first byte of an answer leaves, so that whoever has read the answer
            finds it written down.

    Attributes:
        call: what the request's line and headers say; its body once it was read.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, answered: Callable[[int], None]) -> None:
        self._receive = receive
        self._send = send
        self._answered = answered
        self._transport: asyncio.Transport = scope["state"]["transport"]
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        scheme, _, token = headers.get(b"authorization", "").partition(" ")
        self._content_type = headers.get(b"content-type", "")
        self.call = Call(
            method=scope["method"],
            path=scope["path"],
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"))),
            token=token.strip() if scheme.lower() == "bearer" else None,
            version=headers.get(b"version"),
        )

    async def read(self) -> None:
        """Read the body, as JSON or as a form, whichever it says it is. What it isn't stays empty."""
        body = b""
        while True:
            message = await self._receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if self._content_type.startswith("application/json"):
            try:
                self.call.json = from_json(body, allow_inf_nan=False)
            except ValueError:
                self.call.json = None
        elif self._content_type.startswith("application/x-www-form-urlencoded"):
            self.call.form = dict(parse_qsl(body.decode("utf-8", "replace")))

    async def give(self, answer: Answer, headers: Mapping[str, str]) -> None:
        """Answer in JSON."""
        status, payload = answer
        await self._start(status, body := to_json(payload), headers)
        await self._send({"type": "http.response.body", "body": body})

    async def suffer(self, fault: Fault, answer: Answer | None, headers: Mapping[str, str]) -> None:
        """Let a fault happen.

        Args:
            fault: what is to go wrong.
            answer: the true answer, where the call was carried out.
            headers: the quota's headers.
        """
        match fault.kind:
            case FaultKind.HANG | FaultKind.CLOSE | FaultKind.RESET:
                if fault.kind is FaultKind.HANG:
                    await self._caller_left_within(fault.seconds)
                await self._drop(reset=fault.kind is FaultKind.RESET)
            case FaultKind.HALF | FaultKind.DRIP | FaultKind.BROKEN_JSON if answer is not None:
                await self._mangle(fault, answer, headers)
            case kind if kind in WRONG_HEADERS and answer is not None:
                await self.give(answer, WRONG_HEADERS[kind])
            case kind:
                await self._fail(kind, fault.retry_after, headers)

    async def _mangle(self, fault: Fault, answer: Answer, headers: Mapping[str, str]) -> None:
        status, payload = answer
        body = to_json(payload)
        half = body[: len(body) // 2]
        if fault.kind is FaultKind.BROKEN_JSON:
            await self._start(status, half, headers)
            await self._send({"type": "http.response.body", "body": half})
            return
        await self._start(status, body, headers)
        if fault.kind is FaultKind.HALF:
            await self._send({"type": "http.response.body", "body": half, "more_body": True})
            await self._drop(reset=False)
        else:
            await self._drip(body, _DRIP_SECONDS if fault.seconds is None else fault.seconds)

    async def _drip(self, body: bytes, seconds: float) -> None:
        size = -(-len(body) // _DRIPS)
        for start in range(0, len(body), size):
            if await self._caller_left_within(seconds / _DRIPS):
                return
            await self._send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def _fail(self, kind: FaultKind, retry_after: str | None, headers: Mapping[str, str]) -> None:
        status, payload = ANSWERS[kind]
        if retry_after is not None:
            headers = {**headers, "Retry-After": retry_after}
        if isinstance(payload, dict):
            await self.give((status, payload), headers)
            return
        await self._start(status, payload, {}, b"text/html")  # a gateway before the API knows no quotas
        await self._send({"type": "http.response.body", "body": payload})

    async def _start(
        self, status: int, body: bytes, headers: Mapping[str, str], content_type: bytes = b"application/json"
    ) -> None:
        self._answered(status)
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        raw += [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def _drop(self, *, reset: bool) -> None:
        """End the connection: with a TCP reset, or in the orderly way that a server's restart does."""
        if reset:
            raw: socket.socket = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self._transport.abort()
        else:
            self._transport.close()
        await self._caller_left_within(None)

    async def _caller_left_within(self, seconds: float | None) -> bool:
        """Wait until the connection is gone; False where it is still there after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return False
        return True
