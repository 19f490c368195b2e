"""An Airflow whose tasks run on workers of Celery: a broker, the parts of Airflow, and the workers, each a process."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from demo.ports import free_port
from demo.processes import ProcessGroups
from demo.stage import BIN
from tests.services import REQUIRED

_PATIENCE = 180.0
_LOOK_EVERY = 0.1
_PARTS = ("metadatabase", "scheduler", "dag_processor")
_AT_A_TIME = 4
"""Tasks of one worker."""


def until(condition: Callable[[], Any], what: str) -> Any:
    """What the condition says once it says something."""
    give_up_at = time.monotonic() + _PATIENCE
    while not (said := condition()):
        assert time.monotonic() < give_up_at, f"it never came to that: {what}"
        time.sleep(_LOOK_EVERY)
    return said


def start_broker(processes: ProcessGroups, home: Path) -> str:
    """Start a Redis that keeps nothing on the disk, and return its URL."""
    if (server := shutil.which("redis-server")) is None:
        _absent()
    port = free_port(0)
    kept = ("--save", "", "--appendonly", "no", "--dir", str(home))
    processes.start([server, "--bind", "127.0.0.1", "--port", str(port), *kept], os.environ, home / "redis.log")
    until(lambda: _listens(port), "Redis listens")
    return f"redis://127.0.0.1:{port}/0"


def _absent() -> NoReturn:
    message = "no redis-server on this machine (Debian: redis-server)"
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{message} ({REQUIRED}=1)")
    pytest.skip(message)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Cluster:
    """A scheduler, an API server, a DAG processor, and workers.

    Args:
        processes: the processes that end with the tests.
        environment: the environment of all of them; addresses and ports are added.
        home: where their logs go.
    """

    def __init__(self, processes: ProcessGroups, environment: Mapping[str, str], home: Path) -> None:
        port = free_port(0)
        self.url = f"http://127.0.0.1:{port}"
        self.home = home
        self._processes = processes
        self._workers: dict[str, subprocess.Popen[str]] = {}
        self._environment = {
            **environment,
            "PATH": f"{BIN}{os.pathsep}{environment['PATH']}",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        }

    def start(self) -> None:
        """Make the metadata database, and start every part but the workers."""
        subprocess.run([BIN / "airflow", "db", "migrate"], env=self._environment, check=True, capture_output=True)
        for part in ("api-server", "scheduler", "dag-processor"):
            self._start(part, part)

    def start_worker(self, name: str, queue: str) -> None:
        """Start a worker of its own process group; besides the queue that all workers serve, it serves another one."""
        options = ("--skip-serve-logs", "--without-mingle", "--without-gossip", "--concurrency", str(_AT_A_TIME))
        names = ("--celery-hostname", f"{name}@%h", "--queues", f"default,{queue}")
        self._workers[name] = self._start(name, "celery", "worker", *options, *names)

    def kill_worker(self, name: str) -> None:
        """Kill a worker with all of its tasks, as the end of its machine does."""
        os.killpg(self._workers[name].pid, signal.SIGKILL)

    def log(self, name: str) -> str:
        """What a part has written."""
        return (self.home / f"{name}.log").read_text()

    def wait_until_healthy(self) -> None:
        """Return when every part is healthy, the workers are ready, and the DAGs are known."""
        until(self._is_healthy, "Airflow is healthy")
        until(lambda: all("ready." in self.log(name) for name in self._workers), "the workers are ready")
        until(lambda: len(self.call("GET", "dags")["dags"]) == 2, "the DAGs are known")

    def _is_healthy(self) -> bool:
        try:
            parts = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5, trust_env=False).json()
        except httpx.HTTPError:
            return False
        return all(parts[name]["status"] == "healthy" for name in _PARTS)

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        return self._processes.start([BIN / "airflow", *arguments], self._environment, self.home / f"{name}.log")

    def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Ask the REST API, as the one user that there is."""
        token = httpx.get(f"{self.url}/auth/token", timeout=60, trust_env=False).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.request(
            method, f"{self.url}/api/v2/{path}", json=body or None, headers=headers, timeout=60, trust_env=False
        )
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def trigger(self, dag_id: str) -> str:
        """Begin a run, and return the path of what the REST API says of it."""
        begun = self.call("POST", f"dags/{dag_id}/dagRuns", logical_date=None)
        return f"dags/{dag_id}/dagRuns/{begun['dag_run_id']}"

    def runs(self, run: str, *task_ids: str) -> bool:
        """Whether all of these tasks run now."""
        return all(self.call("GET", f"{run}/taskInstances/{each}")["state"] == "running" for each in task_ids)

    def ended(self, run: str) -> list[dict[str, Any]]:
        """The task instances of a run, as soon as it has succeeded."""
        state = until(lambda: self._over(run), f"{run} is over")
        tasks: list[dict[str, Any]] = self.call("GET", f"{run}/taskInstances")["task_instances"]
        assert state == "success", [(task["task_id"], task["map_index"], task["state"]) for task in tasks]
        return tasks

    def _over(self, run: str) -> str | None:
        state: str = self.call("GET", run)["state"]
        return state if state in ("success", "failed") else None

    def report(self, run: str, task_id: str, map_index: int = -1) -> dict[str, Any]:
        """What a task left in XCom."""
        path = f"{run}/taskInstances/{task_id}/xcomEntries/return_value?map_index={map_index}"
        report: dict[str, Any] = self.call("GET", path)["value"]
        return report
