"""A warehouse to fill, and a task to run over it without a scheduler."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from leadway_provider.api.retry import RetryPolicy
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.operators.timing import Timing

SQL = "SELECT id, email, first_name, phone, country FROM customers ORDER BY id"
Row = tuple[object, object, object, object, object]


@dataclass(frozen=True)
class Warehouse:
    """A table `customers` of id, email, first_name, phone and country; and where the state is kept."""

    file: Path
    state: Path

    def fill(self, *rows: Row) -> None:
        """Let these be the rows."""
        self.run("DELETE FROM customers")
        with closing(sqlite3.connect(self.file)) as database, database:
            database.executemany("INSERT INTO customers VALUES (?, ?, ?, ?, ?)", rows)

    def run(self, sql: str) -> None:
        """Change something."""
        with closing(sqlite3.connect(self.file)) as database, database:
            database.execute(sql)


@dataclass
class TaskInstance:
    """What the operator asks of Airflow's task instance."""

    dag_id: str = "customers"
    run_id: str = "scheduled__2026-11-22"
    task_id: str = "sync"
    map_index: int = -1
    pushed: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        """Remember what would be pushed."""
        self.pushed[key] = value


NEVER_AGAIN: Final = Timing(retry=RetryPolicy(attempts=1))
"""A failed call is not repeated."""


def operator(timing: Timing | None = None, **arguments: Any) -> LeadwayUpsertContactsOperator:
    """The task: everything of the table `customers`, unless told otherwise."""
    chosen: dict[str, Any] = {
        "sql": SQL,
        "sql_conn_id": "warehouse",
        "key": "id",
        "state_conn_id": "state",
        "deferrable": True,
    } | arguments
    task = LeadwayUpsertContactsOperator(task_id="sync", **chosen)
    task.timing = timing
    return task


def sync(
    run_id: str = "first",
    ti: TaskInstance | None = None,
    as_of: datetime | None = None,
    since: datetime | None = None,
    **arguments: Any,
) -> dict[str, Any]:
    """Run the operator once, as the task of that DAG run, whose data interval is from `since` to `as_of`."""
    context = {"ti": ti or TaskInstance(run_id=run_id), "data_interval_start": since, "data_interval_end": as_of}
    return operator(**arguments).execute(cast("Any", context))
