"""A sandbox that records every call to its API with its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings


@dataclass
class Exchanged:
    """One call and its answer, as they were on the wire.

    Attributes:
        method: the HTTP method.
        path: the path.
        query: the parameters of the query.
        headers: the request's headers, names in lower case.
        body: the request's body.
        status: the status of the answer; 0 until there is one.
        answer: the answer's body.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    status: int = 0
    answer: bytes = field(default=b"")

    @property
    def version(self) -> str | None:
        """The version that the call names."""
        return self.headers.get("version")

    @property
    def media_type(self) -> str:
        """The media type of the request's body."""
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def sent(self) -> Any:
        """The request's body as a value; None if there is none."""
        if not self.body:
            return None
        if self.media_type == "application/x-www-form-urlencoded":
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))
        return json.loads(self.body, parse_constant=_refused)

    @property
    def answered(self) -> Any:
        """The answer's body as a value."""
        return json.loads(self.answer, parse_constant=_refused)


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


class RecordingServer(SandboxServer):
    """A sandbox that records.

    Attributes:
        recorded: every call to the API, in the order of arrival.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.recorded: list[Exchanged] = []

    def application(self) -> ASGIApp:
        """Return the sandbox's application behind the recorder."""
        app = super().application()

        async def record(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"].startswith("/_sandbox"):
                await app(scope, receive, send)
                return
            headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
            query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
            exchanged = Exchanged(scope["method"], scope["path"], query, headers)
            self.recorded.append(exchanged)

            async def received() -> Message:
                message = await receive()
                exchanged.body += message.get("body", b"")
                return message

            async def sent(message: Message) -> None:
                exchanged.status = message.get("status", exchanged.status)
                exchanged.answer += message.get("body", b"")
                await send(message)

            await app(scope, received, sent)

        return record
