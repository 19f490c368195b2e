"""A warehouse, an account and a task, as the operator meets them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.operators.task import Warehouse


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An account of its own, without quotas."""
    with SandboxServer(Settings(burst=None, daily=None)) as server:
        yield server


@pytest.fixture
def warehouse(tmp_path: Path, sandbox: SandboxServer, empty_state: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A SQLite warehouse, with connections to it, to the account and to a state database."""
    file = tmp_path / "warehouse.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE customers (id INTEGER, email TEXT, first_name TEXT, phone TEXT, country TEXT)")
    account = {
        "conn_type": "leadway",
        "host": sandbox.url,
        "password": "sandbox-token",
        "extra": {"location_id": "sandbox-location", "quota_requests": 10_000, "quota_seconds": 0.5},
    }
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(account))
    for conn_id, path in (("WAREHOUSE", file), ("STATE", tmp_path / "state.db")):
        connection = {"conn_type": "sqlite", "host": str(path)}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id}", json.dumps(connection))
    shutil.copy(empty_state, tmp_path / "state.db")
    return Warehouse(file, tmp_path / "state.db")


@pytest.fixture
def no_state(warehouse: Warehouse) -> None:
    """There is no state store, as before the first run."""
    warehouse.state.unlink()
