"""What a task run reports to others: to OpenLineage, and to the DAGs that are scheduled on an asset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowException, Asset, AssetAlias, BaseHook

from leadway_provider.exceptions import LeadwayError
from leadway_provider.hooks.engine import sql_engine
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.lineage.assets import is_contacts
from leadway_provider.lineage.connection import source_database
from leadway_provider.lineage.origin import Table
from leadway_provider.lineage.run import RunLineage
from leadway_provider.lineage.source import SourceDatabase
from leadway_provider.operators.plan_to import plan_engine
from leadway_provider.printable import printable_log
from leadway_provider.source.schemas import find_schemas
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.plan_target import PlanTable
from leadway_provider.sync.request import ALL_ACCOUNTS, SyncIdentity, SyncRequest

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import BaseOperator, Context

    from leadway_provider.lineage.record import RunRecord

log = printable_log(__name__)

_CHANGED = (RowState.CREATED, RowState.UPDATED, RowState.UNKNOWN, RowState.REMOVED)
"""Outcomes after which a contact of the account may be another than before."""


def run_lineage(
    request: SyncRequest, sync: SyncIdentity, source: sa.Engine, plan_database: sa.Engine | None
) -> RunLineage:
    """Return what is known of a run before it begins.

    Args:
        request: what is asked for.
        sync: the source and the account.
        source: the source's database.
        plan_database: the database of the table that a dry run writes its plan to.
    """
    known = _of_source(request, sync, source)
    target = request.plan_to
    if plan_database is None or not isinstance(target, PlanTable):
        return known
    database = source_database(BaseHook.get_connection(target.conn_id), plan_database.url)
    return replace(known, plan_database=database, plan_table=Table(target.table, target.schema or ""))


def _of_source(request: SyncRequest, sync: SyncIdentity, source: sa.Engine) -> RunLineage:
    return RunLineage(
        sync=sync.name,
        sql_conn_id=request.sql_conn_id,
        source=(
            source_database(BaseHook.get_connection(request.sql_conn_id), source.url)
            if request.sql_conn_id
            else SourceDatabase("sqlite", "function", named=False)
        ),
        sql=request.sql,
        host=sync.host,
        location_id=sync.location_id,
        key=request.key_columns,
        mapping=request.mapping or {},
        constants=tuple(request.constants or ()),
        parameters=bool(request.parameters),
    )


def openlineage_facets(request: SyncRequest | None, record: RunRecord | None) -> OperatorLineage[Any, Any] | None:
    """Return what OpenLineage is told of a run that begins or has succeeded.

    Where the run has not learned in which schemas the source finds the query's tables, because it has yet to begin or
    continued with an outbox, the database is asked for it.
    """
    run = _known(request, record)
    if run and request and run.source.lacks_schema and (tables := run.tables_without_schema()):
        engine = sql_engine(request.sql_conn_id, request.hook_params)
        try:
            run = replace(run, source=run.source.where(find_schemas(engine, tables)))
        finally:
            engine.dispose()
    return _operator_lineage(_with_schema_of_plan(request, run) if run and request else run)


def _with_schema_of_plan(request: SyncRequest, run: RunLineage) -> RunLineage:
    """Return the run with the schema in which its database finds the plan's table, where the task names none."""
    database, table = run.plan_database, run.plan_table
    if not (database and table) or table.schema or not database.lacks_schema or not (engine := plan_engine(request)):
        return run
    try:
        return replace(run, plan_database=database.where(find_schemas(engine, [table.name])))
    finally:
        engine.dispose()


def openlineage_facets_of_failure(
    request: SyncRequest | None, record: RunRecord | None
) -> OperatorLineage[Any, Any] | None:
    """Return what is known of a run that failed; the database may be the reason, and is not asked."""
    return _operator_lineage(_known(request, record))


def _operator_lineage(run: RunLineage | None) -> OperatorLineage[Any, Any] | None:
    try:
        from leadway_provider.lineage.openlineage import operator_lineage  # noqa: PLC0415 - OpenLineage is optional
    except ImportError:
        return None
    return operator_lineage(run) if run else None


