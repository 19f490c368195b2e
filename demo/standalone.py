"""All parts of an Airflow on this machine: scheduler, workers, triggerer, DAG processor and the page."""

from __future__ import annotations

import json
import os
import socket
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from demo.processes import ProcessGroups
from demo.stage import BIN, StageError

_PATIENCE = 180.0
"""Seconds for Airflow to become healthy."""
_PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class Standalone:
    """`airflow standalone`, for which nobody has to log in.

    Args:
        processes: what ends it.
        environment: of all its processes; where it listens is added.
        log: what it has to say.
        port: where it serves, if that is free.

    Attributes:
        url: where it serves.
        environment: as it has it.
    """

    def __init__(self, processes: ProcessGroups, environment: Mapping[str, str], log: Path, *, port: int = 0) -> None:
        port = _port(port)
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            **environment,
            "PYTHONUNBUFFERED": "1",  # else the last words of a part that ends are lost
            "PATH": f"{BIN}{os.pathsep}{environment['PATH']}",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(_port(0)),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(_port(0)),
        }
        self._log = log
        self._process = processes.start([BIN / "airflow", "standalone"], self.environment, log)

    def wait_until_healthy(self) -> None:
        """Return when every part shows that it is alive.

        Raises:
            StageError: Airflow ended, or needs too long.
        """
        give_up_at = time.monotonic() + _PATIENCE
        while not self._is_healthy():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                raise StageError(f"Airflow did not start; {self._log} tells why.")
            time.sleep(0.25)

    def wait(self) -> None:
        """Return when it has ended by itself."""
        self._process.wait()

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310 - loopback
                parts = json.load(answer)
        except OSError:
            return False
        return all(parts[name]["status"] == "healthy" for name in _PARTS)


def _port(wanted: int) -> int:
    """That port where it is free, else any other."""
    for port in (wanted, 0):
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                door.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = door.getsockname()[1]
            return found
    raise StageError("No port of 127.0.0.1 is free.")
