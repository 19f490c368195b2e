"""Keep the state stores that runs of the present version leave, for the upgrade test of all versions after it.

`python -m tests.upgrade.make` writes the folder `stores/<revision>`: for each kind of database the store's statements
and the account's contacts, and what the runs were made with. It needs PostgreSQL, MariaDB, pg_dump and mariadb-dump.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import sqlalchemy as sa
from airflow.providers.common.compat.sdk import TaskDeferred

from leadway_provider import __version__
from leadway_provider.clock import utc_now
from leadway_provider.notifications.leadway import LeadwayNotifier
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.file import save
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.store.schema import REVISIONS
from leadway_provider.sync.process import this_process
from tests import conftest
from tests.operators.task import TaskInstance
from tests.services import KINDS, mariadb_database, postgres_database
from tests.upgrade.scene import (
    CONDITIONS,
    HEX_HOST,
    HOST,
    MONDAY,
    NORTH,
    SETTINGS,
    SOURCE,
    STORES,
    TUESDAY,
    change,
    connected,
    fill,
    ignore,
    run,
)

assert conftest  # it gives Airflow a home of its own

_SENT: Final = 3
"""A run is killed after so many contacts have arrived."""


def people(sync: str, count: int) -> list[tuple[object, ...]]:
    """Return so many rows of a sync."""
    return [
        (sync, number, f"{sync}{number}@example.com", None, f"First {number}", None, None, "2026-11-16")
        for number in range(1, count + 1)
    ]


def rows() -> Iterator[tuple[object, ...]]:
    """Return what the source has at first."""
    yield ("customers", 1, "ann@example.com", "+1 555 0101", "Ann", None, None, None)
    yield ("customers", 2, "ben@example.com", None, "Ben", "new, vip", None, None)
    yield ("customers", 3, None, "+1 202 555 0103", "Cleo", None, None, None)
    yield ("customers", 4, "ben@example.com", None, "Benjamin", None, None, None)
    yield ("customers", 5, "not an e-mail", None, "Dan", None, None, None)
    yield ("customers", 6, "eva@example.com", None, "Eva", None, None, None)
    yield ("customers", 7, "finn@example.com", None, "Finn", None, None, None)
    yield ("customers", 8, "gül@example.com", "12", "Gül 💐", None, None, None)
    yield ("each_anew", 1, "uma@example.com", None, "Uma", None, None, None)
    yield ("each_anew", 2, "val@example.com", None, "Val", None, None, None)
    for name, count in {"killed": 6, "left": 6, "deferred": 3, "reviewed": 2, "workers": 6, "compared": 2}.items():
        yield from people(name, count)
    yield from people("recent", 2)
    for row, account in zip(people("accounts", 3), (NORTH, NORTH, SETTINGS.location_id), strict=True):
        yield (*row[:-2], account, None)


def leave_state(warehouse: Path, account: SandboxServer) -> None:
    """Run every sync as far as its state shall be."""
    fill(warehouse, rows())
    account.account.upsert({"email": "ann@example.com", "firstName": "Anna"})
    account.faults.add(Fault(FaultKind.UNPROCESSABLE, times=None, email="eva@example.com"))
    run("customers", "first")
    change(warehouse, "UPDATE people SET first_name = 'Ben the second' WHERE sync = 'customers' AND id = 2")
    change(warehouse, "DELETE FROM people WHERE sync = 'customers' AND id = 7")
    run("customers", "second")
    ti = TaskInstance(dag_id="people", run_id="second")
    LeadwayNotifier(ignore, conditions=CONDITIONS, sync_name="customers")(
        {"ti": ti, "task": SimpleNamespace(state_conn_id="state")}
    )

    account.account.upsert({"email": "uma@example.com", "firstName": "Una"})
    account.account.contacts[-1].added_at = 0.0
    account.faults.add(Fault(FaultKind.CLOSE, email="uma@example.com", written=True))
    run("each_anew", "first")

    kill(account, "killed", "first")
    kill(account, "left", "first")
    account.faults.add(Fault(FaultKind.TOO_MANY, times=None, after=1, path="/contacts/upsert"))
    with suppress(TaskDeferred):
        run("deferred", "first")
    account.faults.clear()
    run("reviewed", "first", task_id="plan", dry_run=True)
    planned = run("workers", "first", task_id="plan", dry_run=True)
    kill(account, "workers", "first", worker=0, reviewed_run=planned["run_id"])

    for run_id in ("first", "second"):
        run("compared", run_id)
    run("recent", "first", interval=(MONDAY, TUESDAY))
    run("accounts", "first")


def kill(account: SandboxServer, name: str, run_id: str, **more: Any) -> None:
    """Run a sync in a process of its own, and kill that process after some of its contacts have arrived."""
    before = len(account.journal.upserts)
    code = f"from tests.upgrade.scene import run; run({name!r}, {run_id!r}, **{more!r})"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL) as child:
        while child.poll() is None and len(account.journal.upserts) - before < _SENT:
            time.sleep(0.001)
        child.kill()
    assert child.returncode < 0, f"{name} has ended by itself"


@contextmanager
def database(kind: str, folder: Path) -> Iterator[sa.URL]:
    """Give a new database of that kind."""
    chosen: dict[str, Callable[[], Any]] = {"postgresql": postgres_database, "mariadb": mariadb_database}
    file = sa.URL.create("sqlite", database=str(folder / "state.db"))
    with chosen.get(kind, lambda: nullcontext(file))() as url:
        yield url


def statements(url: sa.URL) -> str:
    """Return the statements that make a database anew."""
    name, host, user = str(url.database), str(url.host), str(url.username)
    match url.get_backend_name():
        case "sqlite":
            with closing(sqlite3.connect(name)) as state:
                return "\n".join(line for line in state.iterdump() if "sqlite_stat" not in line) + "\n"
        case "postgresql":
            return dumped("pg_dump", "-h", host, "-U", user, "--inserts", "--no-owner", "--no-comments", name)
        case _:
            return dumped("mariadb-dump", "-h", host, "-u", user, "--hex-blob", "--skip-comments", "--compact", name)


def dumped(*command: str) -> str:
    """Return what a server's own command writes, without the lines that are for that server's client only."""
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    kept = (line for line in text.splitlines() if line and not line.startswith(("--", "\\", "SET ", "/*")))
    return "\n".join(kept) + "\n"


def neutral(text: str, host: str, warehouse: Path) -> str:
    """Return the statements with names in place of what is another one where the store is used again."""
    machine = this_process().rpartition(" ")[0]
    text = text.replace(machine, "another-machine").replace(str(warehouse), SOURCE)
    return text.replace(host, HOST).replace(host.encode().hex().upper(), HEX_HOST)


def main() -> None:
    """Write the folder of this version's schema."""
    target = STORES / REVISIONS[-1]
    target.mkdir(parents=True, exist_ok=True)
    kept: list[list[object]] = []
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder, database(kind, Path(folder)) as url:
            warehouse = Path(folder) / "warehouse.db"
            with SandboxServer(SETTINGS) as account, connected(warehouse, account, url):
                leave_state(warehouse, account)
                save(account.service, target / f"{kind}.json")
            (target / f"{kind}.json").chmod(0o644)
            text = neutral(statements(url), account.url, warehouse)
            (target / f"{kind}.sql").write_text(text, encoding="utf-8")
            with closing(sqlite3.connect(warehouse)) as source:
                kept = [list(row) for row in source.execute("SELECT * FROM people")]
    facts = {"version": __version__, "made_at": utc_now().isoformat(timespec="seconds")}
    lines = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in kept)
    text = f'{json.dumps(facts)[:-1]}, "rows": [\n{lines}\n]}}\n'
    (target / "facts.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
