"""The client with a faulty API or network, over HTTP where possible."""

from __future__ import annotations

import asyncio
import logging
import socket
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.retry import RetryPolicy
from leadway_provider.exceptions import (
    ConnectionSettingsError,
    LeadwayError,
    QuotaExhaustedError,
    UnavailableError,
)
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.api.clients import TOKEN, IdleTime, client_of, settings_for

ADA = {"email": "ada@example.com", "firstName": "Adalberta"}
UPSERT = "/contacts/upsert"
PASSING = [
    FaultKind.SERVER_ERROR,
    FaultKind.BAD_GATEWAY,
    FaultKind.UNAVAILABLE,
    FaultKind.GATEWAY_TIMEOUT,
    FaultKind.COMMAND_TIMED_OUT,
    FaultKind.HTML,
    FaultKind.NESTED,
    FaultKind.HALF,
    FaultKind.BROKEN_JSON,
    FaultKind.CLOSE,
    FaultKind.RESET,
]


async def upserted(client: LeadwayClient, **more: Any) -> None:
    """Upsert Ada on a connection that was used before."""
    async with client:
        await client.get_location()
        await client.upsert_contact({**ADA, **more})


def closed_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@pytest.mark.parametrize("kind", PASSING)
def test_a_transient_failure_is_retried(sandbox: SandboxServer, time: IdleTime, kind: FaultKind) -> None:
    """The second attempt follows after a pause, and the contact is written."""
    sandbox.faults.add(Fault(kind, path=UPSERT))
    client = client_of(sandbox, time)
    asyncio.run(upserted(client))
    assert client.calls == sandbox.journal.total == 3
    assert time.slept == [0.25]
    assert len(sandbox.account.contacts) == 1


@pytest.mark.parametrize("kind", PASSING)
def test_a_lasting_failure_ends_after_the_last_attempt(sandbox: SandboxServer, time: IdleTime, kind: FaultKind) -> None:
    """The error says that the write may have happened."""
    sandbox.faults.add(Fault(kind, times=None, path=UPSERT))
    client = client_of(sandbox, time, retry=RetryPolicy(attempts=3))
    with pytest.raises(UnavailableError, match="3 time") as caught:
        asyncio.run(upserted(client))
    assert caught.value.maybe_received
    assert caught.value.call == "POST /contacts/upsert"
    assert sandbox.journal.total == 1 + 3
    assert time.slept == [0.25, 0.5]


@pytest.mark.parametrize("kind", PASSING)
def test_a_possible_duplicate_is_not_resent(sandbox: SandboxServer, time: IdleTime, kind: FaultKind) -> None:
    """An upsert that may create a second contact is sent once if the first call may have been received."""
    sandbox.faults.add(Fault(kind, path=UPSERT))
    with pytest.raises(UnavailableError) as caught:
        asyncio.run(upserted(client_of(sandbox, time), createNewIfDuplicateAllowed=True))
    assert caught.value.maybe_received
    assert len(sandbox.journal.upserts) == 1
    assert time.slept == []


@pytest.mark.parametrize(
    "url",
    [
        lambda _: f"http://127.0.0.1:{closed_port()}",
        lambda _: "http://nowhere.invalid",
        lambda sandbox: sandbox.url.replace("http:", "https:"),
    ],
    ids=["refused", "no such host", "no TLS"],
)
def test_a_call_without_a_connection_was_not_received(
    sandbox: SandboxServer, time: IdleTime, url: Callable[[SandboxServer], str]
) -> None:
    """Even an upsert that may create a duplicate is repeated, and the error says that nothing was received."""
    settings = settings_for(url(sandbox), allow_http=True)
    client = client_of("", time, settings=settings, retry=RetryPolicy(attempts=2))
    with pytest.raises(UnavailableError) as caught:
        asyncio.run(_upserted_at_once(client, createNewIfDuplicateAllowed=True))
    assert not caught.value.maybe_received
    assert client.calls == 2
    assert sandbox.journal.total == 0


def test_one_attempt_that_may_have_been_received_counts(time: IdleTime) -> None:
    """A later attempt that was not received does not change the error's `maybe_received`."""
    errors = [httpx.ReadError("broke"), httpx.ConnectError("down")]

    def answer(_: httpx.Request) -> httpx.Response:
        raise errors[0] if len(errors) == 1 else errors.pop(0)

    with pytest.raises(UnavailableError) as caught:
        asyncio.run(_upserted_at_once(served(answer, time)))
    assert caught.value.maybe_received


def test_a_proxy_out_of_reach(sandbox: SandboxServer, time: IdleTime) -> None:
    """Nothing was received, and the password of the proxy is not shown."""
    settings = settings_for(sandbox.url, proxy=f"http://user:hunter2@127.0.0.1:{closed_port()}")
    with pytest.raises(UnavailableError) as caught:
        asyncio.run(_upserted_at_once(client_of(sandbox, time, settings=settings)))
    assert not caught.value.maybe_received
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


async def _upserted_at_once(client: LeadwayClient, **more: Any) -> None:
    async with client:
        await client.upsert_contact({**ADA, **more})


@pytest.mark.parametrize("path", ["/locations/*", "/contacts/*"])
def test_aiohttp_repeats_no_call(sandbox: SandboxServer, time: IdleTime, path: str) -> None:
    """A GET or DELETE on an open connection that breaks is not repeated without being counted."""

    async def run() -> None:
        async with client_of(sandbox, time, retry=RetryPolicy(attempts=1)) as client:
            await client.get_users()
            with pytest.raises(UnavailableError):
                await (client.get_location() if path.startswith("/loc") else client.delete_contact("c1"))
            assert client.calls == sandbox.journal.total == 2

    sandbox.faults.add(Fault(FaultKind.CLOSE, path=path))
    asyncio.run(run())


