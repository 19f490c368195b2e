"""The example DAGs as a user copies them: each file with the connections that it asks for, and accounts behind them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.warehouse import SCHEMA, SHOPS
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.agency import agency_connection
from tests.airflow_version import load_dags
from tests.dags.example import EXAMPLES, Warehouse


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An agency's three accounts, without quotas."""
    with SandboxServer(Settings(burst=None, daily=None, more_locations=tuple(SHOPS.values()))) as server:
        yield server


@pytest.fixture(autouse=True)
def connections(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The connections that the examples name; returns where the warehouse, a SQLite file, is to be."""
    warehouse = tmp_path / "warehouse.db"
    quota = {"quota_requests": 1000, "quota_seconds": 1}
    account = {
        "conn_type": "leadway",
        "host": sandbox.url,
        "password": "sandbox-token",
        "extra": {"location_id": "sandbox-location"} | quota,
    }
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))  # the state file is beside it
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(account))
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_AGENCY", json.dumps(agency_connection(sandbox, **quota)))
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps({"conn_type": "sqlite", "host": str(warehouse)}))
    return warehouse


@pytest.fixture
def warehouse(connections: Path) -> Warehouse:
    """The sample warehouse without its rows, for a test to write a few."""
    with sqlite3.connect(connections) as database:
        database.executescript(SCHEMA)
    return Warehouse(connections)


@pytest.fixture
def example(airflow_db: Path) -> Callable[[str], Any]:
    """Loads the DAG of a file; its tasks aren't tried again."""
    assert airflow_db.exists()

    def load(name: str) -> Any:
        [dag] = load_dags(EXAMPLES / f"{name}.py").values()
        for task in dag.tasks:
            task.retries = 0
        return dag

    return load
