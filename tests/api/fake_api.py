"""The API's endpoints without a network: every call gets the same answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from leadway_provider.api.answer import Success
from leadway_provider.api.call import Call
from leadway_provider.api.endpoints import Endpoints

T = TypeVar("T")


class FakeApi(Endpoints):
    """Answers every call with one body, and keeps the latest call.

    Args:
        body: the body of the answer.
        status: the status of the answer.
        api_version: the version of the API.
    """

    def __init__(
        self, body: dict[str, Any] | None = None, *, status: int = 200, api_version: str = "2021-07-28"
    ) -> None:
        super().__init__("loc-1", api_version)
        self.answer = Success(body or {}, status)
        self.sent: list[Call[Any]] = []

    async def send(self, call: Call[T]) -> T:
        self.sent.append(call)
        return call.read(self.answer)

    @property
    def call(self) -> Call[Any]:
        """The latest call."""
        return self.sent[-1]


def result(call: Coroutine[Any, Any, T]) -> T:
    """Return what a method of the API returns."""
    return asyncio.run(call)
