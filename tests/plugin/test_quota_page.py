"""The page of quotas, of an account that names its daily quota."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.operators.task import Warehouse, sync
from tests.plugin.conftest import Person
from tests.plugin.test_page import ANN, text


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An agency's accounts, each with 200,000 calls a day."""
    with SandboxServer(Settings(burst=None, more_locations=("north",))) as server:
        yield server


def test_a_task_of_many_accounts_leads_to_the_run_of_each(
    page: TestClient, warehouse: Warehouse, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last run of each account, and that of the whole task, which is not an account."""
    settings = sandbox.settings
    tokens = {"auth": "agency", "company_id": settings.company_id, "refresh_token": settings.agency_refresh_token}
    login = {"login": settings.client_id, "password": settings.client_secret}
    extra = tokens | {"state_conn_id": "state"}
    connection = {"conn_type": "leadway", "host": sandbox.url, **login, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(connection))
    warehouse.fill((1, "p1@example.com", "Ann", None, "sandbox-location"), (2, "p2@example.com", "Bob", None, "north"))
    for _ in range(2):
        sync("first", sql="SELECT id, email, first_name, country AS location_id FROM customers ORDER BY id")
    shown = text(page, "/task-runs/customers/first/sync/-1")
    for account in ("all accounts", "sandbox-location", "north"):
        assert shown.count(f"sync → {account} finished") == 1
    assert "Account all accounts" in text(page, "/")


@pytest.mark.usefixtures("no_state")
def test_the_quota_page_says_who_used_what(page: TestClient, person: Person, warehouse: Warehouse) -> None:
    """The account's day, the calls of each sync in it, and rows that wait; only of syncs that the person may see."""
    assert "No sync has run yet" in text(page, "/quota", status=404)
    warehouse.fill(ANN)
    sync("first")
    sync("second", sync_name="other", sql="SELECT id, email FROM customers")
    shown = text(page, "/quota")
    assert re.search(r"sandbox-location Used today 4 of 200,000 Left 199,996 Returns in \d+ ", shown)
    assert "customers.sync 2 0 other 2 0" in shown
    person.dags = {"another"}
    assert "sandbox-location" not in text(page, "/quota")
