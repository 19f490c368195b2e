"""An Airflow whose OpenLineage events go to a file, with a warehouse and an account."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.operators.conftest import sandbox, warehouse

__all__ = ["airflow", "sandbox", "warehouse"]

ROOT = Path(__file__).parents[2]
DAG_FILES = Path(__file__).parent / "dag_files"


@dataclass
class Airflow:
    """Runs DAGs, and keeps every event that OpenLineage wrote."""

    process: subprocess.Popen[str]
    folder: Path
    sandbox: SandboxServer

    def run(self, dag_id: str) -> dict[str, Any]:
        """Run a DAG, and return its state, the asset events and the DAGs that they will start."""
        assert self.process.stdin
        self.process.stdin.write(f"{dag_id}\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = self.answer()
        return answer

    def answer(self) -> Any:
        """Return the process's next line."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, (self.folder / "log").read_text(encoding="utf-8")[-5000:]
        return json.loads(line)

    def events(self) -> list[dict[str, Any]]:
        """Return every event written so far, in order."""
        file = self.folder / "events"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]

    def last(self, job: str, event_type: str) -> dict[str, Any]:
        """Return the last event of a task."""
        events = [each for each in self.events() if each["job"]["name"] == job and each["eventType"] == event_type]
        assert events, (self.folder / "log").read_text(encoding="utf-8")[-5000:]
        return events[-1]

    def execute(self, sql: str, rows: tuple[tuple[object, ...], ...] = ((),)) -> None:
        """Change the warehouse."""
        with sqlite3.connect(self.folder / "warehouse.db") as database:
            database.executemany(sql, rows)


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """Start an Airflow with a warehouse, once for a module, because that takes seconds."""
    with running(DAG_FILES, tmp_path_factory.mktemp("airflow")) as started:
        started.execute("CREATE TABLE customers (id INTEGER, email TEXT, first_name TEXT, phone TEXT, country TEXT)")
        started.execute("CREATE TABLE orders (customer_id INTEGER, total REAL)")
        yield started


@contextmanager
def running(dag_files: Path, folder: Path) -> Iterator[Airflow]:
    """Start an Airflow with the DAGs of a folder, which keeps everything in another folder."""
    with SandboxServer(Settings(burst=None)) as sandbox, (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.lineage.airflow_runs"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=ROOT,
            env=os.environ | _environment(dag_files, folder, sandbox),
        )
        started = Airflow(process, folder, sandbox)
        try:
            assert started.answer()
            yield started
        finally:
            process.communicate()


def _environment(dag_files: Path, folder: Path, sandbox: SandboxServer) -> dict[str, str]:
    account = {
        "conn_type": "leadway",
        "host": sandbox.url,
        "password": "sandbox-token",
        "extra": {"location_id": "sandbox-location"},
    }
    transport = {"type": "file", "log_file_path": str(folder / "events"), "append": True}
    return {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dag_files),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "tests",
        "AIRFLOW_CONN_LEADWAY_DEFAULT": json.dumps(account),
        "AIRFLOW_CONN_WAREHOUSE": json.dumps({"conn_type": "sqlite", "host": str(folder / "warehouse.db")}),
        "AIRFLOW_CONN_STATE": json.dumps({"conn_type": "sqlite", "host": str(folder / "state.db")}),
        "INLETS_FILE": str(folder / "inlets"),
    }
