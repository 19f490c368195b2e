"""A task group of a whole sync: sync, verify, alert.

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

_OWN = ("task_id", "task_group", "on_failure_callback", "on_success_callback")


def leadway_sync(group_id: str = "leadway_sync", *, alert: LeadwayNotifier | None = None, **sync: Any) -> TaskGroup:
    """Return a task group with the tasks `sync` and `verify`, in the DAG of the `with` block.

    `verify` fails where a planned row has not reached the account. The alert is called when either fails, and when both
    have succeeded, so that it tells of a recovery. It is not a task, since the state of a DAG run is that of its last
    tasks: one that succeeds behind a sync that failed would make the run green.

    Args:
        group_id: the group. The sync's name is `<dag_id>.<group_id>.sync`, unless `sync_name` is given.
        alert: tells people; None for nobody.
        sync: the arguments of `LeadwayUpsertContactsOperator`, such as `sql`, `sql_conn_id` and `key`.

    Raises:
        ConfigurationError: `alert` is not a LeadwayNotifier, an argument is one that the group sets itself, or one that
            the operator refuses; the message names it.
        TypeError: the operator has no argument of that name.
    """
    if alert is not None and not isinstance(alert, LeadwayNotifier):
        raise ConfigurationError(f"alert of task group {group_id} is {alert!r}; give a LeadwayNotifier.")
    if wrong := [name for name in _OWN if name in sync]:
        raise ConfigurationError(
            f"{', '.join(wrong)} of task group {group_id} can't be given: the group sets it. Use the operators "
            "themselves for another arrangement."
        )
    with TaskGroup(group_id) as group:
        task_id = f"{group.group_id}.sync"
        name = sync.get("sync_name") or f"{group.dag.dag_id}.{task_id}"
        told = None if alert is None else _for_sync(alert, name, sync.get("state_conn_id"))
        upsert = LeadwayUpsertContactsOperator(task_id="sync", on_failure_callback=told, **{**sync, "sync_name": name})
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
