"""A cluster with two workers, over a broker, a metadata database and a state database of its own."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from demo.processes import ProcessGroups
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.agency import agency_connection
from tests.celery.cluster import Cluster, start_broker
from tests.services import airflow_connection, postgres_database

SHOPS: Final = tuple(f"shop-{n}" for n in range(1, 9))
BIG: Final = "sandbox-location"
ROWS_OF_A_SHOP: Final = 30
ROWS_OF_BIG: Final = 240
QUOTA: Final = Quota(10, 1.0)


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An agency's nine accounts; each grants 10 calls in any second."""
    settings = Settings(burst=QUOTA, daily=None, latency=0.05, more_locations=SHOPS, journal_length=100_000)
    with SandboxServer(settings) as server:
        yield server


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """Customers of all accounts."""
    file = tmp_path / "warehouse.db"
    sizes = {BIG: ROWS_OF_BIG} | dict.fromkeys(SHOPS, ROWS_OF_A_SHOP)
    rows = [(n, shop, f"p{n}@{shop}.example.com") for shop, size in sizes.items() for n in range(1, size + 1)]
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE customers (id INTEGER, location_id TEXT, email TEXT)")
        database.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
        database.commit()
    return file


@pytest.fixture
def cluster(tmp_path: Path, sandbox: SandboxServer, warehouse: Path) -> Iterator[Cluster]:
    """An Airflow with two workers, `north` and `south`, that notices the end of a worker within seconds."""
    home = tmp_path / "airflow"
    home.mkdir()
    quota = {"quota_requests": QUOTA.requests, "quota_seconds": QUOTA.seconds}
    account = agency_connection(sandbox, state_conn_id="state", **quota)
    with ProcessGroups() as processes, postgres_database() as metadata, postgres_database() as state:
        broker = start_broker(processes, home)
        address = metadata.render_as_string(hide_password=False)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")} | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW_CONN_ACCOUNT": json.dumps(account),
            "AIRFLOW_CONN_STATE": airflow_connection(state),
            "AIRFLOW_CONN_WAREHOUSE": json.dumps({"conn_type": "sqlite", "host": str(warehouse)}),
            "AIRFLOW__API_AUTH__JWT_SECRET": "a secret that all parts of this cluster share",
            "AIRFLOW__CELERY__BROKER_URL": broker,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{address}",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).parent / "dag_files"),
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__FERNET_KEY": os.environ["AIRFLOW__CORE__FERNET_KEY"],
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": address,
            "AIRFLOW__OPENLINEAGE__DISABLED": "True",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "1",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
        }
        cluster = Cluster(processes, environment, home)
        cluster.start()
        for name in ("north", "south"):
            cluster.start_worker(name, queue=name)
        cluster.wait_until_healthy()
        yield cluster
