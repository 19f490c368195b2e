"""Tasks of the operator in processes of their own, each with a warehouse, a sandbox and a state store.

python -m tests.benchmarks.tasks <arguments of the operator, as JSON>     one task; it begins when its input has a line
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import httpx

from tests.benchmarks.delivery import LOCATION, TOKEN, sandbox

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Scene:
    """A warehouse, an account and a state store.

    Attributes:
        url: the sandbox.
        folder: where the files are; each scene has its own.
        quota: what the account's connection says of its quota; without it, a task keeps to the API's own.
    """

    url: str
    folder: Path
    quota: Mapping[str, int] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The connections, as Airflow reads them."""
        account = {
            "conn_type": "leadway",
            "host": self.url,
            "password": TOKEN,
            "extra": {"location_id": LOCATION, **self.quota},
        }
        files = {
            name: {"conn_type": "sqlite", "host": str(self.folder / f"{name}.db")} for name in ("warehouse", "state")
        }
        named = {"leadway_default": account, **files}
        return {f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in named.items()}

    def fill(self, rows: int) -> None:
        """Let the warehouse have so many customers."""
        with sqlite3.connect(self.folder / "warehouse.db") as warehouse:
            warehouse.execute(
                "CREATE TABLE customers (id INTEGER, email TEXT, first_name TEXT, last_name TEXT, city TEXT)"
            )
            warehouse.executemany(
                "INSERT INTO customers VALUES (?, ?, ?, ?, 'Springfield')",
                ((n, f"customer{n}@example.com", f"First{n}", f"Last{n}") for n in range(rows)),
            )

    def run(self, *tasks: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run tasks that begin at the same time, and return their reports."""
        command = [sys.executable, "-m", "tests.benchmarks.tasks"]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        environment = os.environ | self.environment
        running = [subprocess.Popen([*command, json.dumps(task)], cwd=ROOT, env=environment, **pipes) for task in tasks]
        for each in running:
            assert each.stdout is not None
            while each.stdout.readline() != "READY\n":
                assert each.poll() is None, "a task did not begin"
        for each in running:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()
        reports = [json.loads(each.communicate()[0].splitlines()[-1]) for each in running]
        if any(report["created"] + report["updated"] != report["read"] for report in reports):
            raise SystemExit(f"not everything was delivered: {reports}")
        return reports

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls that arrived, oldest first."""
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/_sandbox/calls", params={"limit": 100_000}).json()["calls"]
        return found


@contextmanager
def scene(
    folder: Path, name: str, *, rows: int, sandbox_arguments: Sequence[str], quota: Mapping[str, int] | None = None
) -> Iterator[Scene]:
    """A scene of its own, with so many customers."""
    place = folder / name
    place.mkdir()
    with sandbox(*sandbox_arguments) as url:
        made = Scene(url, place, quota or {})
        made.fill(rows)
        yield made


@dataclass(frozen=True)
class Pace:
    """How calls arrived.

    Attributes:
        calls: how many, without those that were refused with 429.
        limited: how many were refused with 429.
        seconds: from the first arrival to the last.
    """

    calls: int
    limited: int
    seconds: float


def pace(calls: Sequence[Mapping[str, Any]]) -> Pace:
    """Return the pace of the upserts among calls."""
    limited = sum(call["status"] == 429 for call in calls)
    upserts = [call for call in calls if call["path"] == "/contacts/upsert" and call["status"] != 429]
    arrived = [datetime.fromisoformat(call["at"]) for call in upserts]
    return Pace(len(upserts), limited, (max(arrived) - min(arrived)).total_seconds())


def main(arguments: dict[str, Any]) -> None:
    """Run one task, and print its report."""
    from tests.operators.task import TaskInstance, operator

    sql = f"SELECT * FROM customers WHERE {arguments.pop('where', '1 = 1')}"  # noqa: S608 - the benchmark's own
    chosen: dict[str, Any] = {"sql": sql, "deferrable": False} | arguments
    task = operator(**chosen)
    print("READY", flush=True)
    sys.stdin.readline()
    ti = TaskInstance(task_id=arguments.get("sync_name", "sync"))
    print(json.dumps(task.execute(cast("Any", {"ti": ti}))))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