def _known(request: SyncRequest | None, record: RunRecord | None) -> RunLineage | None:
    """Return the run as far as it is known, or None where not even its connections can be resolved."""
    try:
        if record:
            return record.lineage
        return _before(request) if request else None
    except (AirflowException, LeadwayError) as error:
        log.debug("No lineage before the connections can be resolved: %s", error)
        return None


def _before(request: SyncRequest) -> RunLineage | None:
    settings = LeadwayHook(request.leadway_conn_id, location_id=request.location_id).settings
    sync = SyncIdentity(request.name, settings.base_url, settings.location_id or ALL_ACCOUNTS)
    return run_lineage(request, sync, sql_engine(request.sql_conn_id, request.hook_params), plan_engine(request))


def report_to_assets(
    task: BaseOperator,
    request: SyncRequest,
    record: RunRecord | None,
    context: Context,
    report: Mapping[str, int | float | str],
) -> None:
    """Give the events of the contacts' assets the run's counts; where no contact changed, remove these outlets.

    Airflow makes an event of each outlet that the task has when it succeeds; the event of the table that a dry run has
    written its plan to gets the counts too, and other outlets are left as they are. The source tables become the task's
    inlets, which a listener of Airflow sees.
    """
    task.inlets = [*task.inlets, *_source_tables(record)]
    _report_plan(task, record, context, report)
    if record and record.lineage.accounts:
        _report_accounts(task, request, record.lineage.accounts, context)
        return
    for outlet in filter(is_contacts, task.outlets):
        _warn_of_another_account(outlet, record)
    if not _has_event(request, report):
        task.outlets = [outlet for outlet in task.outlets if not is_contacts(outlet)]
        return
    for outlet in filter(is_contacts, task.outlets):
        context["outlet_events"][outlet].extra.update(report)


def _report_plan(
    task: BaseOperator, record: RunRecord | None, context: Context, report: Mapping[str, int | float | str]
) -> None:
    plan = record.lineage.plan if record else None
    with suppress(ValueError):  # as for the source's tables
        uri = plan and Asset(uri=plan.uri).uri
        for outlet in task.outlets if uri else ():
            if getattr(outlet, "uri", None) == uri:
                context["outlet_events"][outlet].extra.update(report)


def _has_event(request: SyncRequest, counts: Mapping[str, Any]) -> bool:
    """Return whether an account's contacts have an event after a run with these counts."""
    return not request.dry_run and (request.emit_unchanged or any(counts[state] for state in _CHANGED))


def _report_accounts(
    task: BaseOperator, request: SyncRequest, accounts: Sequence[RunLineage], context: Context
) -> None:
    """Do the same for each of many accounts; an AssetAlias among the outlets has an event of each."""
    told = {each.contacts.uri: each.counts for each in accounts if each.counts and _has_event(request, each.counts)}
    task.outlets = [each for each in task.outlets if not is_contacts(each) or str(getattr(each, "uri", "")) in told]
    for outlet in task.outlets:
        if is_contacts(outlet):
            context["outlet_events"][outlet].extra.update(told[str(getattr(outlet, "uri", ""))])
        elif isinstance(outlet, AssetAlias):
            for uri, counts in told.items():
                context["outlet_events"][outlet].add(Asset(uri=uri), extra=dict(counts))


def _warn_of_another_account(outlet: object, record: RunRecord | None) -> None:
    """Log a warning where an outlet stands for the contacts of an account that the task does not write to."""
    uri, own = str(getattr(outlet, "uri", "")), record and record.lineage.contacts.uri
    if own and uri != own:
        log.warning(
            "The task has the outlet %s, but writes to the account of %s. Write the outlet with the account's location "
            "id: OpenLineage and all DAGs know its contacts by that URI.",
            uri,
            own,
        )


def _source_tables(record: RunRecord | None) -> Iterator[Asset]:
    if not record:
        return
    run = record.lineage
    for table in run.query().tables:
        with suppress(ValueError):  # another provider may not accept this URI of its database
            yield Asset(uri=run.source.table(table).uri)
