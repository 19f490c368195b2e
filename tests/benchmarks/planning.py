"""Compare a million unchanged rows, or only stream them; prints seconds and memory."""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import time
import uuid
from pathlib import Path

import sqlalchemy as sa

from leadway_provider.contacts.mapping import ContactMapping, compile_mapping
from leadway_provider.store import tables
from leadway_provider.store.source import read_source
from leadway_provider.store.state import StateStore, SyncIdentity
from leadway_provider.sync.outcome import Outcome
from leadway_provider.sync.plan import plan
from leadway_provider.sync.row import fingerprinter, source_keys

ROWS = 1_000_000
BATCH = 1_000
SQL = "SELECT * FROM customers"
SYNC = SyncIdentity(name="benchmark", host="http://127.0.0.1", location_id="location")


def source(folder: Path) -> sa.Engine:
    """The warehouse."""
    return sa.create_engine(f"sqlite:///{folder / 'warehouse.db'}")


def make_warehouse(folder: Path) -> None:
    """A table of customers with the columns that such a table has."""
    with sqlite3.connect(folder / "warehouse.db") as warehouse:
        warehouse.execute(
            "CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, email TEXT, first_name TEXT, last_name TEXT, "
            "phone TEXT, address1 TEXT, city TEXT, state TEXT, postal_code TEXT, country TEXT, company_name TEXT)"
        )
        warehouse.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    number,
                    f"customer{number}@example.com",
                    f"First{number % 1000}",
                    f"Last{number % 777}",
                    "+12025550101",
                    f"{number} Main Street",
                    "Springfield",
                    "IL",
                    f"{number % 100_000:05}",
                    "US",
                    "Example Ltd",
                )
                for number in range(ROWS)
            ),
        )


def mapping(columns: tuple[str, ...]) -> ContactMapping:
    """The SELECT list is the mapping."""
    return compile_mapping(columns, key=["customer_id"])


def remember(folder: Path) -> None:
    """Let the account have acknowledged every row, as the state store keeps it."""
    state = StateStore.open_file(folder / "state.db")
    run = state.begin(SYNC, task_run="before", definition=b"")
    with read_source(source(folder), SQL, None, batch_size=BATCH, name="warehouse") as rows:
        compiled = mapping(rows.columns)
        fingerprint = fingerprinter(compiled.digest)
        for batch in rows.batches():
            ids = run.enroll([key for key in source_keys(batch, compiled.key_positions) if key])
            with state_engine(folder).begin() as connection:
                connection.execute(
                    sa.update(tables.row)
                    .where(tables.row.c.id == sa.bindparam("row"))
                    .values(outcome=Outcome.CREATED, contact_id="x" * 20, trace_id="x" * 36),
                    [{"row": ids[str(row[0])], "fingerprint": fingerprint(row)} for row in batch],
                )
    state.close()


def state_engine(folder: Path) -> sa.Engine:
    """The state's database."""
    return sa.create_engine(f"sqlite:///{folder / 'state.db'}")


def compare(folder: Path) -> int:
    """Plan the same rows again; tells how many are unchanged."""
    run = StateStore.open_file(folder / "state.db").begin(SYNC, task_run=uuid.uuid4().hex, definition=b"")
    with read_source(source(folder), SQL, None, batch_size=BATCH, name="warehouse") as rows:
        found = plan(
            rows.batches(),
            key=["customer_id"],
            mapping=mapping(rows.columns),
            store=run,
            claims=run.claims,
            again=lambda: (),
        )
    run.seal(found.counts)
    return run.counts().unchanged


def main(what: str, folder: Path) -> None:
    """Do one thing and print what it cost."""
    if what == "prepare":
        make_warehouse(folder)
        remember(folder)
        print("{}")
        return
    began_at = time.perf_counter()
    if what == "stream":
        with source(folder).connect().execution_options(stream_results=True, max_row_buffer=BATCH) as connection:
            rows = sum(len(part) for part in connection.execute(sa.text(SQL)).partitions(BATCH))
    else:
        rows = compare(folder)
    seconds = time.perf_counter() - began_at
    if rows != ROWS:
        raise SystemExit(f"{rows} of {ROWS} rows")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
