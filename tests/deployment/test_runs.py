"""Runs of every sort, by Airflow's own scheduler and command."""

from __future__ import annotations

import json

import pytest

from leadway_provider.sandbox.service import Settings
from tests.deployment.scene import Scene


def test_two_runs_at_once(scene: Scene) -> None:
    """The second one waits until the first has ended, and finds nothing left to do."""
    scene.fill(60)
    runs = [scene.trigger("patient") for _ in range(2)]
    reports = [run.report() for run in runs]
    assert sorted(report["created"] for report in reports) == [0, 60]
    assert sorted(report["unchanged"] for report in reports) == [0, 60]
    assert scene.sent == 60


def test_backfilled(scene: Scene) -> None:
    """Days that are made up for send what no newer day has seen, and leave what it has."""
    scene.fill(5)
    assert scene.trigger("daily", "2026-01-09").report()["created"] == 5
    scene.fill(6)
    days = ["2026-01-03", "2026-01-04", "2026-01-05"]
    reports = [run.report() for run in scene.deployment.backfill("daily", scene.name, days)]
    assert [(report["superseded"], report["created"], report["updated"]) for report in reports] == [
        (5, 1, 0),
        (5, 0, 1),
        (5, 0, 1),
    ]
    names = {contact.email: contact.first_name for contact in scene.sandbox.account.contacts}
    assert names.pop("p6@example.com") == "2026-01-05"
    assert set(names.values()) == {"2026-01-09"}


def test_tested_by_hand(scene: Scene) -> None:
    """`airflow tasks test` sends as a run does, and what it sent is known to the runs that follow."""
    scene.fill(5)
    test = ("tasks", "test", "by_hand", "sync", "2026-01-09", "--task-params", json.dumps({"test": scene.name}))
    for said in ("5 created", "5 unchanged"):
        told = scene.deployment.command(*test)
        assert said in told, told
        assert scene.sent == 5
    assert scene.trigger().report()["unchanged"] == 5
    assert scene.sent == 5


class TestAccounts:
    """An agency with three accounts."""

    @pytest.fixture
    def settings(self) -> Settings:
        """The accounts that the DAG maps over."""
        return Settings(burst=None, daily=None, more_locations=("north", "south"))

    def test_mapped(self, scene: Scene) -> None:
        """One task for each account, side by side on one connection whose tokens rotate; none knows of the others."""
        scene.connect(
            login="sandbox-client",
            password="sandbox-secret",
            extra={
                "auth": "agency",
                "company_id": "sandbox-company",
                "refresh_token": "sandbox-agency-refresh-token",
                "location_id": None,
            },
        )
        scene.fill(10)
        run = scene.trigger("accounts")
        assert [run.report(map_index)["created"] for map_index in range(3)] == [10, 10, 10]
        held = {location_id: len(account) for location_id, account in scene.sandbox.service.accounts.items()}
        assert held == {"sandbox-location": 10, "north": 10, "south": 10}
        assert [call.path for call in scene.sandbox.journal.calls].count("/oauth/token") == 1
