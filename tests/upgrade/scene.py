"""The syncs whose state an upgrade must keep: what each reads, how far it gets first, and how it goes on.

`make.py` runs them with the version whose state is kept. The test goes on with them, as the same tasks.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

import sqlalchemy as sa

from leadway_provider.clock import SYSTEM_CLOCK, Clock
from leadway_provider.notifications.conditions import RejectedShare
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.operators.timing import Timing
from leadway_provider.policies import QuotaPolicy, RemovalPolicy
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import DAILY, Settings
from leadway_provider.sync.lease import LeaseTiming
from tests.agency import agency_connection
from tests.operators.task import TaskInstance, operator
from tests.services import airflow_connection

STORES: Final = Path(__file__).parent / "stores"
HOST, HEX_HOST, SOURCE = "{host}", "{host in hexadecimal}", "{source}"
"""What a kept store has in place of what differs each time it is used."""

NORTH: Final = "north"
SETTINGS: Final = Settings(burst=None, daily=DAILY, latency=0.01, allow_duplicates=True, more_locations=(NORTH,))
COLUMNS: Final = ("sync", "id", "email", "phone", "first_name", "tags", "account", "changed_at")
MONDAY: Final = datetime.fromisoformat("2026-11-16T00:00:00+00:00")
TUESDAY: Final = datetime.fromisoformat("2026-11-17T00:00:00+00:00")
WEDNESDAY: Final = datetime.fromisoformat("2026-11-18T00:00:00+00:00")

CONDITIONS: Final = (RejectedShare(0.1),)
"""When the notifier of one sync sends a message."""

_SQL: Final = "SELECT id, email, phone, first_name, tags FROM people WHERE sync = '{}' ORDER BY id"
ARGUMENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "customers": {
        "removal": RemovalPolicy("tag", ["left"], max_removed=5),
        "max_rejected": 9,
        "guards": {"max_repeated": 9},
    },
    "each_anew": {"constants": {"create_new_if_duplicate_allowed": True}},
    "killed": {"max_in_flight": 1},
    "left": {"max_in_flight": 1},
    "deferred": {"quota": QuotaPolicy(max_wait=0), "max_in_flight": 1},
    "reviewed": {},
    "workers": {"max_in_flight": 1},
    "compared": {"compare": "account"},
    "recent": {
        "sql": _SQL.format("recent").replace("ORDER", "AND changed_at >= :since AND changed_at < :until ORDER"),
        "incremental": True,
    },
    "accounts": {
        "sql": _SQL.format("accounts").replace("tags", "account AS location_id"),
        "leadway_conn_id": "agency",
    },
}
"""What each sync's task is given beside its connections; all but two read their rows of one table."""


def ignore(_summary: object) -> None:
    """Be where a notifier's messages go."""


def token_family(host: str) -> str:
    """Return under what the agency's tokens are kept; where a version finds them elsewhere, a user loses them."""
    root = f"{host}\n{SETTINGS.client_id}\n{SETTINGS.agency_refresh_token}"
    return hashlib.sha256(root.encode()).hexdigest()


@contextmanager
def connected(warehouse: Path, account: SandboxServer, state: sa.URL) -> Iterator[None]:
    """Let Airflow know the connections, in this process and in those that it starts, until the block ends."""
    quota = {"quota_requests": 10_000, "quota_seconds": 0.5}
    private = {"conn_type": "leadway", "host": account.url, "password": SETTINGS.token}
    connections = {
        "LEADWAY_DEFAULT": json.dumps(private | {"extra": {"location_id": SETTINGS.location_id, **quota}}),
        "AGENCY": json.dumps(agency_connection(account, state_conn_id="state", **quota)),
        "WAREHOUSE": json.dumps({"conn_type": "sqlite", "host": str(warehouse)}),
        "STATE": airflow_connection(state),
    }
    names = {f"AIRFLOW_CONN_{name}": text for name, text in connections.items()}
    os.environ.update(names)
    try:
        yield
    finally:
        for name in names:
            del os.environ[name]


def fill(warehouse: Path, rows: Iterable[Sequence[object]]) -> None:
    """Let these be the rows of the table, in the order of `COLUMNS`."""
    with closing(sqlite3.connect(warehouse)) as database, database:
        database.execute("DROP TABLE IF EXISTS people")
        database.execute(f"CREATE TABLE people ({', '.join(COLUMNS)})")
        database.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def change(warehouse: Path, sql: str) -> None:
    """Change rows."""
    with closing(sqlite3.connect(warehouse)) as database, database:
        database.execute(sql)


def task(name: str, now: datetime | None = None, **more: Any) -> LeadwayUpsertContactsOperator:
    """Return a sync's task, whose present is the machine's unless it is given, with further arguments."""
    arguments = {"sql": _SQL.format(name), "sync_name": name, **ARGUMENTS[name], **more}
    clock = SYSTEM_CLOCK if now is None else Clock(now=lambda: now)
    return operator(Timing(clock=clock, lease=LeaseTiming(expires_after=0.2, look_every=0.05)), **arguments)


def run(
    name: str,
    run_id: str,
    *,
    task_id: str = "sync",
    interval: tuple[datetime, datetime] | None = None,
    now: datetime | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Run a sync's task once, as a task of that DAG run, and return its report; see `task`."""
    since, until = interval or (None, None)
    ti = TaskInstance(dag_id="people", run_id=run_id, task_id=task_id)
    context = {"ti": ti, "data_interval_start": since, "data_interval_end": until}
    return task(name, now, **more).execute(cast("Any", context))
