"""An Airflow with all its parts, started once, and for each test an account, a warehouse and a state of its own."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from demo.processes import ProcessGroups
from demo.standalone import Standalone
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.deployment.deployment import Deployment
from tests.deployment.scene import Scene
from tests.operators.task import Warehouse
from tests.services import postgres_database

DAG_FILES = Path(__file__).parent / "dag_files"


@pytest.fixture(scope="package")
def metadata() -> Iterator[sa.URL]:
    """Airflow's metadata database; over SQLite the scheduler was seen to end under load."""
    with postgres_database() as url:
        yield url


@pytest.fixture(scope="package")
def deployment(tmp_path_factory: pytest.TempPathFactory, metadata: sa.URL) -> Iterator[Deployment]:
    """An Airflow that looks often, so that tests wait little."""
    home = tmp_path_factory.mktemp("deployment")
    lineage = {"type": "file", "log_file_path": str(home / "events"), "append": True}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")} | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAG_FILES),
        "AIRFLOW__CORE__FERNET_KEY": os.environ["AIRFLOW__CORE__FERNET_KEY"],
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata.render_as_string(hide_password=False),
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(lineage),
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "PYTHONWARNINGS": "ignore",
    }
    with ProcessGroups() as processes:
        standalone = Standalone(processes, environment, home / "log")
        standalone.wait_until_healthy()
        yield Deployment(standalone, home, metadata)


@pytest.fixture
def settings() -> Settings:
    """An account that takes a tenth of a second for an answer, so that a sync lasts for a while."""
    return Settings(burst=None, daily=None, latency=0.1)


@pytest.fixture
def scene(
    deployment: Deployment, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Scene]:
    """What a test's syncs read and write, behind connections that only they use."""
    warehouse = Warehouse(tmp_path / "warehouse.db", tmp_path / "state.db")
    with sqlite3.connect(warehouse.file) as database:
        database.execute("CREATE TABLE customers (id INTEGER, email TEXT, first_name TEXT, phone TEXT, country TEXT)")
    name: Any = request.node.name
    with SandboxServer(settings) as sandbox:
        scene = Scene(name, deployment, sandbox, warehouse)
        scene.connect(password=settings.token)
        deployment.connect(f"{name}_warehouse", "sqlite", host=str(warehouse.file))
        deployment.connect(f"{name}_state", "sqlite", host=str(warehouse.state))
        yield scene
