"""What the demo and `make up` play on: a folder with a warehouse, a local Leadway and an Airflow home."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from demo.processes import ProcessGroups
from demo.warehouse import SHOPS, build
from leadway_provider.sandbox.service import Settings

REPOSITORY = Path(__file__).resolve().parent.parent
REQUESTS_A_SECOND = 100
_SANDBOX = Settings()
"""Its tokens and ids, good for nothing else."""
BIN = Path(sys.executable).parent


class StageError(Exception):
    """Something did not start or broke off; the message says where to look."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A folder that is made anew and holds all that is left behind.

    Attributes:
        folder: the folder; what it held is deleted.
    """

    folder: Path

    @property
    def warehouse(self) -> Path:
        """The SQLite file with the table `customers`."""
        return self.folder / "warehouse.db"

    @property
    def airflow_home(self) -> Path:
        """Where Airflow keeps everything."""
        return self.folder / "airflow"

    @property
    def state(self) -> Path:
        """The state store's SQLite file, where the provider keeps it by default."""
        return self.airflow_home / "leadway_state.db"

    @property
    def lineage(self) -> Path:
        """OpenLineage's events, one a line."""
        return self.folder / "openlineage.jsonl"

    @property
    def log(self) -> Path:
        """What everything that was started had to say."""
        return self.folder / "demo.log"

    def clear(self) -> int:
        """Make the folder with a new warehouse in it and return the number of its rows."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.airflow_home.mkdir(parents=True)
        return build(self.warehouse)

    def environment(self, leadway_url: str) -> dict[str, str]:
        """The environment of an Airflow that has the examples' connections and sees nothing of any other Airflow."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
        quota = {"quota_requests": REQUESTS_A_SECOND, "quota_seconds": 1}
        account = {
            "conn_type": "leadway",
            "host": leadway_url,
            "password": _SANDBOX.token,
            "extra": {"location_id": _SANDBOX.location_id} | quota,
        }
        agency = {
            "conn_type": "leadway",
            "host": leadway_url,
            "login": _SANDBOX.client_id,
            "password": _SANDBOX.client_secret,
            "extra": {
                "auth": "agency",
                "company_id": _SANDBOX.company_id,
                "refresh_token": _SANDBOX.agency_refresh_token,
            }
            | quota,
        }
        lineage = {"type": "file", "log_file_path": str(self.lineage), "append": True}
        return inherited | {
            "PYTHONWARNINGS": "ignore",
            "AIRFLOW_HOME": str(self.airflow_home),
            "AIRFLOW_CONN_WAREHOUSE": json.dumps({"conn_type": "sqlite", "host": str(self.warehouse)}),
            "AIRFLOW_CONN_LEADWAY_DEFAULT": json.dumps(account),
            "AIRFLOW_CONN_LEADWAY_AGENCY": json.dumps(agency),
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
        processes: what ends it.
        log: where its complaints go.

    Attributes:
        url: where it serves.

    Raises:
        StageError: it did not start.
    """

    def __init__(self, processes: ProcessGroups, log: Path) -> None:
        manners = ["--quota-requests", str(REQUESTS_A_SECOND), "--quota-seconds", "1", "--latency", "0.1"]
        command = [sys.executable, "-m", "leadway_provider.cli", "sandbox"]
        manners += ["--more-locations", *SHOPS.values()]
        told = processes.converse([*command, "--port", "0", *manners], dict(os.environ), log)
        self.url = _announced(told, log)

    def statistics(self) -> dict[str, Any]:
        """What it has counted since it started."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/statistics", timeout=10) as answer:  # noqa: S310 - loopback
            counted: dict[str, Any] = json.load(answer)
        return counted


def _announced(told: IO[str], log: Path) -> str:
    """The address in the first lines of the sandbox."""
    for line in told:
        if found := re.search(r"http://\S+", line):
            return found[0]
    raise StageError(f"The local Leadway did not start; {log} says why.")
