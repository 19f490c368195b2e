"""A whole Airflow, as people drive it: by its REST API, by its command, and by signals to its task processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from demo.stage import BIN
from demo.standalone import Standalone

OUTCOMES = ("unchanged", "invalid", "superseded", "skipped", "created", "updated", "refused", "unknown", "pending")
_PATIENCE = 120.0
_LOOK_EVERY = 0.1
_OVER = ("success", "failed", "upstream_failed", "skipped", "removed")


def until(condition: Callable[[], Any]) -> Any:
    """What the condition says once it says something."""
    give_up_at = time.monotonic() + _PATIENCE
    while not (said := condition()):
        assert time.monotonic() < give_up_at, "it never came to that"
        time.sleep(_LOOK_EVERY)
    return said


@dataclass(frozen=True)
class Deployment:
    """An Airflow that is up.

    Attributes:
        standalone: all its processes.
        home: its folder: logs, events.
        metadata: its database.
    """

    standalone: Standalone
    home: Path
    metadata: sa.URL

    @cached_property
    def _api(self) -> httpx.Client:
        """The REST API, as the one user that there is."""
        url = self.standalone.url
        token = httpx.get(f"{url}/auth/token", trust_env=False).json()["access_token"]
        return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False)

    def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Ask the REST API."""
        answer = self._api.request(method, f"/api/v2/{path}", json=body or None)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    def command(self, *arguments: str) -> str:
        """What `airflow …` writes. OpenLineage's listener can't look up a stored connection there, and takes 13 s."""
        ended = subprocess.run(
            [BIN / "airflow", *arguments],
            env=self.standalone.environment | {"AIRFLOW__OPENLINEAGE__DISABLED": "True"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout
        return ended.stdout

    def connect(self, conn_id: str, conn_type: str, *, extra: dict[str, Any] | None = None, **parts: Any) -> None:
        """Make a connection known, or change it."""
        body = {"connection_id": conn_id, "conn_type": conn_type, **parts, "extra": json.dumps(extra or {})}
        known = self._api.get(f"/api/v2/connections/{conn_id}").is_success
        self.call(*(("PATCH", f"connections/{conn_id}") if known else ("POST", "connections")), **body)

    def trigger(self, dag_id: str, test: str, day: str | None = None) -> Run:
        """Begin a run by hand, for a day of the DAG's schedule where one is given."""
        logical_date = day and f"{day}T00:00:00Z"
        begun = self.call("POST", f"dags/{dag_id}/dagRuns", logical_date=logical_date, conf={"test": test})
        return Run(self, dag_id, begun["dag_run_id"])

    def backfill(self, dag_id: str, test: str, days: Sequence[str]) -> list[Run]:
        """The runs of a backfill from the first of these days to the last one."""
        bounds = {"from_date": f"{days[0]}T00:00:00Z", "to_date": f"{days[-1]}T00:00:00Z"}
        self.call("POST", "backfills", dag_id=dag_id, **bounds, dag_run_conf={"test": test}, max_active_runs=1)
        made = self.call("GET", f"dags/{dag_id}/dagRuns?run_type=backfill&order_by=logical_date")["dag_runs"]
        assert [run["logical_date"][:10] for run in made] == list(days)
        return [Run(self, dag_id, run["dag_run_id"]) for run in made]


@dataclass(frozen=True)
class Run:
    """A run of a DAG whose task is `sync`; of a mapped one, `map_index` says which."""

    deployment: Deployment
    dag_id: str
    run_id: str

    def task(self, map_index: int = -1) -> dict[str, Any]:
        """The task as Airflow's page shows it."""
        return self.deployment.call("GET", self._path(map_index))

    def reached(self, *states: str, map_index: int = -1) -> dict[str, Any]:
        """The task, as soon as it is in one of these states."""

        def look() -> dict[str, Any] | None:
            found = self.task(map_index)
            assert found["state"] in states or found["state"] not in _OVER, (found["state"], self.log())
            return found if found["state"] in states else None

        task: dict[str, Any] = until(look)
        return task

    def report(self, map_index: int = -1) -> dict[str, Any]:
        """The counts that the task left in XCom, once the run is over and it has succeeded; the outcomes add up."""
        until(self.is_over)
        self.reached("success", map_index=map_index)
        path = f"dags/{self.dag_id}/dagRuns/{self.run_id}/taskInstances/sync/xcomEntries/return_value"
        report: dict[str, Any] = self.deployment.call("GET", f"{path}?map_index={map_index}")["value"]
        assert report["read"] == sum(report[outcome] for outcome in OUTCOMES)
        return report

    def clear(self) -> None:
        """Clear the task, as the button does: it runs again."""
        self.deployment.call(
            "POST",
            f"dags/{self.dag_id}/clearTaskInstances",
            dry_run=False,
            dag_run_id=self.run_id,
            task_ids=["sync"],
            only_failed=False,
            reset_dag_runs=True,
        )

    def mark_failed(self) -> None:
        """Mark the task as failed, as the button does."""
        self.deployment.call("PATCH", self._path(), new_state="failed")

    def kill(self) -> None:
        """Kill the process of the task that runs."""
        os.kill(self.reached("running")["pid"], signal.SIGKILL)

    def is_over(self) -> bool:
        """Whether the run has ended, however."""
        run = self.deployment.call("GET", f"dags/{self.dag_id}/dagRuns/{self.run_id}")
        return run["state"] in _OVER

    def ended(self) -> None:
        """Return when the process of the task's last attempt is gone."""
        process = Path(f"/proc/{self.task()['pid']}")
        until(lambda: not process.exists())

    def log(self) -> str:
        """What all attempts had to say."""
        folder = self.deployment.home / "logs" / f"dag_id={self.dag_id}" / f"run_id={self.run_id}"
        return "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.log")))

    def _path(self, map_index: int = -1) -> str:
        mapped = "" if map_index < 0 else f"/{map_index}"
        return f"dags/{self.dag_id}/dagRuns/{self.run_id}/taskInstances/sync{mapped}"
