"""A sandbox that records, and a warehouse to sync into it in each version of the API."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from leadway_provider.sandbox.service import Settings
from tests.operators.conftest import warehouse as warehouse_of_a_sandbox
from tests.operators.task import Warehouse
from tests.published.recording import RecordingServer

warehouse = warehouse_of_a_sandbox
__all__ = ["warehouse"]


@pytest.fixture(params=["2021-07-28", "v3"])
def version(request: pytest.FixtureRequest) -> str:
    """Return a version of the API."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def sandbox() -> Iterator[RecordingServer]:
    """Serve an agency with two locations, without quotas."""
    with RecordingServer(Settings(burst=None, daily=None, more_locations=("second-location",))) as server:
        yield server


@pytest.fixture
def versioned(
    warehouse: Warehouse, sandbox: RecordingServer, version: str, monkeypatch: pytest.MonkeyPatch
) -> Warehouse:
    """Return a warehouse whose connection to the account names the version."""
    account = {
        "conn_type": "leadway",
        "host": sandbox.url,
        "password": "sandbox-token",
        "extra": {"location_id": "sandbox-location", "quota_requests": 10_000, "api_version": version},
    }
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(account))
    return warehouse
