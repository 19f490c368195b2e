"""The sandbox over real connections: headers, quotas and faults."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest

from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings

ANN: dict[str, Any] = {"locationId": "sandbox-location", "email": "ann@example.com"}
QUOTA_HEADERS = {
    "x-ratelimit-max",
    "x-ratelimit-remaining",
    "x-ratelimit-interval-milliseconds",
    "x-ratelimit-limit-daily",
    "x-ratelimit-daily-remaining",
    "x-ratelimit-daily-reset",
}


def upsert(client: httpx.Client) -> httpx.Response:
    """Send one contact."""
    return client.post("/contacts/upsert", json=ANN)


def raw_upsert(server: SandboxServer) -> bytes:
    """Send one contact over a socket, and return every byte until the connection ends."""
    body = json.dumps(ANN).encode()
    head = (
        "POST /contacts/upsert HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        "Authorization: Bearer sandbox-token\r\n"
        f"Version: 2021-07-28\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_every_answer_has_the_quota_headers(client: httpx.Client) -> None:
    """Refusals have the headers too, and a call with an unknown token uses up no quota."""
    answers = [
        upsert(client),
        client.get("/contacts/missing"),
        client.post("/contacts/upsert", content=b"{"),
        client.get("/locations/other"),
        client.get("/locations/sandbox-location", headers={"Authorization": "Bearer wrong"}),
    ]
    assert [answer.status_code for answer in answers] == [201, 400, 400, 403, 401]
    assert all(set(answer.headers) >= QUOTA_HEADERS for answer in answers)
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["99", "98", "97", "96", "96"]


def test_broken_json_and_infinite_numbers_are_400(client: httpx.Client) -> None:
    """A body that is not JSON is refused."""
    headers = {"Content-Type": "application/json"}
    for content in (b"", b"{", b'{"email": NaN}', b'{"email": "\\ud800"}'):
        assert client.post("/contacts/upsert", content=content, headers=headers).status_code == 400


@pytest.mark.parametrize("number", ["1" * 5000, "1e400", "-1e400", "9" * 310])
def test_a_number_without_bound_is_422(client: httpx.Client, number: str) -> None:
    """It is refused wherever it stands in the body, and the answer is JSON."""
    headers = {"Content-Type": "application/json"}
    for body in (
        f'{{"email": {number}}}',
        f'{{"locationId": "x", "pageLimit": {number}}}',
        f'{{"a": [{{"b": {number}}}]}}',
    ):
        for path in ("/contacts/upsert", "/contacts/search"):
            answer = client.post(path, content=body, headers=headers)
            assert (answer.status_code, answer.json()["statusCode"]) == (422, 422)


@pytest.mark.parametrize(
    "path",
    [
        "/users/search?companyId=sandbox-company&skip=",
        "/users/search?companyId=sandbox-company&limit=",
        "/locations/search?skip=",
        "/contacts/?locationId=sandbox-location&limit=",
        "/_sandbox/calls?limit=",
        "/_sandbox/contacts?offset=",
        "/?page=",
    ],
)
def test_a_number_without_bound_in_the_query_is_422(client: httpx.Client, path: str) -> None:
    """A number of 5,000 digits is refused, as what is not a number."""
    for text in ("1" * 5000, "-1e400", "x"):
        assert client.get(path + text).status_code == 422


def test_a_form_is_read_and_costs_no_quota(client: httpx.Client) -> None:
    """The token endpoint reads a form, and uses up no location's quota."""
    form = {
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "grant_type": "refresh_token",
        "refresh_token": "sandbox-refresh-token",
    }
    answer = httpx.post(f"{client.base_url}/oauth/token", data=form)
    assert answer.status_code == 200
    token = answer.json()["access_token"]
    answer = client.get("/locations/sandbox-location", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.headers["X-RateLimit-Remaining"]) == (200, "99")


def test_a_used_up_quota_is_429_and_counted() -> None:
    """A refused call writes nothing, is counted, and has `Retry-After` if the settings say so."""
    settings = Settings(burst=Quota(2, 60.0), retry_after=True)
    headers = {"Authorization": "Bearer sandbox-token", "Version": "2021-07-28"}
    with SandboxServer(settings) as server, httpx.Client(base_url=server.url, headers=headers) as client:
        assert [upsert(client).status_code for _ in range(2)] == [201, 200]
        refused = client.post("/contacts/upsert", json={**ANN, "email": "bob@example.com"})
        assert (refused.status_code, refused.json()) == (429, {"statusCode": 429, "message": "Too Many Requests"})
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert (server.journal.quota_refusals, server.journal.statuses[429]) == (1, 1)
        assert len(server.account) == 1


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.TOO_MANY, 429),
        (FaultKind.SERVER_ERROR, 500),
        (FaultKind.BAD_GATEWAY, 502),
        (FaultKind.UNAVAILABLE, 503),
        (FaultKind.GATEWAY_TIMEOUT, 504),
        (FaultKind.TOKEN_INVALID, 401),
        (FaultKind.SCOPE_MISSING, 401),
        (FaultKind.COMMAND_TIMED_OUT, 401),
        (FaultKind.FORBIDDEN, 403),
        (FaultKind.UNPROCESSABLE, 422),
        (FaultKind.HTML, 200),
    ],
)
@pytest.mark.parametrize("written", [False, True])
def test_a_fault_may_be_an_answer(
    server: SandboxServer, client: httpx.Client, kind: FaultKind, status: int, *, written: bool
) -> None:
    """Such a fault writes only if it says so, is applied once, and is not counted as a refusal of the quota."""
    server.faults.add(Fault(kind, written=written))
    assert upsert(client).status_code == status
    assert len(server.account) == written
    assert upsert(client).status_code == (200 if written else 201)
    assert (server.journal.faults, server.journal.quota_refusals) == ({kind: 1}, 0)


