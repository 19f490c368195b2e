"""One task that is mapped over several queries of one account, through Airflow."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadway_provider.sandbox.server import SandboxServer
from tests.airflow_version import load_dags
from tests.dags.example import Warehouse, report

FOLDER = Path(__file__).with_name("mapped")


@pytest.fixture
def mapped(airflow_db: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Runs a DAG of the folder `mapped`, which is one that Airflow reads."""
    assert airflow_db.exists()
    bundle = {
        "name": "mapped",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(FOLDER)},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    dags = load_dags(FOLDER / "queries.py")
    return lambda dag_id: dags[dag_id].test()


@pytest.fixture
def customers(warehouse: Warehouse) -> Warehouse:
    """Two customers of one country and one of another, whose keys are not told apart by country."""
    for number, country in ((1, "DE"), (2, "DE"), (3, "FR")):
        row: dict[str, object] = {"customer_id": f"C-{number}", "email": f"c{number}@example.com", "country": country}
        warehouse.insert("customers", row)
    return warehouse


def states(run: Any) -> dict[int, str]:
    """Return how the mapped tasks ended, by map index."""
    return {ti.map_index: ti.state for ti in run.get_task_instances()}


@pytest.mark.usefixtures("customers")
def test_siblings_of_one_name_are_refused(
    mapped: Callable[[str], Any], sandbox: SandboxServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """The first one's contacts stay, in each DAG run; the error names both indexes and says what to write."""
    ended = states(mapped("mapped_without_names"))
    assert sorted(ended.values()) == ["failed", "success"]
    emails = {contact.email for contact in sandbox.account.contacts}
    sandbox.journal.clear()
    said = capfd.readouterr()
    assert "Map indexes" in said.out + said.err
    assert "sync_name=" in said.out + said.err

    assert set(states(mapped("mapped_without_names")).values()) == {"failed"}
    assert not sandbox.journal.writes
    assert {contact.email for contact in sandbox.account.contacts} == emails


def test_siblings_with_a_name_each_are_syncs_of_their_own(
    mapped: Callable[[str], Any], customers: Warehouse, sandbox: SandboxServer
) -> None:
    """As the error says: no contact departs because a sibling did not read it, also when the list has another order."""
    run = mapped("mapped_with_names")
    assert [report(run, "sync", index)["created"] for index in (0, 1)] == [2, 1]
    assert len(sandbox.account.contacts) == 3
    customers.run("UPDATE customers SET first_name = 'Bea' WHERE customer_id = 'C-3'")
    run = mapped("mapped_with_names_reversed")
    reports = [report(run, "sync", index) for index in (0, 1)]
    assert [(each["updated"], each["unchanged"], each["removed"]) for each in reports] == [(1, 0, 0), (0, 2, 0)]
