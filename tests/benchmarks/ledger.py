"""Fill a ledger, and measure how long its uses take; prints milliseconds, and bytes for each entry.

The entries are those of daily runs over the same customers: each customer has one for each of 50 runs.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.contacts.row import MappedColumn
from leadway_provider.store import tables
from leadway_provider.store.ledger import Attempt, LedgerEntry, append
from leadway_provider.store.reading.history import HistoryReader, PastDelivery, TracedKey
from leadway_provider.store.reading.page import Page
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.request import SyncIdentity

RUNS: Final = 50
COLUMNS: Final = [
    MappedColumn(name, name, name)
    for name in ("email", "firstName", "lastName", "phone", "address1", "city", "state", "country", "website", "source")
]
API_PATHS: Final = tuple(each.api_path for each in COLUMNS)
SYNC: Final = SyncIdentity(name="benchmark", host="http://127.0.0.1", location_id="location")

# The two databases' own ways to create many rows; a contact's id and a trace id are as long as the CRM's.
_FILL: Final = {
    "sqlite": (
        "INSERT INTO leadway_delivery (sync_id, delivered_at, attempt, status, run_id, source_key, contact_id, outcome,"
        " fields, trace_id) WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :customers) "
        "SELECT :sync_id, :at, 1, 200, :run_id, n, substr(hex(n * 2654435761 % 4294967296) || "
        "hex(n * 40503), 1, 20), :outcome, '3ff', randomblob(16) FROM n"
    ),
    "postgresql": (
        "INSERT INTO leadway_delivery (sync_id, delivered_at, attempt, status, run_id, source_key, contact_id, outcome,"
        " fields, trace_id) SELECT :sync_id, :at, 1, 200, :run_id, n::text, substr(md5(n::text), 1, 20), :outcome, "
        "'3ff', uuid_send(gen_random_uuid()) FROM generate_series(1, :customers) n"
    ),
}


def fill(engine: sa.Engine, run: SyncRun, customers: int) -> None:
    """Add an entry for each customer and each run, the oldest of them 91 days old.

    The indexes are created at the end, which takes a tenth of the time.
    """
    types = tables.delivery.c
    insert = sa.text(_FILL[engine.dialect.name]).bindparams(
        *(sa.bindparam(name, type_=types[name].type) for name in ("run_id", "outcome")),
        sa.bindparam("at", type_=types.delivered_at.type),
    )
    for index in tables.delivery.indexes:
        index.drop(engine)
    for number in range(RUNS):
        at = datetime.now(UTC) - timedelta(days=91 - number)
        with engine.begin() as connection:
            values = {"sync_id": run.sync_id, "at": at, "run_id": run.id, "outcome": "updated", "customers": customers}
            connection.execute(insert, values)
    for index in tables.delivery.indexes:
        index.create(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def milliseconds(act: Callable[[], Any], times: int = 15) -> float:
    """Return the median of so many times."""
    found = []
    for _ in range(times):
        began_at = time.perf_counter()
        act()
        found.append(time.perf_counter() - began_at)
    return 1000 * statistics.median(found)


def size(engine: sa.Engine) -> int:
    """Bytes of the table with its indexes."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            return int(connection.exec_driver_sql("SELECT pg_total_relation_size('leadway_delivery')").scalar_one())
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one())


def traced(history: HistoryReader, page: Page[TracedKey]) -> list[PastDelivery]:
    """All deliveries of the keys of a page."""
    return [
        delivery
        for each in page.records
        for delivery in history.deliveries(each.sync.id, each.source_key, limit=RUNS).records
    ]


def measure(engine: sa.Engine, entries: int) -> dict[str, float]:
    """What a ledger of so many entries costs."""
    with closing(StateStore.open(engine, "benchmark")) as state:
        run = state.begin(SYNC, task_run="dag/run/task/-1", digest=b"")
        run.describe("SELECT 1", COLUMNS)
        customers = entries // RUNS
        fill(engine, run, customers)
        syncs, history = state.syncs().known(), state.reader().history()
        bytes_an_entry = size(engine) / entries
        key = count(customers // 2, 7919)
        attempt = Attempt(run.sync_id, run.id, 1, API_PATHS)
        contact_id = history.deliveries(run.sync_id, "7").records[0].contact_id or ""

        def by_key() -> None:
            assert len(traced(history, history.of_key(str(next(key) % customers + 1), syncs))) == RUNS

        def by_contact() -> None:
            assert len(traced(history, history.of_contact(contact_id, syncs))) == RUNS

        def append_entries() -> None:
            entries = [
                LedgerEntry(
                    str(next(key) % customers + 1),
                    RowState.UPDATED,
                    contact_id=uuid.uuid4().hex[:20],
                    sent=API_PATHS,
                    status=200,
                    trace_id=str(uuid.uuid4()),
                )
                for _ in range(1000)
            ]
            with engine.begin() as connection:
                append(connection, attempt, entries, now=datetime.now(UTC))

        found = {"entries": entries, "bytes": bytes_an_entry}
        found |= {
            "key": milliseconds(by_key),
            "contact": milliseconds(by_contact),
            "append": milliseconds(append_entries),
        }
        began_at = time.perf_counter()
        deleted = run.trim_ledger(90)
        return found | {"trim": 1000 * (time.perf_counter() - began_at) / deleted * 1000}


def main(kind: str, entries: int, folder: Path) -> None:
    """Measure one ledger, and print what was found."""
    if kind == "sqlite":
        found = measure(sa.create_engine(f"sqlite:///{folder / f'{entries}.db'}"), entries)
    else:
        from tests.services import postgres_database

        with postgres_database() as url:
            engine = sa.create_engine(url)
            found = measure(engine, entries)
            engine.dispose()
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
