"""What the examples' tests share: a small warehouse, and what a run reports."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "dags"
OUTCOMES = ("unchanged", "invalid", "superseded", "skipped", "created", "updated", "refused", "unknown", "pending")


@dataclass(frozen=True)
class Warehouse:
    """A SQLite file with the tables `customers` and `shops`."""

    file: Path

    def insert(self, table: str, *rows: dict[str, object]) -> None:
        """Add rows; what a row doesn't name is null."""
        with sqlite3.connect(self.file) as database:
            for row in rows:
                places = ", ".join(f":{name}" for name in row)
                database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", row)  # noqa: S608 - a test's own names

    def run(self, sql: str) -> None:
        """Change something."""
        with sqlite3.connect(self.file) as database:
            database.execute(sql)


def report(run: Any, task_id: str, map_index: int = -1) -> dict[str, Any]:
    """The counts that a sync pushed; the run has succeeded, and the outcomes add up."""
    assert run.state == "success"
    pulled: dict[str, Any] = run.get_task_instance(task_id, map_index=map_index).xcom_pull(
        task_ids=task_id, map_indexes=map_index
    )
    assert pulled["read"] == sum(pulled[name] for name in OUTCOMES)
    return pulled
