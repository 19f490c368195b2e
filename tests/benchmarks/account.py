"""Read all contacts of an account into a state store, or make the same calls and do nothing with the answers.

python -m tests.benchmarks.account <read or bare> <contacts> <folder>
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from contextlib import closing
from pathlib import Path

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.contacts.mapping import compile_mapping
from leadway_provider.contacts.normal import ContactForm
from leadway_provider.sandbox.file import save
from leadway_provider.sandbox.service import Service, Settings
from leadway_provider.store.state import StateStore
from leadway_provider.sync.identities import IdentityHasher
from leadway_provider.sync.request import SyncIdentity
from leadway_provider.sync.snapshot import AccountReading, ContactDigester
from tests.benchmarks.delivery import LOCATION, TOKEN, contact, sandbox

COLUMNS = ("id", "email", "first_name", "last_name", "address1", "city", "country", "tags")
REQUESTS, SECONDS, LATENCY = 100, 10, 0.05
"""The quota that is documented, and how long a call takes."""


def fill(file: Path, contacts: int) -> None:
    """Write an account of so many contacts, as a sandbox reads it at its start."""
    service = Service(Settings())
    for number in range(contacts):
        service.account.create({**contact(number), "tags": ["customer", f"set {number % 3}"]})
    save(service, file)


async def bare(client: LeadwayClient) -> int:
    """Make the calls one after the other, and return how many contacts they showed."""
    found, after = 0, None
    while page := await client.search_contacts(after):
        found, after = found + len(page), page[-1].fields["searchAfter"]
    return found


async def read(client: LeadwayClient, state: StateStore) -> int:
    """Read the account as a run does."""
    mapping = compile_mapping(COLUMNS, key=["id"])
    sync = SyncIdentity("benchmark", "http://127.0.0.1", LOCATION)
    run = state.begin(sync, task_run="run", digest=b"")
    reading = AccountReading(run.snapshot, ContactDigester(ContactForm.of(mapping, ()), IdentityHasher(b"key")))
    await reading.read(client)
    return reading.contacts


async def measured(what: str, url: str, folder: Path) -> dict[str, float]:
    """Return what it took."""
    settings = ConnectionSettings.from_connection(
        "benchmark", schema=None, host=url, port=None, password=TOKEN, extra={"location_id": LOCATION}
    )
    with closing(StateStore.open_file(folder / "state.db")) as state:
        async with LeadwayClient(settings) as client:
            began = time.monotonic()
            contacts = await (bare(client) if what == "bare" else read(client, state))
            seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"contacts": contacts, "calls": client.calls, "seconds": seconds, "peak_mb": peak}


def main(what: str, contacts: int, folder: Path) -> None:
    """Fill an account in a process of its own, read it, and print what that took."""
    file = folder / f"{contacts}.json"
    if what == "fill":
        fill(file, contacts)
        print(json.dumps({"contacts": contacts}))
        return
    arguments = ["--quota-requests", str(REQUESTS), "--quota-seconds", str(SECONDS), "--latency", str(LATENCY)]
    with sandbox(*arguments, "--file", str(file)) as url:
        print(json.dumps(asyncio.run(measured(what, url, folder))))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
