"""All parts of an Airflow on this machine: scheduler, workers, triggerer, DAG processor and the page."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from demo.ports import free_port
from demo.processes import ProcessGroups
from demo.stage import BIN, StageError

_START_TIMEOUT = 300.0
"""Seconds in which Airflow must become healthy."""
_PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class Standalone:
    """`airflow standalone`, without a login unless the environment says otherwise.

    Args:
        processes: the processes that end with the demo.
        environment: the environment of its processes; addresses and ports are added.
        log: the file of its output.
        port: the port of its page, if it is free; 0 for any.

    Attributes:
        url: the address of its page.
        environment: the environment that its processes have.
    """

    def __init__(self, processes: ProcessGroups, environment: Mapping[str, str], log: Path, *, port: int = 0) -> None:
        port = free_port(port)
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            **environment,
            "PYTHONUNBUFFERED": "1",  # otherwise the last output of a process that ends is lost
            "PATH": f"{BIN}{os.pathsep}{environment['PATH']}",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port(0)),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port(0)),
        }
        self._log = log
        self._process = processes.start([BIN / "airflow", "standalone"], self.environment, log)

    def wait_until_healthy(self) -> None:
        """Return when every part is healthy.

        Raises:
            StageError: Airflow ended, or took too long.
        """
        give_up_at = time.monotonic() + _START_TIMEOUT
        while not self._is_healthy():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                raise StageError(f"Airflow did not start; see {self._log}.")
            time.sleep(0.25)

    def wait(self) -> None:
        """Wait until Airflow has ended by itself."""
        self._process.wait()

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310 - loopback
                parts = json.load(answer)
        except OSError:
            return False
        return all(parts[name]["status"] == "healthy" for name in _PARTS)
