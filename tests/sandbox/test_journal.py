"""What the journal keeps of the calls."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.journal import Journal
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.sandbox.clock import Clock

HEADERS = {"Authorization": "Bearer sandbox-token", "Version": "2021-07-28"}


def test_upserts_are_kept_with_body_status_and_times(server: SandboxServer, client: httpx.Client) -> None:
    """Calls are in the order of arrival and without their query, and upserts have their bodies."""
    body = {"locationId": "sandbox-location", "email": "ann@example.com"}
    client.post("/contacts/upsert", json=body)
    client.get("/contacts/search/duplicate", params={"locationId": "sandbox-location", "email": "ann@example.com"})
    client.post("/contacts/upsert", json={**body, "tags": 1})
    journal = server.journal
    assert [(call.body, call.status) for call in journal.upserts] == [(body, 201), ({**body, "tags": 1}, 422)]
    assert [(call.method, call.path) for call in journal.calls] == [
        ("POST", "/contacts/upsert"),
        ("GET", "/contacts/search/duplicate"),
        ("POST", "/contacts/upsert"),
    ]
    assert all(call.finished_at is not None and call.finished_at >= call.arrived_at for call in journal.calls)


def test_updates_are_kept_beside_the_upserts(server: SandboxServer, client: httpx.Client) -> None:
    """`writes` holds upserts and updates with their bodies, and `upserts` holds upserts only."""
    _, ann = server.account.upsert({"email": "ann@example.com"})
    upsert, update = {"locationId": "sandbox-location", "email": "ann@example.com"}, {"firstName": "Ann"}
    client.post("/contacts/upsert", json=upsert)
    client.put(f"/contacts/{ann.id}", json=update)
    client.delete(f"/contacts/{ann.id}")
    assert [(call.method, call.body, call.status) for call in server.journal.writes] == [
        ("POST", upsert, 200),
        ("PUT", update, 200),
    ]
    assert [call.body for call in server.journal.upserts] == [upsert]


def test_a_dropped_call_has_no_status(server: SandboxServer, client: httpx.Client) -> None:
    """A call whose connection was dropped is finished without a status."""
    server.faults.add(Fault(FaultKind.RESET, written=True))
    with pytest.raises(httpx.TransportError):
        client.post("/contacts/upsert", json={"locationId": "sandbox-location", "email": "ann@example.com"})
    assert client.get("/locations/sandbox-location").status_code == 200
    assert [call.status for call in server.journal.calls] == [None, 200]
    assert server.journal.in_flight == 0


def test_the_log_is_bounded_and_the_counts_are_not() -> None:
    """The log keeps the last calls, and the counts are of all."""
    journal = Journal(Clock(), length=3)
    for number in range(10):
        record = journal.begin("POST", "/contacts/upsert")
        journal.answer(record, 201 if number % 2 else 429)
    assert (len(journal.calls), len(journal.upserts), journal.total) == (3, 3, 10)
    assert journal.statuses == {201: 5, 429: 5}


def test_calls_in_flight_are_counted() -> None:
    """The journal counts the calls in flight, and keeps the highest number."""
    with ThreadPoolExecutor(3) as pool:
        with SandboxServer() as server:
            server.faults.add(Fault(FaultKind.HANG, times=None))
            for _ in range(3):
                pool.submit(httpx.get, f"{server.url}/locations/sandbox-location", timeout=30)
            while server.journal.in_flight < 3:
                time.sleep(0.001)
        assert (server.journal.most_in_flight, server.journal.in_flight) == (3, 0)


def test_a_call_takes_as_long_as_the_latency_says() -> None:
    """The latency is the time from arrival to answer."""
    with SandboxServer(Settings(latency=0.02)) as server:
        assert httpx.get(f"{server.url}/locations/sandbox-location", headers=HEADERS).status_code == 200
        (call,) = server.journal.calls
        assert call.finished_at is not None
        # The event loop does not use the journal's clock, and may end its sleep a little early.
        assert call.finished_at - call.arrived_at >= 0.01
