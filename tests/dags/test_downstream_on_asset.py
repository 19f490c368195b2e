"""The example that follows the contacts' Asset: from the sync's event, through the scheduler, to the message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.dags.example import Warehouse, report

NAME = "downstream_on_asset"


@pytest.fixture
def schedule(airflow_db: Any) -> Iterator[Callable[[], list[Any]]]:
    """Lets Airflow's scheduler look once for DAG runs that are due, as it does in its loop; returns those of this DAG.

    The DAG is switched on for it, as a person would do, and off again.
    """
    from airflow.executors.base_executor import BaseExecutor
    from airflow.jobs.job import Job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from airflow.models.asset import AssetActive, AssetDagRunQueue, AssetEvent
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.sqlalchemy import prohibit_commit
    from sqlalchemy import delete, select, update

    def look() -> list[Any]:
        runner = SchedulerJobRunner(job=Job(), executors=[BaseExecutor()])
        with create_session() as session:
            with prohibit_commit(session) as guard:
                runner._create_dagruns_for_dags(guard, session)
            return list(session.scalars(select(DagRun).where(DagRun.dag_id == NAME).order_by(DagRun.id)))

    yield look
