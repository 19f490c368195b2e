"""What `preview` and `plan` look at: the sync of a DAG's task, or a query that is given with the command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from leadway_provider.clock import utc_now
from leadway_provider.commands.airflow import logs_aside, use_airflow
from leadway_provider.commands.error import ArgumentsError, CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadway_provider.sync.request import SyncRequest


def asked_request(
    task: str | None,
    dags: Path | None,
    *,
    sql: str | None,
    source_conn_id: str | None,
    key: Sequence[str] | None,
    mapping: Sequence[str] | None,
    constants: Sequence[str] | None,
    leadway_conn_id: str | None,
    location: str | None,
    sync: str | None = None,
) -> SyncRequest:
    """Return what a task asks for, or what the options say; either the one or the others are given.

    Raises:
        ArgumentsError: both are given, neither is, or an option that belongs to the query is missing.
        CommandError: the file of a query can't be read.
        ConfigurationError: the task can't be read; see `request_of_task`.
    """
    use_airflow()
    if task is not None:
        if sql or source_conn_id or key or mapping or constants or leadway_conn_id or location:
            raise ArgumentsError("a task says its query and its connections itself: leave the other options out.")
        return _of_task(task, dags)
    if not (sql and source_conn_id and key):
        raise ArgumentsError("name a task as <dag_id>.<task_id>, or give --sql, --source-conn-id and --key.")
    from leadway_provider.sync.request import SyncRequest  # noqa: PLC0415 - `leadway --help` needs none of this

    return SyncRequest(
        task_id="leadway",
        default_name=sync or "leadway",
        sql=_query(sql),
        sql_conn_id=source_conn_id,
        key=list(key),
        mapping=_pairs("--mapping", "COLUMN=TARGET", mapping),
        constants=_pairs("--constant", "TARGET=VALUE", constants),
        leadway_conn_id=leadway_conn_id or "leadway_default",
        location_id=location,
    )


def _of_task(task: str, dags: Path | None) -> SyncRequest:
    dag_id, dot, task_id = task.partition(".")
    if not (dag_id and dot and task_id):
        raise ArgumentsError(f"{task!r} is not the name of a task: write <dag_id>.<task_id>.")
    with logs_aside():
        from leadway_provider.hooks.dags import request_of_task  # noqa: PLC0415 - it imports Airflow

        request = request_of_task(dags, dag_id, task_id, now=utc_now())
    return replace(request, default_name=task)


def _query(sql: str) -> str:
    if not sql.endswith(".sql"):
        return sql
    try:
        return Path(sql).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"the file {sql} can't be read: {error.strerror}.", 2) from None
    except UnicodeDecodeError:
        raise CommandError(f"the file {sql} can't be read: it is not UTF-8 text.", 2) from None


def _pairs(option: str, form: str, given: Sequence[str] | None) -> dict[str, str] | None:
    """Return the names and values of an option that is given once for each; None where it is not given."""
    found: dict[str, str] = {}
    for each in given or ():
        name, sign, value = each.partition("=")
        if not (name and sign):
            raise ArgumentsError(f"{option} takes {form}, and not {each!r}.")
        if name in found:
            raise ArgumentsError(f"{option} names {name!r} twice.")
        found[name] = value
    return found or None
