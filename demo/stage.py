"""What the demo and `make up` need: a folder with a warehouse and an Airflow home, and a local Leadway."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import sys
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from demo.processes import ProcessGroups
from demo.warehouse import SHOPS, build
from leadway_provider.sandbox.service import Settings

REPOSITORY = Path(__file__).resolve().parent.parent
REQUESTS_A_SECOND = 100
_SANDBOX = Settings()
"""The sandbox's tokens and ids, which are of no use elsewhere."""
BIN = Path(sys.executable).parent


class StageError(Exception):
    """A process did not start, or ended too early. The message names the file to look at."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A folder that has everything that the demo writes.

    Attributes:
        folder: the folder.
    """

    folder: Path

    @property
    def warehouse(self) -> Path:
        """The SQLite file with the table `customers`."""
        return self.folder / "warehouse.db"

    @property
    def airflow_home(self) -> Path:
        """The home of Airflow, with its database and logs."""
        return self.folder / "airflow"

    @property
    def state(self) -> Path:
        """The state store's SQLite file, at the provider's default place."""
        return self.airflow_home / "leadway_state.db"

    @property
    def lineage(self) -> Path:
        """The file of OpenLineage's events, one in each line."""
        return self.folder / "openlineage.jsonl"

    @property
    def log(self) -> Path:
        """The output of all processes."""
        return self.folder / "demo.log"

    def clear(self) -> int:
        """Make the folder anew, with a new warehouse, and return the number of rows in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        return self.keep()

    def keep(self) -> int:
        """Make what is missing of the folder, and return the number of rows in its warehouse."""
        self.airflow_home.mkdir(parents=True, exist_ok=True)
        if not self.warehouse.exists():
            return build(self.warehouse)
        with closing(sqlite3.connect(self.warehouse)) as database:
            rows: int = database.execute("SELECT count(*) FROM customers").fetchone()[0]
            return rows

    def connections(self, leadway_url: str) -> dict[str, dict[str, Any]]:
        """Return the examples' connections by id.

        Each has a port, because Airflow's form refuses to test a stored connection without one.
        """
        host, _, port = leadway_url.rpartition(":")
        leadway = {"conn_type": "leadway", "host": host, "port": int(port)}
        quota = {"quota_requests": REQUESTS_A_SECOND, "quota_seconds": 1}
        account = {
            **leadway,
            "password": _SANDBOX.token,
            "extra": {"location_id": _SANDBOX.location_id} | quota,
        }
        agency = {
            **leadway,
            "login": _SANDBOX.client_id,
            "password": _SANDBOX.client_secret,
            "extra": {
                "auth": "agency",
                "company_id": _SANDBOX.company_id,
                "refresh_token": _SANDBOX.agency_refresh_token,
            }
            | quota,
        }
        warehouse = {"conn_type": "sqlite", "host": str(self.warehouse), "port": 0}
        return {"warehouse": warehouse, "leadway_default": account, "leadway_agency": agency}

    def connected_environment(self, leadway_url: str) -> dict[str, str]:
        """Return the environment of an Airflow that has the examples' connections in it."""
        connections = self.connections(leadway_url).items()
        return self.environment() | {f"AIRFLOW_CONN_{name.upper()}": json.dumps(parts) for name, parts in connections}

    def environment(self) -> dict[str, str]:
        """Return the environment of an Airflow, with no settings of another one."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
        lineage = {"type": "file", "log_file_path": str(self.lineage), "append": True}
        return inherited | {
            "PYTHONWARNINGS": "ignore",
            "AIRFLOW_HOME": str(self.airflow_home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__OPENLINEAGE__NAMESPACE": self.folder.name.lstrip("."),
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(lineage),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }


class Leadway:
    """A sandbox in a process of its own.

    Args:
        processes: the processes that end with the demo.
        log: the file of its errors.
        port: its port; 0 for any.
        file: keeps its contacts; None for a sandbox that forgets.

    Attributes:
        url: its address.

    Raises:
        StageError: it did not start.
    """

    def __init__(self, processes: ProcessGroups, log: Path, *, port: int = 0, file: Path | None = None) -> None:
        behaviour = ["--quota-requests", str(REQUESTS_A_SECOND), "--quota-seconds", "1", "--latency", "0.1"]
        command = [sys.executable, "-m", "leadway_provider.cli", "sandbox"]
        behaviour += [option for shop in SHOPS.values() for option in ("--more-locations", shop)]
        behaviour += ["--file", str(file)] if file else []
        output = processes.start_piped([*command, "--port", str(port), *behaviour], dict(os.environ), log)
        self.url = _address(output, log)

    def statistics(self) -> dict[str, Any]:
        """Return what the sandbox has counted since it started."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/statistics", timeout=10) as answer:  # noqa: S310 - loopback
            counted: dict[str, Any] = json.load(answer)
        return counted


def _address(output: IO[str], log: Path) -> str:
    """Return the address in the first lines of the sandbox's output."""
    for line in output:
        if found := re.search(r"http://\S+", line):
            return found[0]
    raise StageError(f"The local Leadway did not start; see {log}.")
