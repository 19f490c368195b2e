"""Airflow's scheduler for a few rounds of its loop, with an executor that runs tasks in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from airflow.executors.base_executor import BaseExecutor
from airflow.executors.workloads import ExecuteTask
from airflow.jobs.job import Job, run_job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.sdk.api.datamodels._generated import TaskInstance
from airflow.sdk.execution_time.supervisor import run_task_in_process

Dags = dict[str, Any]


class InProcessExecutor(BaseExecutor):
    """Runs what it is handed at once, as `dag.test()` does.

    Args:
        dags: the DAGs by id, as their files have them.
    """

    def __init__(self, dags: Dags) -> None:
        super().__init__()
        self._dags = dags

    def _process_workloads(self, workload_items: Sequence[Any]) -> None:
        for workload in workload_items:
            assert isinstance(workload, ExecuteTask)
            ti = workload.ti
            del self.queued_tasks[ti.key]
            self.running.add(ti.key)
            told = TaskInstance(**ti.model_dump(include=set(TaskInstance.model_fields)))
            run_task_in_process(told, self._dags[ti.dag_id].get_task(ti.task_id))
            self.success(ti.key)

    def end(self) -> None:
        """Nothing goes on."""

    def terminate(self) -> None:
        """Nothing goes on."""


def run_scheduler(*dags: Any, rounds: int = 3) -> None:
    """Do what `airflow scheduler --num-runs` does: in three rounds a DAG run is created, run and found to be over."""
    runner = SchedulerJobRunner(
        job=Job(),  # type: ignore[no-untyped-call]  # Airflow's own
        num_runs=rounds,
        executors=[InProcessExecutor({dag.dag_id: dag for dag in dags})],
    )
    execute: Callable[[], int | None] = runner._execute
    run_job(job=runner.job, execute_callable=execute)
