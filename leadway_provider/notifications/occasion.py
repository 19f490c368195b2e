"""What a notifier is called for: a task, a DAG run or a deadline, and whether something has failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from leadway_provider.sync.sibling import TaskRun

if TYPE_CHECKING:
    from leadway_provider.store.reading.reader import StateReader
    from leadway_provider.store.reading.syncs import SyncRecord

_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a notifier is called.

    Attributes:
        dag_id: the DAG; None where the context names none.
        run_id: the DAG run; None likewise.
        task: the task run, where a task called; None where its DAG run or a deadline did.
        failure: what has failed, in a sentence; None where nothing has.
        succeeded: whether the task or the DAG run has succeeded, so that an earlier failure is over.
        log_url: where Airflow shows the task's log, or None.
    """

    dag_id: str | None = None
    run_id: str | None = None
    task: TaskRun | None = None
    failure: str | None = None
    succeeded: bool = False
    log_url: str | None = None

    @classmethod
    def of(cls, context: Mapping[str, Any]) -> Self:
        """Return what Airflow's context says: a task's, a DAG's, or the short one of a missed deadline."""
        if deadline := context.get("deadline"):
            dag_run = context.get("dag_run") or {}
            at = deadline.get("deadline_time")
            says = f"the DAG run has missed its deadline, {at}"
            return cls(dag_run.get("dag_id"), dag_run.get("dag_run_id"), failure=says)
        ti = context.get("ti") or context.get("task_instance")
        dag_run = context.get("dag_run")
        dag_id = getattr(ti, "dag_id", None) or getattr(dag_run, "dag_id", None)
        run_id = getattr(ti, "run_id", None) or getattr(dag_run, "run_id", None)
        if "reason" in context or ti is None:  # Airflow gives it to a DAG's callbacks
            state = str(getattr(dag_run, "state", "") or "")
            failed = state == "failed"
            return cls(
                dag_id,
                run_id,
                failure=f"the DAG run has failed: {context.get('reason')}" if failed else None,
                succeeded=state == "success",
            )
        map_index = getattr(ti, "map_index", None)
        error = context.get("exception")
        return cls(
            dag_id,
            run_id,
            TaskRun(str(dag_id), str(run_id), ti.task_id, -1 if map_index is None else map_index),
            failure=f"the task has failed: {_first_line(error)}" if error is not None else None,
            succeeded=error is None,
            log_url=getattr(ti, "log_url", None),
        )

    @property
    def name(self) -> str:
        """What called, as messages name it where no sync is known."""
        return f"of task {self.task.dag_id}.{self.task.task_id}" if self.task else f"of DAG {self.dag_id}"

    def syncs(self, reader: StateReader) -> list[SyncRecord]:
        """Return the syncs that the task or the DAG run has written, or else those that it wrote in an earlier DAG run.

        The latter is so where it failed before it began a run.
        """
        task_run = str(self.task) if self.task else f"{self.dag_id}/{self.run_id}/"
        known = {sync.id: sync for sync in reader.syncs().known()}
        ids = dict.fromkeys(run.sync_id for run in reader.runs().of_task_runs(task_run))
        return [known[sync_id] for sync_id in ids if sync_id in known] or list(self._earlier(reader))

    def _earlier(self, reader: StateReader) -> Iterator[SyncRecord]:
        from leadway_provider.store.reading.page import every_record  # noqa: PLC0415 - a DAG file needs no SQLAlchemy

        syncs = reader.syncs()
        for summary in every_record(lambda cursor: syncs.summaries(cursor=cursor)):
            last = TaskRun.parse(summary.last_run.task_run) if summary.last_run else None
            if last and last.dag_id == self.dag_id and (self.task is None or last[2:] == self.task[2:]):
                yield summary.sync


def _first_line(error: object) -> str:
    line = str(error).strip().partition("\n")[0][:_LONGEST]
    return line or type(error).__name__
