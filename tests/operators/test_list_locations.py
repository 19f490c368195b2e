"""The operator that lists an agency's accounts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.operators.locations import LeadwayListLocationsOperator
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.agency import agency_connection


def agency(sandbox: SandboxServer, tmp_path: Path, **extra: object) -> dict[str, str]:
    """The environment in which the connections are an agency's and its state store."""
    connection = agency_connection(sandbox, **{"state_conn_id": "state"} | extra)
    state = {"conn_type": "sqlite", "host": str(tmp_path / "state.db")}
    return {"AIRFLOW_CONN_LEADWAY_DEFAULT": json.dumps(connection), "AIRFLOW_CONN_STATE": json.dumps(state)}


@pytest.mark.parametrize("version", ["2021-07-28", "v3"])
def test_all_pages_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """An agency of 250 accounts has a list of 250 location ids, in either version of the API."""
    more = tuple(f"location-{number:03}" for number in range(249))
    with SandboxServer(Settings(more_locations=more)) as sandbox:
        for name, value in agency(sandbox, tmp_path, api_version=version).items():
            monkeypatch.setenv(name, value)
        found = LeadwayListLocationsOperator(task_id="locations").execute({})
    assert found == sorted(("sandbox-location", *more))


def test_another_connection_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A private integration token belongs to one account, so there is no list; the error names the connection."""
    with SandboxServer() as sandbox:
        connection = {"conn_type": "leadway", "host": sandbox.url, "password": sandbox.settings.token}
        monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(connection))
        with pytest.raises(AirflowFailException, match="'leadway_default' is not an agency's"):
            LeadwayListLocationsOperator(task_id="locations").execute({})
