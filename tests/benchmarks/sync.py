"""One sync through the operator, step by step, each in a process of its own; prints what the step cost.

    python -m tests.benchmarks.sync <step> <rows> <folder> <URL of the state's database> <URL of an account>

The steps, in order: `warehouse` makes the source. `plan` is the operator's dry run of a first sync, in which every row
is new. `acknowledge` seals that plan and stores an answer for each row, as a delivery does: what it leaves in the state
is what a first run leaves, claims, contacts and ledger included. `unchanged` is the operator's next run. `stream` reads
the same query with SQLAlchemy alone, in a process that has imported the same modules.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sqlite3
import string
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast

import sqlalchemy as sa

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.policies import ContactRules
from leadway_provider.store import tables
from leadway_provider.store.state import StateStore, SyncRun
from leadway_provider.sync.identities import IdentityHasher
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.records import Delivery, OutboxRow
from leadway_provider.sync.request import SyncIdentity
from tests.operators.task import TaskInstance
from tests.services import airflow_connection

BATCH: Final = 1_000
IN_FLIGHT: Final = 200
SQL: Final = "SELECT * FROM customers"
MAPPING: Final = {"tier": "custom.Loyalty Number", "note": "custom.Notes"}
_SIGNS: Final = string.ascii_letters + string.digits
_AREAS: Final = ("202", "312", "415", "617", "713")


def customer(number: int) -> tuple[object, ...]:
    """A row as a warehouse has it: its phone is written in one of five ways."""
    area, line = _AREAS[number % 5], f"{200 + number // 10_000 % 800:03}{number % 10_000:04}"
    phones = (
        f"+1{area}{line}",
        f"({area}) {line[:3]}-{line[3:]}",
        f"{area}-{line[:3]}-{line[3:]}",
        f"+1 {area} {line[:3]} {line[3:]}",
        f"{area}{line}",
    )
    return (
        number,
        f"First{number % 1000}.Last{number}@example.com",
        f"First{number % 1000}",
        f"Last{number % 777}",
        phones[number // 5 % 5],
        f"{number} Main Street",
        "Springfield",
        "IL",
        f"{number % 100_000:05}",
        "US",
        ("gold", "silver")[number % 2],
        f"Note {number}",
    )


def make_warehouse(folder: Path, rows: int) -> dict[str, float]:
    """Fill the table of customers."""
    with sqlite3.connect(folder / "warehouse.db") as warehouse:
        warehouse.execute(
            "CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, email TEXT, first_name TEXT, last_name TEXT, "
            "phone TEXT, address1 TEXT, city TEXT, state TEXT, postal_code TEXT, country TEXT, tier TEXT, note TEXT)"
        )
        warehouse.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(customer, range(1, rows + 1))
        )
    return {}


def connect(folder: Path, state: sa.URL, account: str) -> None:
    """Let Airflow know the source, the state's database and the account."""
    leadway = {
        "conn_type": "leadway",
        "host": account,
        "password": "sandbox-token",
        "extra": {"location_id": "sandbox-location", "quota_requests": 10_000},
    }
    warehouse = sa.URL.create("sqlite", database=str(folder / "warehouse.db"))
    os.environ |= {
        "AIRFLOW__CORE__FERNET_KEY": "",  # hashes without a key, so that the next step can make them
        "AIRFLOW_CONN_LEADWAY_DEFAULT": json.dumps(leadway),
        "AIRFLOW_CONN_WAREHOUSE": airflow_connection(warehouse),
        "AIRFLOW_CONN_STATE": airflow_connection(state),
    }


def run_operator(run_id: str, **arguments: Any) -> dict[str, Any]:
    """Run the task once."""
    task = LeadwayUpsertContactsOperator(
        task_id="sync",
        sql=SQL,
        sql_conn_id="warehouse",
        key="customer_id",
        mapping=MAPPING,
        rules=ContactRules(phone_region="US"),
        state_conn_id="state",
        batch_size=BATCH,
        **arguments,
    )
    context = {"ti": TaskInstance(run_id=run_id), "data_interval_start": None, "data_interval_end": None}
    return task.execute(cast("Any", context))


