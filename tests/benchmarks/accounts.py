"""What an account costs in one query for many accounts, and what it costs to split an outbox for workers.

python -m tests.benchmarks.accounts query <accounts> <rows of each> <folder>     a first sync, and one without changes
python -m tests.benchmarks.accounts split <rows> <folder>                        the split of a planned outbox

The state is in PostgreSQL. The sandbox has no quota, and is in another process than the task.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, cast

import sqlalchemy as sa
from cryptography.fernet import Fernet

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.agency import agency_connection
from tests.services import airflow_connection, postgres_database

ROOT: Final = Path(__file__).parents[2]
_LOOK_EVERY: Final = 0.05


def query(accounts: int, rows: int, folder: Path) -> dict[str, float]:
    """Sync so many accounts in one task, then once more without changes."""
    names = [f"account-{n}" for n in range(accounts)]
    settings = Settings(burst=None, daily=None, more_locations=tuple(names))
    customers = ((n, name, f"p{n}@{name}.example.com") for name in names for n in range(rows))
    with SandboxServer(settings) as sandbox, scene(folder, customers) as (environment, state), watched(state) as most:
        account = agency_connection(sandbox, quota_requests=10_000, quota_seconds=1)
        environment["AIRFLOW_CONN_LEADWAY_DEFAULT"] = json.dumps(account)
        first, again = (in_process(["task", run], environment) for run in ("first", "second"))
    return {
        "accounts": accounts,
        "rows": rows,
        "first_seconds": first["processor_seconds"],
        "again_seconds": again["processor_seconds"],
        "again_calls": again["calls"],
        "peak_mb": first["peak_mb"],
        "connections": max(most),
    }


def split(rows: int, folder: Path) -> dict[str, float]:
    """Plan so many rows of one account, and split the outbox."""
    customers = ((n, "sandbox-location", f"p{n}@example.com") for n in range(rows))
    with SandboxServer(Settings(burst=None, daily=None)) as sandbox, scene(folder, customers) as (environment, _):
        extra = {"location_id": "sandbox-location", "quota_requests": 10_000, "quota_seconds": 1}
        account = {"conn_type": "leadway", "host": sandbox.url, "password": "sandbox-token", "extra": extra}
        environment["AIRFLOW_CONN_LEADWAY_DEFAULT"] = json.dumps(account)
        return in_process(["split"], environment)


@contextmanager
def scene(folder: Path, customers: Iterator[Sequence[object]]) -> Iterator[tuple[dict[str, str], sa.URL]]:
    """A warehouse with these customers, and an empty state: the environment of a task, and the state's address."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "warehouse.db"
    with closing(sqlite3.connect(file)) as warehouse:
        warehouse.execute("CREATE TABLE customers (id INTEGER, location_id TEXT, email TEXT)")
        warehouse.executemany("INSERT INTO customers VALUES (?, ?, ?)", customers)
        warehouse.commit()
    with postgres_database() as state:
        connections = {
            "AIRFLOW_CONN_WAREHOUSE": json.dumps({"conn_type": "sqlite", "host": str(file)}),
            "AIRFLOW_CONN_STATE": airflow_connection(state),
            "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
        }
        yield {**os.environ, **connections}, state


@contextmanager
def watched(state: sa.URL) -> Iterator[list[int]]:
    """How many connections the state database has, without the watcher, again and again."""
    found = [0]
    over = threading.Event()
    engine = sa.create_engine(state.set(database="postgres"), poolclass=sa.NullPool)
    count = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name").bindparams(name=state.database)

    def watch() -> None:
        with engine.connect() as connection:
            while not over.wait(_LOOK_EVERY):
                found.append(connection.execute(count).scalar_one())
                connection.rollback()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()


def in_process(arguments: Sequence[str], environment: dict[str, str]) -> dict[str, float]:
    """Run a step in a process of its own, and return what it prints."""
    command = [sys.executable, "-m", "tests.benchmarks.accounts", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def run_task(run_id: str) -> dict[str, float]:
    """Run the operator over all accounts."""
    from tests.operators.task import TaskInstance, operator

    task = operator(sql="SELECT location_id, id, email FROM customers ORDER BY id", deferrable=False)
    before = time.process_time()
    report = task.execute(cast("Any", {"ti": TaskInstance(run_id=run_id)}))
    return {
        "processor_seconds": time.process_time() - before,
        "calls": cast("float", report["calls"]),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def run_split() -> dict[str, float]:
    """Plan with the operator, seal, and split."""
    from leadway_provider.hooks.database import open_state
    from leadway_provider.sync.parts import part_size
    from leadway_provider.sync.request import SyncIdentity
    from tests.operators.task import TaskInstance, operator

    sql = "SELECT id, email FROM customers ORDER BY id"
    task = operator(sql=sql, deferrable=False, dry_run=True, sync_name="big")
    report = task.execute(cast("Any", {"ti": TaskInstance()}))
    host = json.loads(os.environ["AIRFLOW_CONN_LEADWAY_DEFAULT"])["host"]
    sync = SyncIdentity("big", host, "sandbox-location")
    with closing(open_state("state")) as state:
        run = state.resume_reviewed(sync, str(report["run_id"]), task_run="split", digest=b"")
        run.seal()

        def rows() -> Iterator[Any]:
            position = 0
            while page := run.outbox(position, 1000):
                yield from page
                position = page[-1].position

        before, began_at = time.process_time(), time.perf_counter()
        parts = state.parts(sync, run.id).split(rows(), part_size(int(cast("float", report["pending"]))))
        return {
            "rows": cast("float", report["pending"]),
            "parts": parts,
            "processor_seconds": time.process_time() - before,
            "seconds": time.perf_counter() - began_at,
        }


def main(arguments: Sequence[str]) -> dict[str, float]:
    """Return what a command measures."""
    match arguments:
        case ["query", accounts, rows, folder]:
            return query(int(accounts), int(rows), Path(folder))
        case ["split", rows, folder]:
            return split(int(rows), Path(folder))
        case ["task", run_id]:
            return run_task(run_id)
        case ["split"]:
            return run_split()
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
