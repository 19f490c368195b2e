"""Where a task's links lead."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import pytest

import leadway_provider
from leadway_provider.hooks.configuration import configured_app_url
from leadway_provider.links.addresses import contact_url
from leadway_provider.links.leadway import ContactsLink, RunLink
from leadway_provider.store.reading.reader import StateReader
from tests.operators.conftest import sandbox, warehouse
from tests.operators.task import Warehouse, operator, sync

__all__ = ["sandbox", "warehouse"]


@dataclass
class Key:
    """What Airflow says of a task instance."""

    map_index: int | None = -1
    dag_id: str = "d&g"
    run_id: str = "manual__2026-11-22T12:00:00+00:00"
    task_id: str = "group.sync"


def test_a_task_leads_to_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the base URL of Airflow, each part as one part of a path."""
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com/team/")
    link, task = RunLink(), cast("Any", operator())
    begin = (
        "https://airflow.example.com/team/leadway/task-runs/d%26g/manual__2026-11-22T12%3A00%3A00%2B00%3A00/group.sync"
    )
    assert link.get_link(task, ti_key=cast("Any", Key())) == f"{begin}/-1"
    assert link.get_link(task, ti_key=cast("Any", Key(map_index=3))) == f"{begin}/3"
    assert link.get_link(task, ti_key=cast("Any", Key(map_index=None))) == f"{begin}/-1"


@pytest.mark.parametrize("url", ["", "app.example.com", "javascript:alert(1)", "https://"])
def test_without_an_address_there_is_no_link_to_the_crm(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Nor with something else than an address, which must not end a task."""
    monkeypatch.setenv("AIRFLOW__LEADWAY__APP_URL", url)
    assert configured_app_url() is None
    assert ContactsLink().get_link(cast("Any", operator()), ti_key=cast("Any", Key())) == ""


def test_a_task_that_has_not_begun_has_no_link_to_the_crm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its account is known when its connections are resolved; `tests/browser` sees the link of a task that has run."""
    monkeypatch.setenv("AIRFLOW__LEADWAY__APP_URL", "https://app.example.com/")
    assert configured_app_url() == "https://app.example.com"
    assert ContactsLink().get_link(cast("Any", operator()), ti_key=cast("Any", Key())) == ""


def test_ids_are_parts_of_a_path() -> None:
    """Whatever the CRM answered as an id."""
    assert contact_url("https://a.example/", "loc", "../x?y#z") == (
        "https://a.example/v2/location/loc/contacts/detail/..%2Fx%3Fy%23z"
    )


def test_the_log_ends_with_where_to_look(warehouse: Warehouse, caplog: pytest.LogCaptureFixture) -> None:
    """The run's page, also after a run that failed."""
    warehouse.fill((1, "not an e-mail", "Ann", None, None))
    with (
        caplog.at_level("INFO", logger="leadway_provider.operators.report"),
        pytest.raises(Exception, match="rejected"),
    ):
        sync("first")
    with closing(StateReader.open_file(warehouse.state)) as reader:
        run_id = reader.runs().of_sync(1).records[0].id
    assert caplog.messages[-1].endswith(f"/leadway/runs/{run_id}")


def test_airflow_is_told_of_the_links() -> None:
    """Its API server makes links only of classes that a provider names."""
    named = leadway_provider.get_provider_info()["extra-links"]
    found = [getattr(import_module(path.rpartition(".")[0]), path.rpartition(".")[2]) for path in named]
    assert found == [type(each) for each in operator().operator_extra_links]
