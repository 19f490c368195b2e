"""Fill a state store with many runs, rows and deliveries, and measure how long each part of the page takes.

Prints milliseconds by name: the median of several answers, each with its own look at the store.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from fastapi.testclient import TestClient

from leadway_provider.contacts.row import MappedColumn
from leadway_provider.plugin.app import create_app
from leadway_provider.plugin.visit import NextRun
from leadway_provider.store import tables
from leadway_provider.store.columns import OUTCOME_CODES, new_run_id
from leadway_provider.store.reading.reader import StateReader
from leadway_provider.store.state import StateStore
from leadway_provider.store.syncs import SyncStore
from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.request import SyncIdentity

SYNCS: Final = 20
RUNS: Final = 1_000
ROWS: Final = 1_000_000
"""Rows, and as many deliveries. Half of them are of one sync, and of its last run; as many wait in a run of another."""
SAMPLES: Final = 300
TIMES: Final = 7
COLUMNS: Final = [MappedColumn(name, name, name) for name in ("email", "firstName", "lastName", "phone")]
NUMBERS: Final = {
    "sqlite": "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :rows) ",
    "postgresql": "WITH n(n) AS (SELECT n FROM generate_series(1, :rows) n) ",
}
TEXT: Final = {"sqlite": "CAST(n AS TEXT)", "postgresql": "n::text"}
PENDING, INVALID, UPDATED, REFUSED = map(OUTCOME_CODES.index, ("pending", "invalid", "updated", "refused"))
REJECTED: Final = f"CASE WHEN n % 50 = 0 THEN {INVALID} WHEN n % 97 = 0 THEN {REFUSED} ELSE {UPDATED} END"
REASONS: Final = json.dumps([{"field": "email", "code": "email_malformed", "message": "It is not an address."}])


class Visitor:
    """Somebody who may see everything."""

    id = "visitor"

    def readable(self, dag_ids: Collection[str]) -> set[str]:
        """Return all."""
        return set(dag_ids)

    def editable(self, dag_ids: Collection[str]) -> set[str]:
        """Return all."""
        return set(dag_ids)

    def next_runs(self, dag_ids: Collection[str]) -> dict[str, NextRun]:
        """Return none."""
        return {}

    def record(self, dag_id: str, event: str) -> None:
        """Nothing is recorded."""


def fill(engine: sa.Engine, state: StateStore) -> str:
    """Fill the store, and return the id of the run that has half of all rows."""
    now = datetime.now(UTC)
    run_id = ""
    for number in range(SYNCS):
        sync = SyncIdentity(f"sync {number}", "https://api.example.com", f"location {number % 5}")
        state.quota(sync).keep(_quota(now), now)
        run = state.begin(sync, task_run=f"dag {number}/run 0/task/-1", digest=b"")
        run.describe("SELECT 1", COLUMNS)
        run.seal(Counts(read=1000, unchanged=980, invalid=20))
        run.finish(calls=1000, seconds=60)
        _repeat(engine, run.id, number)
        run_id = run_id or run.id
    _rows(engine, run_id, now)
    _waiting(engine, state, run_id)
    with engine.begin() as connection:
        usage: list[dict[str, Any]] = [
            {
                "sync_id": 1,
                "run_id": run_id,
                "measured_at": now - timedelta(seconds=10 * at),
                "seconds": 10.0,
                "calls": 100,
                "acknowledged": 99,
                "quota_left": 200_000 - 100 * at,
            }
            for at in range(SAMPLES)
        ]
        connection.execute(sa.insert(tables.usage), usage)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    return run_id


def _repeat(engine: sa.Engine, run_id: str, number: int) -> None:
    """Add earlier runs of a sync that are like this one."""
    with engine.begin() as connection:
        run = connection.execute(sa.select(tables.run).where(tables.run.c.id == run_id)).one()._asdict()
        earlier = [
            run
            | {
                "id": new_run_id(),
                "task_run": f"dag {number}/run {at}/task/-1",
                "started_at": run["started_at"] - timedelta(days=at),
            }
            for at in range(1, RUNS // SYNCS)
        ]
        connection.execute(sa.insert(tables.run), earlier)


def _quota(now: datetime) -> Any:
    from leadway_provider.store.quota import KeptQuota

    return KeptQuota(200_000, 1000, now + timedelta(hours=6))


def _rows(engine: sa.Engine, run_id: str, now: datetime) -> None:
    kind = engine.dialect.name
    numbers, text = NUMBERS[kind], TEXT[kind]
    # The first half of the rows is of the run, the others are spread over all syncs and their first runs.
    sync = f"CASE WHEN n <= {ROWS // 2} THEN 1 ELSE n % {SYNCS} + 1 END"
    of_run = f"CASE WHEN n <= {ROWS // 2} THEN :run_id ELSE 0 END"
    reasons = f"CASE WHEN n % 50 = 0 OR n % 97 = 0 THEN '{REASONS}' END"
    with engine.begin() as connection:
        connection.execute(
            _statement(
                "INSERT INTO leadway_row (sync_id, source_key, contact_id, outcome, reasons, run_id, created_at, "  # noqa: S608 - our own
                f"updated_at) {numbers} SELECT {sync}, {text}, 'contact' || {text}, {REJECTED}, {reasons}, {of_run}, "
                ":at, :at FROM n"
            ),
            {"rows": ROWS, "run_id": run_id, "at": now},
        )
        connection.execute(
            _statement(
                "INSERT INTO leadway_reason (row_id, code, sync_id, run_id, outcome) "
                "SELECT id, 'email_malformed', sync_id, run_id, outcome FROM leadway_row WHERE reasons IS NOT NULL"
            )
        )
        connection.execute(
            _statement(
                "INSERT INTO leadway_outbox (run_id, row_id, source_key, outcome, created_at, withheld, refusals, "  # noqa: S608 - our own
                "carried) "
                f"SELECT :run_id, id, source_key, {REFUSED}, :at, 0, 1, 0 FROM leadway_row "
                f"WHERE run_id = :run_id AND outcome = {REFUSED}"
            ),
            {"run_id": run_id, "at": now},
        )
        connection.execute(
            sa.text(
                "INSERT INTO leadway_delivery (sync_id, delivered_at, attempt, status, run_id, source_key, contact_id, "  # noqa: S608 - the same
                f"outcome, fields) {numbers} SELECT {sync}, :at, 1, 200, :ledger_run, {text}, 'contact' || {text}, "
                f"{REJECTED}, 'f' FROM n"
            ).bindparams(
                sa.bindparam("at", type_=tables.delivery.c.delivered_at.type),
                sa.bindparam("ledger_run", type_=tables.delivery.c.run_id.type),
            ),
            {"rows": ROWS, "at": now, "ledger_run": run_id},
        )


def _waiting(engine: sa.Engine, state: StateStore, run_id: str) -> None:
    """Let the second sync deliver half a million rows, none of which is acknowledged."""
    run = state.begin(
        SyncIdentity("sync 1", "https://api.example.com", "location 1"), task_run="dag 1/run 1/task/-1", digest=b""
    )
    run.seal(Counts(read=ROWS // 2, pending=ROWS // 2))
    with engine.begin() as connection:
        connection.execute(
            _statement(
                "INSERT INTO leadway_outbox (run_id, row_id, source_key, outcome, created_at, withheld, refusals, "  # noqa: S608 - our own
                f"carried) SELECT :run_id, id, source_key, {PENDING}, :at, 0, 0, 0 FROM leadway_row "
                "WHERE run_id = :of_run"
            ).bindparams(sa.bindparam("of_run", run_id, type_=tables.row.c.run_id.type)),
            {"run_id": run.id, "at": datetime.now(UTC)},
        )


def _statement(text: str) -> sa.TextClause:
    types = {"at": tables.row.c.created_at.type, "run_id": tables.row.c.run_id.type}
    bound = (sa.bindparam(name, type_=each) for name, each in types.items() if f":{name}" in text)
    return sa.text(text).bindparams(*bound)


def measure(engine: sa.Engine) -> dict[str, float]:
    """What each part of the page takes."""
    with closing(StateStore.open(engine, "benchmark")) as state:
        run_id = fill(engine, state)

        @contextmanager
        def open_state() -> Iterator[StateReader]:
            yield state.reader()

        @contextmanager
        def open_syncs() -> Iterator[SyncStore]:
            yield state.syncs()

        app = create_app(open_state, open_syncs, Visitor, secret="signs")
        key = ROWS // 4 // 50 * 50
        parts = {
            "syncs": "/",
            "filtered syncs": "/?q=location&show=rejected",
            "a sync": "/syncs/1",
            "a sync whose rows wait": "/syncs/2",
            "a run": f"/runs/{run_id}",
            "a run's rows": f"/runs/{run_id}?outcome=updated",
            "a reason's rows": f"/runs/{run_id}?outcome=invalid&code=email_malformed",
            "a row": f"/rows?sync_id=1&key={key}",
            "find": f"/search?q=contact{key}",
            "quota": "/quota",
            "a DAG run": "/dag-runs/dag 7/run 3",
        }
        with TestClient(app) as client:
            return {name: milliseconds(client, path) for name, path in parts.items()}


def milliseconds(client: TestClient, path: str) -> float:
    """Return the median of several answers; the first one, which fills caches, does not count."""
    found = []
    for _ in range(TIMES + 1):
        began_at = time.perf_counter()
        answer = client.get(path)
        found.append(1000 * (time.perf_counter() - began_at))
        assert answer.status_code == 200, answer.text
    return statistics.median(found[1:])


def main(kind: str, folder: Path) -> None:
    """Measure on one kind of database, and print what was found."""
    if kind == "sqlite":
        found = measure(sa.create_engine(f"sqlite:///{folder / 'page.db'}"))
    else:
        from tests.services import postgres_database

        with postgres_database() as url:
            engine = sa.create_engine(url)
            found = measure(engine)
            engine.dispose()
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