def test_the_two_kinds_of_401_differ_in_their_message(server: SandboxServer, client: httpx.Client) -> None:
    """An invalid token and a gateway time-out have different messages."""
    server.faults.add(Fault(FaultKind.TOKEN_INVALID), Fault(FaultKind.COMMAND_TIMED_OUT))
    messages = [upsert(client).json()["message"] for _ in range(2)]
    assert messages == ["Invalid token: access token is invalid", "Command timed out"]


def test_a_fault_may_have_retry_after(server: SandboxServer, client: httpx.Client) -> None:
    """`Retry-After` can be given as seconds or as a date."""
    for value in ("7", "Wed, 21 Oct 2026 07:28:00 GMT"):
        server.faults.add(Fault(FaultKind.TOO_MANY, retry_after=value))
        assert upsert(client).headers["Retry-After"] == value


@pytest.mark.parametrize("written", [False, True])
def test_a_reset_connection_is_reset(server: SandboxServer, *, written: bool) -> None:
    """The connection ends with a TCP reset and without a byte, before the write or after it."""
    server.faults.add(Fault(FaultKind.RESET, written=written))
    with pytest.raises(ConnectionResetError):
        raw_upsert(server)
    assert len(server.account) == written


@pytest.mark.parametrize("written", [False, True])
def test_a_closed_connection_ends_without_a_byte(server: SandboxServer, *, written: bool) -> None:
    """The connection is closed without a byte, before the write or after it."""
    server.faults.add(Fault(FaultKind.CLOSE, written=written))
    assert raw_upsert(server) == b""
    assert len(server.account) == written


def test_half_an_answer_ends_in_the_middle(server: SandboxServer) -> None:
    """The body is half as long as its header says, and the write happened."""
    server.faults.add(Fault(FaultKind.HALF))
    head, _, body = raw_upsert(server).partition(b"\r\n\r\n")
    promised = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert head.startswith(b"HTTP/1.1 201")
    assert len(body) == promised // 2
    assert len(server.account) == 1


def test_broken_json_is_a_whole_answer_that_cannot_be_parsed(server: SandboxServer, client: httpx.Client) -> None:
    """The body is complete by its header but not JSON, and the connection stays usable."""
    server.faults.add(Fault(FaultKind.BROKEN_JSON))
    answer = upsert(client)
    assert answer.status_code == 201
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert upsert(client).json()["new"] is False


def test_a_dripping_answer_arrives_in_pieces(server: SandboxServer, client: httpx.Client) -> None:
    """The pieces together are the complete answer."""
    server.faults.add(Fault(FaultKind.DRIP, seconds=0.02))
    with client.stream("POST", "/contacts/upsert", json=ANN) as answer:
        pieces = list(answer.iter_raw())
    assert len(pieces) > 1
    assert json.loads(b"".join(pieces))["new"] is True


@pytest.mark.parametrize("written", [False, True])
def test_a_hanging_call_gets_no_answer(server: SandboxServer, client: httpx.Client, *, written: bool) -> None:
    """The client's time-out ends the call, and the server serves the next one."""
    server.faults.add(Fault(FaultKind.HANG, written=written))
    with pytest.raises(httpx.ReadTimeout):
        client.post("/contacts/upsert", json=ANN, timeout=0.05)
    assert len(server.account) == written
    assert upsert(client).status_code == (200 if written else 201)


def test_a_hanging_call_may_end_by_itself(server: SandboxServer) -> None:
    """The server closes the connection after the seconds of the fault."""
    server.faults.add(Fault(FaultKind.HANG, seconds=0.01))
    assert raw_upsert(server) == b""


@pytest.mark.parametrize(
    ("kind", "remaining"),
    [
        (FaultKind.HEADERS_MISSING, None),
        (FaultKind.HEADERS_NEGATIVE, "-1"),
        (FaultKind.HEADERS_ABSURD, "many"),
    ],
)
def test_the_quota_headers_can_be_wrong(
    server: SandboxServer, client: httpx.Client, kind: FaultKind, remaining: str | None
) -> None:
    """The headers are missing or wrong, and the answer is correct."""
    server.faults.add(Fault(kind))
    answer = upsert(client)
    assert answer.headers.get("X-RateLimit-Remaining") == remaining
    assert answer.json()["new"] is True


def test_a_fault_may_be_for_one_email(server: SandboxServer, client: httpx.Client) -> None:
    """Calls with another e-mail are served."""
    server.faults.add(Fault(FaultKind.UNPROCESSABLE, times=None, email="bob@example.com"))
    statuses = [
        client.post("/contacts/upsert", json={**ANN, "email": f"{name}@example.com"}).status_code
        for name in ("ann", "bob", "eve", "Bob")
    ]
    assert statuses == [201, 422, 201, 422]
