"""The example that follows the contacts' Asset: from the sync's event, through the scheduler, to the message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.airflow_version import needs_3_3
from tests.dags.example import Warehouse, report

NAME = "downstream_on_asset"
pytestmark = needs_3_3


def customers(*numbers: int) -> list[dict[str, object]]:
    """Rows that become contacts."""
    return [{"customer_id": f"C-{number}", "email": f"c{number}@example.com"} for number in numbers]


@pytest.fixture
def upstream(example: Callable[[str], Any], warehouse: Warehouse) -> Iterator[Any]:
    """The DAG that writes the Asset, of which nothing is known yet; of all DAGs only its follower is switched on."""
    from airflow.models.asset import AssetDagRunQueue, AssetEvent
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import delete, update

    def switch(*, paused: bool) -> None:
        with create_session() as session:
            session.execute(update(DagModel).where(DagModel.dag_id == NAME).values(is_paused=paused))

    assert warehouse.file.exists()
    dag = example("warehouse_to_leadway")
    assert report(dag.test(), "sync_customers")["read"] == 0  # Airflow has seen the files now
    with create_session() as session:
        session.execute(delete(DagRun).where(DagRun.dag_id == NAME))
        session.execute(delete(AssetDagRunQueue))
        session.execute(delete(AssetEvent))
    switch(paused=False)
    yield dag
    switch(paused=True)


@pytest.fixture
def messages(example: Callable[[str], Any]) -> Callable[[], list[str]]:
    """Let the scheduler do what is due, and return what the DAG's runs have printed so far."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    from tests.dags.scheduler import run_scheduler

    dag = example(NAME)

    def schedule() -> list[str]:
        run_scheduler(dag)
        with create_session() as session:
            runs = list(session.scalars(select(DagRun).where(DagRun.dag_id == NAME).order_by(DagRun.run_after)))
            assert all(run.state == "success" for run in runs)
            announced = [ti for run in runs for ti in run.get_task_instances()]
            return [ti.xcom_pull(task_ids="announce") for ti in announced]

    return schedule


def test_a_sync_that_changed_something_is_announced(
    upstream: Any, warehouse: Warehouse, messages: Callable[[], list[str]]
) -> None:
    """The scheduler makes a run of the sync's event, which has its counts; a sync without changes makes none."""
    warehouse.insert("customers", *customers(1, 2))
    report(upstream.test(), "sync_customers")
    assert messages() == ["Leadway contacts: 2 new, 0 changed."]
    assert report(upstream.test(), "sync_customers")["unchanged"] == 2
    assert len(messages()) == 1
    warehouse.run("UPDATE customers SET first_name = 'Ann' WHERE customer_id = 'C-1'")
    report(upstream.test(), "sync_customers")
    assert messages()[1:] == ["Leadway contacts: 0 new, 1 changed."]


def test_of_several_syncs_the_last_one_is_told(
    upstream: Any, warehouse: Warehouse, messages: Callable[[], list[str]]
) -> None:
    """Each message has the counts of the last sync before it, so a rejected row is not counted once for each sync."""
    warehouse.insert("customers", *customers(*range(1, 21)), {"customer_id": "C-21", "email": "nobody"})
    runs = [report(upstream.test(), "sync_customers")["run_id"]]
    warehouse.insert("customers", *customers(22))
    runs.append(report(upstream.test(), "sync_customers")["run_id"])
    messages()
    warehouse.insert("customers", *customers(23))
    runs.append(report(upstream.test(), "sync_customers")["run_id"])
    told = messages()
    assert told[-1].startswith("Leadway contacts: 1 new, 0 changed. Rejected rows: 1;")
    assert all(re.findall(r"Rejected rows: (\d+)", message) == ["1"] for message in told)
    assert runs[-1] in told[-1]


def test_a_sync_with_too_many_rejected_rows_is_not_announced(
    upstream: Any, warehouse: Warehouse, messages: Callable[[], list[str]]
) -> None:
    """The good row arrived, but the sync has failed: no run is made of it."""
    warehouse.insert("customers", *customers(1), {"customer_id": "C-2", "email": "nobody"})
    assert upstream.test().state == "failed"
    assert messages() == []
