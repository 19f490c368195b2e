"""Deliver an outbox to a sandbox of another process; or post the same contacts with a bare httpx client."""

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

import httpx

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.contacts.contact import Contact
from leadway_provider.store.state import StateStore, SyncIdentity, SyncRun
from leadway_provider.sync.deliver import deliver
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.ports import PlannedRow

TOKEN, LOCATION = "sandbox-token", "sandbox-location"
LATENCY = 0.1
IN_FLIGHT = 200
BARE_ROWS = 1_500
ROWS = 6_000
QUOTA_ROWS = 2_000
BATCH = 1_000


@contextmanager
def sandbox(*arguments: str) -> Iterator[str]:
    """The address of a sandbox that runs in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "leadway_provider.cli", "sandbox", "--port", str(port)]
    server = subprocess.Popen([*command, "--latency", str(LATENCY), *arguments], stdout=subprocess.DEVNULL)
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
    run = state.begin(sync, task_run="benchmark", definition=b"")
    for start in range(0, rows, BATCH):
        run.write([PlannedRow(str(n), b"f" * 16, Contact(contact(n))) for n in range(start, start + BATCH)], [])
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
        await deliver(run, client, max_in_flight=in_flight, batch_size=BATCH)
        return time.perf_counter() - began_at


async def _bare(url: str) -> float:
    headers = {"Authorization": f"Bearer {TOKEN}", "Version": "2021-07-28"}
    limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=60) as client:
        slots = asyncio.Semaphore(IN_FLIGHT)

        async def post(number: int) -> None:
            async with slots:
                answer = await client.post("/contacts/upsert", json={**contact(number), "locationId": LOCATION})
                answer.raise_for_status()

        began_at = time.perf_counter()
        await asyncio.gather(*(post(number) for number in range(BARE_ROWS)))
        return time.perf_counter() - began_at


def main(what: str, folder: Path) -> None:
    """Measure one thing and print what was found."""
    found: dict[str, float]
    if what == "quota":
        with sandbox("--quota-requests", "100", "--quota-seconds", "1") as url:
            run = outbox(folder, what, QUOTA_ROWS)
            seconds = asyncio.run(_deliver(url, run, 16, quota_requests=100, quota_seconds=1))
            limited = httpx.get(f"{url}/_sandbox/statistics").json()["quotaRefusals"]
            found = {"rows": QUOTA_ROWS, "seconds": seconds, "quota_seconds": QUOTA_ROWS / 100, "limited": limited}
    else:
        with sandbox("--no-quota") as url:
            if what == "bare":
                found = {"per_second": BARE_ROWS / asyncio.run(_bare(url))}
            else:
                run = outbox(folder, what, ROWS)
                seconds = asyncio.run(_deliver(url, run, IN_FLIGHT, quota_requests=100_000, quota_seconds=1))
                found = {"per_second": ROWS / seconds}
    if what != "bare" and run.counts().created != run.counts().read:
        raise SystemExit(f"not everything was delivered: {run.counts()}")
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
