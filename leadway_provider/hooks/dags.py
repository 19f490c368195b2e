"""The sync that a task of a DAG file asks for, read without running the DAG."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog
from airflow.providers.common.compat.sdk import conf
from jinja2 import TemplateError

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.sync.request import SyncRequest

if TYPE_CHECKING:
    from airflow.sdk import Context


_SHOWN: Final = 20


def request_of_task(path: Path | None, dag_id: str, task_id: str, *, now: datetime) -> SyncRequest:
    """Return what a task asks for, with its templates rendered as in a daily run whose data interval ends now.

    Args:
        path: the DAG's file, or a folder of such files; None is Airflow's folder of DAGs.
        dag_id: the DAG.
        task_id: the task, with its task groups before it: `group.task`.
        now: the end of the data interval.

    Raises:
        ConfigurationError: the file can't be read, the DAG or the task is not there, the task is not a sync from a SQL
            source, or a template of it needs a run.
    """
    task = _task(path or Path(conf.get("core", "dags_folder")), dag_id, task_id)
    name = f"{dag_id}.{task_id}"
    # The class is asked, because the task's request needs the rendered templates.
    if getattr(task, "is_mapped", False) or not hasattr(type(task), "request"):
        raise ConfigurationError(
            f"Task {name} is not a sync with one query: name a task of LeadwayUpsertContactsOperator that is not "
            "mapped, or give the query with --sql."
        )
    try:
        task.resolve_template_files()
        task.render_template_fields(_context(task, now))
        request = task.request
    except (TemplateError, LookupError, AttributeError, TypeError) as error:
        raise ConfigurationError(
            f"A template of task {name} can't be rendered without a run ({type(error).__name__}): give the query with "
            "--sql."
        ) from None
    if not isinstance(request, SyncRequest) or not request.sql_conn_id:
        raise ConfigurationError(f"Task {name} reads no SQL source: its rows are those that its function yields.")
    return request


def _task(path: Path, dag_id: str, task_id: str) -> Any:
    if not path.exists():
        raise ConfigurationError(f"{path} does not exist: name the file or the folder of the DAG with --dags.")
    bag = _read_dags(path)
    if (dag := bag.dags.get(dag_id)) is None:
        errors = "".join(
            f" {Path(file).name} can't be imported: {_last_line(text)}" for file, text in bag.import_errors.items()
        )
        raise ConfigurationError(f"{path} has no DAG {dag_id!r}; it has {_first(bag.dags)}.{errors}")
    if not dag.has_task(task_id):
        raise ConfigurationError(f"DAG {dag_id!r} has no task {task_id!r}; it has {_first(dag.task_ids)}.")
    return dag.get_task(task_id)


def _read_dags(path: Path) -> Any:
    """Return Airflow's collection of the DAGs of a file or a folder, whose errors are in it, and are not logged."""
    # Airflow leaves files of a folder out that have not the words "dag" and "airflow"; a file that is named is read.
    more: dict[str, Any] = {"safe_mode": False} if path.is_file() else {}
    try:
        from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - where it is depends on the version
    except ImportError:
        from airflow.models.dagbag import DagBag  # type: ignore[no-redef]  # noqa: PLC0415 - Airflow 3.1

        more["include_examples"] = False

    class QuietDagBag(DagBag):
        # Airflow logs there where it looks, and the traceback of a file that can't be imported.
        _log = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

    with _silent(logging.getLogger("airflow.dag_processing.importers")):
        return QuietDagBag(str(path), **more)


@contextmanager
def _silent(log: logging.Logger) -> Iterator[None]:
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(level)


def _first(names: Iterable[str]) -> str:
    found = sorted(names)
    more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return f"{', '.join(found[:_SHOWN]) or 'none'}{more}"


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else ""


def _context(task: Any, now: datetime) -> Context:
    """Return what templates may name; what only a run has is missing."""
    params: dict[str, Any] = {}
    for each in (task.dag.params, task.params):
        params |= each.dump() if hasattr(each, "dump") else dict(each)
    start = now - timedelta(days=1)
    context: Any = {
        "dag": task.dag,
        "task": task,
        "params": params,
        "logical_date": start,
        "data_interval_start": start,
        "data_interval_end": now,
        "ds": f"{start:%Y-%m-%d}",
        "ds_nodash": f"{start:%Y%m%d}",
        "ts": start.isoformat(),
        "run_id": "leadway",
    }
    found: Context = context
    return found
