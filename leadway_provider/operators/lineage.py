"""What the operator tells of its runs: to OpenLineage when Airflow asks, and to the DAGs that follow an asset."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowException, Asset

from leadway_provider.exceptions import LeadwayError
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.hooks.state import sql_engine
from leadway_provider.lineage.assets import is_contacts
from leadway_provider.lineage.run import RunLineage
from leadway_provider.lineage.source import SourceDatabase

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context

    from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator

log = logging.getLogger(__name__)


def run_lineage(
    task: LeadwayUpsertContactsOperator, *, sync: str, host: str, location_id: str, source: sa.Engine
) -> RunLineage:
    """What is known of a run before it begins."""
    url = source.url
    return RunLineage(
        sync=sync,
        sql_conn_id=task.sql_conn_id,
        source=SourceDatabase(url.get_backend_name(), url.host, url.port, url.database),
        sql=task.sql,
        host=host,
        location_id=location_id,
        key=(task.key,) if isinstance(task.key, str) else tuple(task.key),
        mapping=task.mapping or {},
        constants=tuple(task.constants or ()),
        parameters=bool(task.parameters),
    )


def openlineage_facets(task: LeadwayUpsertContactsOperator) -> OperatorLineage[Any, Any] | None:
    """What OpenLineage is told of a run that begins or has succeeded.

    Where the run has not learned the source's default schema, because it has yet to begin or went on with an outbox,
    the database is asked for it.
    """
    run = _known(task)
    if run and run.source.lacks_schema:
        run = replace(run, source=replace(run.source, schema=_default_schema(task.sql_conn_id)))
    return _told(run)


def openlineage_facets_of_failure(task: LeadwayUpsertContactsOperator) -> OperatorLineage[Any, Any] | None:
    """What OpenLineage is told of a run that failed, as far as it got; the database may be why, and isn't asked."""
    return _told(_known(task))


def _told(run: RunLineage | None) -> OperatorLineage[Any, Any] | None:
    try:
        from leadway_provider.lineage.openlineage import operator_lineage  # noqa: PLC0415 - OpenLineage is optional
    except ImportError:
        return None
    return operator_lineage(run) if run else None


def _known(task: LeadwayUpsertContactsOperator) -> RunLineage | None:
    """The run as far as it got, or None where not even its connections can be resolved."""
    try:
        return task.record.lineage if task.record else _before(task)
    except (AirflowException, LeadwayError) as error:
        log.debug("No lineage before the connections can be resolved: %s", error)
        return None


def _default_schema(sql_conn_id: str) -> str | None:
    engine = sql_engine(sql_conn_id)
    try:
        with engine.connect():
            schema: str | None = engine.dialect.default_schema_name
            return schema
    except sa.exc.SQLAlchemyError as error:
        log.debug("Connection %s doesn't tell its default schema: %s", sql_conn_id, type(error).__name__)
        return None
    finally:
        engine.dispose()


def _before(task: LeadwayUpsertContactsOperator) -> RunLineage | None:
    settings = LeadwayHook(task.leadway_conn_id, location_id=task.location_id).settings
    if settings.location_id is None:
        return None
    return run_lineage(
        task,
        sync=task.sync_name or f"{task.dag_id}.{task.task_id}",
        host=settings.base_url,
        location_id=settings.location_id,
        source=sql_engine(task.sql_conn_id),
    )


def settle_assets(
    task: LeadwayUpsertContactsOperator, context: Context, report: Mapping[str, int | float | str]
) -> None:
    """Give the contacts' assets the run's counts, or, where no contact changed, let no event be made of them.

    Airflow makes an event of each outlet that the task has when it succeeds; other outlets are left alone. The inlets
    become the source tables, for whoever listens to the task.
    """
    task.inlets = [*task.inlets, *_source_tables(task)]
    changed = any(report[outcome] for outcome in ("created", "updated", "unknown", "removed"))
    if task.only_plan or not (changed or task.emit_unchanged):
        task.outlets = [outlet for outlet in task.outlets if not is_contacts(outlet)]
        return
    for outlet in filter(is_contacts, task.outlets):
        context["outlet_events"][outlet].extra.update(report)


def _source_tables(task: LeadwayUpsertContactsOperator) -> Iterator[Asset]:
    if not task.record:
        return
    run = task.record.lineage
    for table in run.query().tables:
        with suppress(ValueError):  # another provider has its own idea of what a URI of this database is
            yield Asset(uri=run.source.table(table).uri)