def plan(folder: Path, state: sa.URL) -> dict[str, float]:
    """Plan a first sync, which the next step delivers; what a dry run tells afterwards is not counted."""
    began_at = datetime.now(UTC)
    report = run_operator("first", dry_run=True)
    ended_at = datetime.now(UTC)
    (folder / "planned").write_text(report["run_id"])
    with sa.create_engine(state).connect() as connection:
        of_run = sa.select(tables.run.c.started_at, tables.run.c.finished_at).where(tables.run.c.id == report["run_id"])
        started_at, planned_at = connection.execute(of_run).one()
    return {
        "rows": report["pending"],
        "seconds": (planned_at - began_at).total_seconds(),
        "rows_seconds": (planned_at - started_at).total_seconds(),
        "told_seconds": (ended_at - planned_at).total_seconds(),
    }


def acknowledge(folder: Path, state: sa.URL, account: str) -> dict[str, float]:
    """Seal the plan, and let the account have created every contact."""
    sync = SyncIdentity(name="customers.sync", host=account, location_id="sandbox-location")
    engine = sa.create_engine(state)
    with closing(StateStore.open(engine, "state")) as store:
        run = store.resume_reviewed(
            sync, (folder / "planned").read_text(), task_run="customers/first/sync/-1", digest=b""
        )
        began_at = time.perf_counter()
        run.seal()
        sealed_at = time.perf_counter()
        rows = 0
        for group in _groups(run):
            run.acknowledge([_created(row) for row in group])
            rows += len(group)
        ended_at = time.perf_counter()
        run.finish(calls=rows, seconds=ended_at - began_at)
        size = _bytes(engine)
    return {"rows": rows, "sealing": sealed_at - began_at, "seconds": ended_at - sealed_at, "bytes": size / rows}


def _groups(run: SyncRun) -> Iterator[list[OutboxRow]]:
    """Read the outbox as a delivery does, and group the answers as they come with so many calls in flight."""
    position = 0
    while page := run.outbox(position, BATCH):
        position = page[-1].position
        yield from (page[start : start + IN_FLIGHT] for start in range(0, len(page), IN_FLIGHT))


def _created(row: OutboxRow) -> Delivery:
    ids = random.Random(row.row_id)  # noqa: S311 - no secret
    return Delivery(
        row,
        RowState.CREATED,
        contact_id="".join(ids.choices(_SIGNS, k=20)),
        trace_id=str(uuid.UUID(int=ids.getrandbits(128))),
        status=201,
        in_crm=frozenset(IdentityHasher().of(row.contact)),
    )


def _bytes(engine: sa.Engine) -> int:
    """The size of the state's tables with their indexes; of SQLite, the whole file."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            of_tables = sa.text(
                "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'leadway%'"
            )
            return int(connection.execute(of_tables).scalar_one())
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one())


def unchanged() -> dict[str, float]:
    """Run the task again over the same rows, with Airflow loaded as far as it is wherever a task runs."""
    import_module("airflow.sdk.execution_time.task_runner")
    began_at = time.perf_counter()
    report = run_operator("second")
    seconds = time.perf_counter() - began_at
    return {"rows": report["unchanged"], "seconds": seconds, "calls": report["calls"]}


def stream(folder: Path) -> dict[str, float]:
    """Read the source, and do nothing with it."""
    began_at = time.perf_counter()
    engine = sa.create_engine(f"sqlite:///{folder / 'warehouse.db'}")
    with engine.connect().execution_options(stream_results=True, max_row_buffer=BATCH) as connection:
        rows = sum(len(part) for part in connection.execute(sa.text(SQL)).partitions(BATCH))
    return {"rows": rows, "seconds": time.perf_counter() - began_at}


def main(step: str, rows: int, folder: Path, state: str, account: str) -> None:
    """Do one step, and print what it cost."""
    url = sa.make_url(state)
    connect(folder, url, account)
    match step:
        case "warehouse":
            found = make_warehouse(folder, rows)
        case "plan":
            found = plan(folder, url)
        case "acknowledge":
            found = acknowledge(folder, url, account)
        case "unchanged":
            found = unchanged()
        case _:
            found = stream(folder)
    if found and found["rows"] != rows:
        raise SystemExit(f"{step}: {found['rows']:,} of {rows:,} rows")
    print(json.dumps(found | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], sys.argv[5])
