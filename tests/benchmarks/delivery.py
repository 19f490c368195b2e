"""Deliver an outbox to a sandbox of another process; or post the same contacts with a client that keeps no state.

python -m tests.benchmarks.delivery <ours, httpx or aiohttp> <rows> <folder>
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.contacts.contact import Contact
from leadway_provider.operators.collection import rare_collections
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.deliver import OutboxDelivery
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.records import PlannedRow
from leadway_provider.sync.request import SyncIdentity

TOKEN, LOCATION = "sandbox-token", "sandbox-location"
LATENCY = 0.1
IN_FLIGHT = 200
BATCH = 1_000


@contextmanager
def sandbox(*arguments: str) -> Iterator[str]:
    """The address of a sandbox that runs in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "leadway_provider.cli", "sandbox", "--port", str(port)]
    server = subprocess.Popen([*command, *arguments], stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url)
        yield url
    finally:
        server.terminate()
        server.wait()


def _await(url: str) -> None:
    for _ in range(200):
        try:
            httpx.get(url).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the sandbox did not start")


def contact(number: int) -> dict[str, str]:
    """A contact as a warehouse has them."""
    return {
        "email": f"customer{number}@example.com",
        "firstName": f"First{number}",
        "lastName": f"Last{number}",
        "address1": f"{number} Main Street",
        "city": "Springfield",
        "country": "US",
    }


def outbox(folder: Path, name: str, rows: int) -> SyncRun:
    """A run whose plan found so many rows."""
    state = StateStore.open_file(folder / f"{name}.db")
    sync = SyncIdentity(name="benchmark", host="http://127.0.0.1", location_id=LOCATION)
    run = state.begin(sync, task_run="benchmark", digest=b"")
    for start in range(0, rows, BATCH):
        ids = run.ensure_rows([str(number) for number in range(start, min(start + BATCH, rows))])
        run.write([PlannedRow(row_id, key, b"f" * 16, Contact(contact(int(key)))) for key, row_id in ids.items()], [])
    run.seal(Counts(read=rows, pending=rows))
    return run


async def _deliver(url: str, run: SyncRun, in_flight: int, **quota: int) -> float:
    settings = ConnectionSettings.from_connection(
        "benchmark",
        schema=None,
        host=url,
        port=None,
        password=TOKEN,
        extra={"location_id": LOCATION, **quota},
    )
    async with LeadwayClient(settings, max_in_flight=in_flight) as client:
        began_at = time.perf_counter()
        await OutboxDelivery(store=run, sink=client, max_in_flight=in_flight, batch_size=BATCH).run()
        return time.perf_counter() - began_at


async def _bare(url: str, rows: int) -> float:
    """Post contacts with httpx's client over its own transport."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Version": "2021-07-28"}
    limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=60) as client:
        slots = asyncio.Semaphore(IN_FLIGHT)

        async def post(number: int) -> None:
            async with slots:
                answer = await client.post("/contacts/upsert", json={**contact(number), "locationId": LOCATION})
                answer.raise_for_status()

        began_at = time.perf_counter()
        await asyncio.gather(*(post(number) for number in range(rows)))
        return time.perf_counter() - began_at


async def _bare_aiohttp(url: str, rows: int) -> float:
    """Post contacts over the transport that the provider uses, without a client around it, and read the answers."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Version": "2021-07-28", "Content-Type": "application/json"}
    slots = asyncio.Semaphore(IN_FLIGHT)
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar())
    async with AiohttpTransport(client=session) as transport:

        async def post(number: int) -> None:
            body = json.dumps({**contact(number), "locationId": LOCATION}).encode()
            async with slots:
                request = httpx.Request("POST", f"{url}/contacts/upsert", headers=headers, content=body)
                answer = await transport.handle_async_request(request)
                json.loads(await answer.aread())
                assert answer.is_success

        began_at = time.perf_counter()
        await asyncio.gather(*(post(number) for number in range(rows)))
        return time.perf_counter() - began_at


def main(what: str, rows: int, folder: Path) -> None:
    """Measure one thing and print what was found, with the garbage collector as it is during a run."""
    with sandbox("--no-quota", "--latency", str(LATENCY)) as url, rare_collections():
        if what == "httpx":
            seconds = asyncio.run(_bare(url, rows))
        elif what == "aiohttp":
            seconds = asyncio.run(_bare_aiohttp(url, rows))
        else:
            folder.mkdir(exist_ok=True)
            run = outbox(folder, what, rows)
            seconds = asyncio.run(_deliver(url, run, IN_FLIGHT, quota_requests=100_000, quota_seconds=1))
            if run.counts()["created"] != rows:
                raise SystemExit(f"not everything was delivered: {run.counts()}")
        print(json.dumps({"per_second": rows / seconds}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
