"""One HTTP request and its answer, which a fault may spoil."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from pydantic_core import from_json, to_json
from starlette.types import Receive, Scope, Send

from leadway_provider.sandbox.faults import ANSWERS, WRONG_HEADERS, Fault, FaultKind
from leadway_provider.sandbox.request import JsonAnswer, Request

_NO_LINGER = struct.pack("ii", 1, 0)
_DRIP_SECONDS = 5.0
_DRIPS = 20


class Exchange:
    """One request, which is answered once at most.

    Args:
        scope: the scope of the ASGI call. Its state holds the connection's transport, which is needed to drop the
            connection.
        receive: the function of the ASGI call that receives messages.
        send: the function of the ASGI call that sends messages.
        answered: is called with the status before the first byte of an answer is sent, so that the journal holds the
            status by the time the client has read the answer.

    Attributes:
        request: the request; without its body until `read` was called.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, answered: Callable[[int], None]) -> None:
        self._receive = receive
        self._send = send
        self._answered = answered
        self._transport: asyncio.Transport = scope["state"]["transport"]
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        scheme, _, token = headers.get(b"authorization", "").partition(" ")
        self._content_type = headers.get(b"content-type", "")
        self.request = Request(
            method=scope["method"],
            path=scope["path"],
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"))),
            token=token.strip() if scheme.lower() == "bearer" else None,
            version=headers.get(b"version"),
        )

    async def read(self) -> None:
        """Read the body as JSON or as a form, according to its content type."""
        body = b""
        while True:
            message = await self._receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if self._content_type.startswith("application/json"):
            try:
                self.request.json = from_json(body, allow_inf_nan=False)
            except ValueError as error:
                self.request.json = None
                self.request.is_unbounded = "number out of range" in str(error)
        elif self._content_type.startswith("application/x-www-form-urlencoded"):
            self.request.form = dict(parse_qsl(body.decode("utf-8", "replace")))

    async def answer(self, answer: JsonAnswer, headers: Mapping[str, str]) -> None:
        """Send an answer as JSON."""
        status, payload = answer
        await self._start(status, body := to_json(payload), headers)
        await self._send({"type": "http.response.body", "body": body})

    async def apply(self, fault: Fault, answer: JsonAnswer | None, headers: Mapping[str, str]) -> None:
        """Apply a fault in place of a plain answer.

        Args:
            fault: what goes wrong.
            answer: the correct answer, or None if the call was not carried out.
            headers: the quota's headers.
        """
        match fault.kind:
            case FaultKind.HANG | FaultKind.CLOSE | FaultKind.RESET:
                if fault.kind is FaultKind.HANG:
                    await self._disconnected_within(fault.seconds)
                await self._drop(reset=fault.kind is FaultKind.RESET)
            case FaultKind.HALF | FaultKind.DRIP | FaultKind.BROKEN_JSON if answer is not None:
                await self._mangle(fault, answer, headers)
            case kind if kind in WRONG_HEADERS and answer is not None:
                await self.answer(answer, WRONG_HEADERS[kind])
            case kind:
                await self._fail(kind, fault.retry_after, headers)

    async def _mangle(self, fault: Fault, answer: JsonAnswer, headers: Mapping[str, str]) -> None:
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
            if await self._disconnected_within(seconds / _DRIPS):
                return
            await self._send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def _fail(self, kind: FaultKind, retry_after: str | None, headers: Mapping[str, str]) -> None:
        status, payload = ANSWERS[kind]
        if retry_after is not None:
            headers = {**headers, "Retry-After": retry_after}
        if isinstance(payload, dict):
            await self.answer((status, payload), headers)
            return
        # This is the answer of a gateway, which sends no quota headers.
        await self._start(status, payload, {}, b"text/html")
        await self._send({"type": "http.response.body", "body": payload})

    async def _start(
        self, status: int, body: bytes, headers: Mapping[str, str], content_type: bytes = b"application/json"
    ) -> None:
        self._answered(status)
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        raw += [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def _drop(self, *, reset: bool) -> None:
        """End the connection: with a TCP reset, or with an orderly close, as when a server restarts."""
        if reset:
            raw: socket.socket = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self._transport.abort()
        else:
            self._transport.close()
        await self._disconnected_within(None)

    async def _disconnected_within(self, seconds: float | None) -> bool:
        """Wait until the client disconnects; return False if it is still connected after these seconds."""
        try:
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return False
        return True
