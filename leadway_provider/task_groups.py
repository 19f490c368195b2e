"""A task group of a whole sync: sync, verify, alert, and any number of workers.

from leadway_provider.task_groups import leadway_sync

with DAG("customers_to_leadway", ...):
    leadway_sync("customers", sql=..., sql_conn_id="warehouse", key="id", alert=LeadwayNotifier(...))
"""

from __future__ import annotations

import copy
from typing import Any

from airflow.sdk import TaskGroup

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.notifications.leadway import LeadwayNotifier
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.operators.verify import LeadwayVerifyOperator

_OWN = ("task_id", "task_group", "on_failure_callback", "on_success_callback", "dry_run", "reviewed_run", "worker")


def leadway_sync(
    group_id: str = "leadway_sync", *, alert: LeadwayNotifier | None = None, workers: int = 1, **sync: Any
) -> TaskGroup:
    """Return a task group with the tasks `sync` and `verify`, in the DAG of the `with` block.

    With several `workers`, the task `plan` comes first, and then `deliver`, mapped so many times: each of them delivers
    parts of the plan that no other has. Then `sync` delivers what they left, treats departed rows, and reports.

    `verify` fails where a planned row has not reached the account. The alert is called when either fails, and when both
    have succeeded, so that it tells of a recovery. It is not a task, since the state of a DAG run is that of its last
    tasks: one that succeeds behind a sync that failed would make the run green.

    Args:
        group_id: the group. The sync's name is `<dag_id>.<group_id>.sync`, unless `sync_name` is given.
        alert: tells people; None for nobody.
        workers: how many tasks deliver at the same time.
        sync: the arguments of `LeadwayUpsertContactsOperator`, such as `sql`, `sql_conn_id` and `key`.

    Raises:
        ConfigurationError: `alert` is not a LeadwayNotifier, an argument is one that the group sets itself, or one that
            the operator refuses; the message names it.
        TypeError: the operator has no argument of that name.
    """
    if alert is not None and not isinstance(alert, LeadwayNotifier):
        raise ConfigurationError(f"alert of task group {group_id} is {alert!r}; give a LeadwayNotifier.")
    if type(workers) is not int or workers < 1:
        raise ConfigurationError(f"workers of task group {group_id} is {workers!r}; give a whole number, 1 or more.")
    if wrong := [name for name in _OWN if name in sync]:
        raise ConfigurationError(
            f"{', '.join(wrong)} of task group {group_id} can't be given: the group sets it. Use the operators "
            "themselves for another arrangement."
        )
    with TaskGroup(group_id) as group:
        task_id = f"{group.group_id}.sync"
        name = sync.get("sync_name") or f"{group.dag.dag_id}.{task_id}"
        told = None if alert is None else _for_sync(alert, name, sync.get("state_conn_id"))
        tasks: dict[str, Any] = {"on_failure_callback": told, **sync, "sync_name": name}
        if workers > 1:
            plan = LeadwayUpsertContactsOperator(task_id="plan", dry_run=True, **tasks)
            tasks["reviewed_run"] = f"{{{{ ti.xcom_pull(task_ids='{group.group_id}.plan')['run_id'] }}}}"
            deliver = LeadwayUpsertContactsOperator.partial(task_id="deliver", **tasks)
            plan >> deliver.expand(worker=[*range(1, workers + 1)])
        upsert = LeadwayUpsertContactsOperator(task_id="sync", **tasks)
        if workers > 1:
            group.children[f"{group.group_id}.deliver"] >> upsert
        verify = LeadwayVerifyOperator(
            task_id="verify",
            run_id=f"{{{{ ti.xcom_pull(task_ids='{task_id}')['run_id'] }}}}",
            state_conn_id=sync.get("state_conn_id"),
            on_failure_callback=told,
            on_success_callback=told,
        )
        upsert >> verify
    return group


def _for_sync(alert: LeadwayNotifier, sync_name: str, state_conn_id: str | None) -> LeadwayNotifier:
    """Return the alert for one sync: the task `verify` writes to none, so its name must be given."""
    mine = copy.copy(alert)
    mine.sync_name = alert.sync_name or sync_name
    mine.state_conn_id = alert.state_conn_id or state_conn_id
    return mine