@pytest.mark.parametrize(
    "fault", [Fault(FaultKind.HANG, path=UPSERT, written=True), Fault(FaultKind.DRIP, path=UPSERT, seconds=1.2)]
)
def test_a_slow_answer_times_out(sandbox: SandboxServer, time: IdleTime, fault: Fault) -> None:
    """Neither an answer that never comes nor one that comes byte by byte lasts longer than the limit."""
    sandbox.faults.add(fault)
    client = client_of(sandbox, time, timeout=0.1, retry=RetryPolicy(attempts=1))
    with pytest.raises(UnavailableError) as caught:
        asyncio.run(upserted(client))
    assert caught.value.maybe_received
    assert caught.value.status is None


def test_a_429_is_waited_for_and_is_not_an_attempt(sandbox: SandboxServer, time: IdleTime) -> None:
    """The client waits as long as the server asks for, and no attempt is used up."""
    sandbox.faults.add(Fault(FaultKind.TOO_MANY, times=2, path=UPSERT, retry_after="7"))
    client = client_of(sandbox, time, retry=RetryPolicy(attempts=1))
    asyncio.run(upserted(client))
    assert sum(time.slept) == pytest.approx(14.0)
    assert client.calls == 4


def test_endless_429_is_an_error(sandbox: SandboxServer, time: IdleTime) -> None:
    """A call that is answered by 429 only ends within five minutes."""
    sandbox.faults.add(Fault(FaultKind.TOO_MANY, times=None, path=UPSERT))
    with pytest.raises(QuotaExhaustedError) as caught:
        asyncio.run(upserted(client_of(sandbox, time)))
    assert caught.value.status == 429
    assert 280 <= sum(time.slept) <= 300


def test_a_429_stops_the_other_calls_too(sandbox: SandboxServer, time: IdleTime) -> None:
    """After a 429 no other call is sent before the wait is over."""

    async def run() -> None:
        async with client_of(sandbox, time) as client:
            await client.get_location()
            await client.upsert_contact(ADA)
            left_at = time.seconds
            await client.get_location()
            assert time.seconds == left_at

    sandbox.faults.add(Fault(FaultKind.TOO_MANY, path=UPSERT, retry_after="60"))
    asyncio.run(run())
    assert sum(time.slept) == pytest.approx(60.0)


@pytest.mark.parametrize("kind", [FaultKind.HEADERS_MISSING, FaultKind.HEADERS_NEGATIVE, FaultKind.HEADERS_ABSURD])
def test_wrong_headers_change_nothing(sandbox: SandboxServer, time: IdleTime, kind: FaultKind) -> None:
    """Impossible values in the quota headers are ignored."""
    sandbox.faults.add(Fault(kind, times=None))
    client = client_of(sandbox, time)
    asyncio.run(upserted(client))
    assert (client.pacer.maximum, client.pacer.interval, client.pacer.daily) == (1000, 10.0, None)


def served(answer: Callable[[httpx.Request], httpx.Response], time: IdleTime, **choices: Any) -> LeadwayClient:
    """Return a client whose calls are answered by a function."""
    return client_of("http://127.0.0.1:9", time, transport=httpx.MockTransport(answer), **choices)


def test_a_redirect_is_not_followed(time: IdleTime) -> None:
    """The token is sent to the connection's host only."""
    hosts = []

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(307, headers={"location": "https://elsewhere.example.com/contacts/upsert"})

    with pytest.raises(ConnectionSettingsError, match="redirects"):
        asyncio.run(_upserted_at_once(served(answer, time)))
    assert hosts == ["127.0.0.1"]


@pytest.mark.parametrize(
    "body", [b"x" * 6_000_000, b'{"new": true}', b'{"new": true, "contact": null}'], ids=["huge", "empty", "null"]
)
def test_an_unusable_body_is_a_transient_failure(time: IdleTime, body: bytes) -> None:
    """A body that is too large or is not what the API documents is retried."""
    client = served(lambda _: httpx.Response(200, content=body), time)
    with pytest.raises(UnavailableError) as caught:
        asyncio.run(_upserted_at_once(client))
    assert caught.value.maybe_received
    assert client.calls == 6


def test_the_headers_that_are_sent(time: IdleTime) -> None:
    """Token and version are headers, and the body is JSON."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"new": True, "contact": {"id": "c1"}, "traceId": "t"})

    asyncio.run(_upserted_at_once(served(answer, time)))
    headers = seen[0].headers
    assert (headers["authorization"], headers["version"]) == (f"Bearer {TOKEN}", "2021-07-28")
    assert headers["content-type"] == "application/json"
    assert str(seen[0].url) == "http://127.0.0.1:9/contacts/upsert"


@pytest.mark.parametrize("kind", [*PASSING, FaultKind.TOKEN_INVALID, FaultKind.FORBIDDEN, FaultKind.UNPROCESSABLE])
def test_no_error_and_no_log_holds_a_secret_or_a_personal_value(
    sandbox: SandboxServer, time: IdleTime, kind: FaultKind, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the error with its causes nor a log line holds the token, an e-mail or a name."""

    async def run() -> None:
        async with client_of(sandbox, time) as client:
            await client.find_duplicate(email="ada@example.com")
            await client.upsert_contact(ADA)

    sandbox.faults.add(Fault(kind, times=None, path=UPSERT))
    with caplog.at_level(logging.DEBUG), pytest.raises(LeadwayError) as caught:
        asyncio.run(run())
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=False).format())
    for secret in (TOKEN, "ada@example.com", "ada%40example.com", "Adalberta"):
        assert secret not in shown
        assert secret not in caplog.text
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
