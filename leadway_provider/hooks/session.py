"""A client whose calls block: the client and its event loop, which live until they are closed."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from leadway_provider.api.client import LeadwayClient

T = TypeVar("T")


class Session:
    """An open client and the event loop that it belongs to.

    It is closed by `close`, or when the session is garbage-collected.

    Args:
        client: the client, which is entered here.
    """

    def __init__(self, client: LeadwayClient) -> None:
        self._client = client
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._close = weakref.finalize(self, _close, self._runner, client)
        self._runner.run(client.__aenter__())

    def run(self, call: Callable[[LeadwayClient], Coroutine[Any, Any, T]]) -> T:
        """Call the client, and return the answer; raise what the call raises."""
        return self._runner.run(call(self._client))

    def close(self) -> None:
        """Close the client's connections and the event loop."""
        self._close()


def in_event_loop() -> bool:
    """Return True if the current thread runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _close(runner: asyncio.Runner, client: LeadwayClient) -> None:
    if in_event_loop():
        # A session may be garbage-collected at any time, also while another event loop runs in this thread; a thread
        # can't run two loops at once.
        threading.Thread(target=_close, args=(runner, client)).start()
        return
    with runner:
        runner.run(client.__aexit__(None, None, None))
