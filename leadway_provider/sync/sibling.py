"""Mapped tasks of one operator: whether two of them read different rows under the name of one sync.

Such siblings would share one state: each would take the other's rows for departed, and the watermark of one would let
the other leave a gap. Siblings that write to different accounts, or have a `sync_name` each, are different syncs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self


class TaskRun(NamedTuple):
    """A task run of Airflow; its text, `dag/DAG run/task/map index`, stays the same when the task is retried."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int

    def __str__(self) -> str:
        return f"{self.dag_id}/{self.run_id}/{self.task_id}/{self.map_index}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the task run of that text, or None; only the id of a DAG run may have slashes of its own."""
        dag_id, _, rest = text.partition("/")
        run_id, _, task = rest.rpartition("/")[0].rpartition("/")
        try:
            return cls(dag_id, run_id, task, int(text.rpartition("/")[2])) if run_id else None
        except ValueError:
            return None

    def is_sibling(self, other: TaskRun) -> bool:
        """Return whether both are mapped from one operator; also in different DAG runs."""
        same_task = (self.dag_id, self.task_id) == (other.dag_id, other.task_id)
        return same_task and self.map_index >= 0 and other.map_index >= 0


def is_of_same_dag_run(one: str, other: str) -> bool:
    """Return whether the texts of two task runs name one DAG run."""
    first, second = TaskRun.parse(one), TaskRun.parse(other)
    return first is not None and second is not None and first[:2] == second[:2]


def find_conflict(mine: TaskRun, digest: bytes, newest_first: Iterable[tuple[str, bytes]]) -> TaskRun | None:
    """Return a sibling that reads other rows under the same sync, or None.

    Siblings meet in this DAG run, or have met in the one before, whichever of them begins first now. An index that had
    another query in another DAG run is not enough: the list may have changed, while each name kept its query.

    Args:
        mine: a task run that begins.
        digest: what its plan is made from.
        newest_first: texts and digests of runs of its sync.
    """
    before: dict[int, bytes] = {}
    run_before: str | None = None
    for text, other_digest in newest_first:
        other = TaskRun.parse(text)
        if other is None or not mine.is_sibling(other):
            continue
        if other.run_id == mine.run_id:
            if other.map_index != mine.map_index and other_digest != digest:
                return other
            continue
        run_before = run_before or other.run_id
        if other.run_id != run_before:
            return None
        before.setdefault(other.map_index, other_digest)
        if len(set(before.values())) > 1:
            index = next(index for index in before if index != mine.map_index)
            return other._replace(map_index=index)
    return None
