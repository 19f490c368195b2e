"""The example DAG, as a user copies it, through Airflow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo import warehouse as sample
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings

DAG_FILE = Path(__file__).parents[2] / "dags" / "warehouse_to_leadway.py"
OUTCOMES = ("unchanged", "invalid", "superseded", "created", "updated", "refused", "unknown", "pending")


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An account without quotas."""
    with SandboxServer(Settings(burst=None, daily=None)) as server:
        yield server


@pytest.fixture
def dag(airflow_db: Path, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The DAG of the file, with the two connections that it asks for and the demo's warehouse behind them."""
    from airflow.dag_processing.dagbag import DagBag

    assert airflow_db.exists()
    warehouse = tmp_path / "warehouse.db"
    sample.build(warehouse)
    account = {
        "conn_type": "leadway",
        "host": sandbox.url,
        "password": "sandbox-token",
        "extra": {"location_id": "sandbox-location", "quota_requests": 1000, "quota_seconds": 1},
    }
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))  # the state file is beside it
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(account))
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps({"conn_type": "sqlite", "host": str(warehouse)}))
    [found] = DagBag(DAG_FILE).dags.values()
    for task in found.tasks:
        task.retries = 0
    return found


def report(run: Any) -> dict[str, Any]:
    """The counts that the task pushed; the run has succeeded."""
    assert run.state == "success"
    pulled: dict[str, Any] = run.get_task_instance("sync_customers").xcom_pull(task_ids="sync_customers")
    assert pulled["read"] == sum(pulled[name] for name in OUTCOMES)
    return pulled


def test_the_example_brings_a_messy_warehouse_into_the_account(dag: Any, sandbox: SandboxServer) -> None:
    """The first run creates contacts and ends with an Asset event; the second sends nothing."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    first = report(dag.test())
    assert first["created"] == len(sandbox.account.contacts) > 2000
    assert first["invalid"] > 0
    assert first["superseded"] > 0
    assert first["withheld"] > 0
    with create_session() as session:
        assert session.scalar(select(func.count()).select_from(AssetEvent))
    sandbox.journal.clear()
    second = report(dag.test())
    assert (second["unchanged"], second["pending"]) == (first["created"], 0)
    assert not sandbox.journal.upserts
