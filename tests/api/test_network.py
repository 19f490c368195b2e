"""How an answer's body is read: with a bound on what is received and on what that is decompressed to."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Iterable

import httpx
import pytest

from leadway_provider.api.network import MAX_BODY, LostError, Network, Received
from leadway_provider.api.retry import RetryPolicy
from leadway_provider.exceptions import ConnectionSettingsError, UnavailableError
from tests.api.clients import client_of, settings_for

BOMB = gzip.compress(b" " * 100_000_000, compresslevel=9)


class Parts(httpx.AsyncByteStream):
    """A body that arrives in parts."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part


class Answering(httpx.AsyncBaseTransport):
    """Answers every request with these parts."""

    def __init__(self, encoding: str | None, parts: Iterable[bytes]) -> None:
        self._headers = {} if encoding is None else {"Content-Encoding": encoding}
        self._parts = parts

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=self._headers, stream=Parts(self._parts))


def received(encoding: str | None, *parts: bytes) -> Received:
    """Return what is read of an answer."""

    async def act() -> Received:
        async with Network(settings_for("http://127.0.0.1:9"), Answering(encoding, parts)) as network:
            return await network.send("GET", httpx.URL("http://127.0.0.1:9"), httpx.Headers(), b"", 10)

    return asyncio.run(act())


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_body_is_decompressed_as_it_arrives(size: int) -> None:
    """However it is cut into parts."""
    body = b'{"users": [' + b'"someone", ' * 5_000 + b'"nobody"]}'
    packed = gzip.compress(body)
    parts = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert received("GZIP ", *parts).body == body
    assert received(None, body[:5], body[5:]).body == body
    assert received("identity", body).body == body


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,identity", "br", "deflate", "zstd, gzip"])
def test_an_encoding_that_was_not_asked_for_is_not_decoded(encoding: str) -> None:
    """The call asks for gzip, which is applied once at most."""
    with pytest.raises(LostError, match="encoding that was not asked for") as caught:
        received(encoding, gzip.compress(BOMB))
    assert caught.value.maybe_received


def test_no_more_is_decompressed_than_may_be_kept() -> None:
    """100,000 bytes would become 100 million, and are refused long before that."""
    tracemalloc.start()
    try:
        with pytest.raises(LostError, match=f"larger than {MAX_BODY} bytes"):
            received("gzip", BOMB)
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX_BODY
    finally:
        tracemalloc.stop()


def test_a_body_that_is_too_large_is_refused() -> None:
    """It is not read to its end."""
    assert len(received(None, b"x" * MAX_BODY).body) == MAX_BODY
    with pytest.raises(LostError, match="larger than"):
        received(None, b"x" * MAX_BODY, b"x", *(b"x" * 1_000_000 for _ in range(3)))


@pytest.mark.parametrize(
    ("encoding", "parts"),
    [
        (None, [b"x" * MAX_BODY, b"x"]),
        ("gzip", [BOMB]),
        ("gzip, gzip", [b"x"]),
        ("gzip", [b"no gzip"]),
        (None, [b"[" * 5000]),
        (None, [b'{"location": [' + b"[]," * 80_000 + b"[]]}"]),
        (None, [b'{"location": {"id": ' + b"9" * 2000 + b"}}"]),
        (None, [b'{"location": {}}']),
    ],
)
def test_a_successful_answer_that_can_not_be_read_is_told_from_one_that_did_not_come(
    encoding: str | None, parts: list[bytes]
) -> None:
    """So that one row with such an answer holds nobody else back."""

    async def act() -> None:
        transport = Answering(encoding, parts)
        async with client_of("http://127.0.0.1:9", transport=transport, retry=RetryPolicy(attempts=1)) as client:
            await client.get_location()

    with pytest.raises(UnavailableError) as caught:
        asyncio.run(act())
    assert caught.value.is_unreadable


@pytest.mark.parametrize(("encoding", "readable"), [("gzip", True), ("gzip, gzip", False)])
def test_an_encoded_answer_over_a_connection(encoding: str, readable: bool) -> None:  # noqa: FBT001 - a table's column
    """The transport decodes nothing by itself."""
    location = b'{"location": {"id": "sandbox-location"}}'
    body = gzip.compress(location) if readable else gzip.compress(gzip.compress(location))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline() != b"\r\n":
            pass
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async def act() -> str:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with client_of(f"http://127.0.0.1:{port}", retry=RetryPolicy(attempts=1)) as client:
                return (await client.get_location()).id

    if readable:
        assert asyncio.run(act()) == "sandbox-location"
    else:
        with pytest.raises(UnavailableError, match="encoding that was not asked for"):
            asyncio.run(act())


def test_a_body_that_is_not_gzip_is_lost() -> None:
    """The error has no part of the body, also not as its context."""
    with pytest.raises(LostError, match="can't be decompressed") as caught:
        received("gzip", b"ann@example.com")
    assert caught.value.__context__ is None


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the proxies of the environment in which the tests run."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "proxy",
    ["user:hunter2@proxy.example.com", "user:hunter2@proxy.example.com:3128", "socks5://user:hunter2@127.0.0.1:1080",
     "http://user:hunter2@", "http://user:hunter2@[::1", "http://user:hunter2@proxy.example.com:99999",
     "http://user:hunter2@proxy.example.com\n.evil", "http://us er:hunter2@proxy.example.com",
     "http://user:hunter2@1\uff12.example.com", "http://user:hunter2@" + "a" * 9000, "http://user:hunter2@\u00f1..x"],
)  # fmt: skip
def test_a_proxy_of_the_environment_is_checked(monkeypatch: pytest.MonkeyPatch, name: str, proxy: str) -> None:
    """The error names the variable and the allowed values, and shows neither the address nor the password."""
    monkeypatch.setenv(name, proxy)
    settings = settings_for("https://api.example.com")

    async def act() -> None:
        async with client_of("", settings=settings):
            pass

    with pytest.raises(ConnectionSettingsError, match=r"HTTPS_PROXY.*begins with http") as caught:
        asyncio.run(act())
    assert "hunter2" not in f"{caught.value!r} {caught.value.__context__!r}"
    assert {proxy, "hunter2"} <= set(settings.secrets)


@pytest.mark.usefixtures("no_proxies")
def test_a_proxy_of_the_environment_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is its password by itself, as it is written and as it is sent."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass%40word@127.0.0.1:3128")
    secrets = settings_for("https://api.example.com").secrets
    assert {"http://user:pass%40word@127.0.0.1:3128", "pass%40word", "pass@word"} <= set(secrets)
    assert settings_for("http://127.0.0.1:8808").secrets == ("sandbox-token",)
    for token in ("one-token", "one-token:"):
        monkeypatch.setenv("HTTPS_PROXY", f"http://{token}@127.0.0.1:3128")
        assert "one-token" in settings_for("https://api.example.com").secrets
