"""A dry run, after its plan has ended: what it would do is counted, and told in the log and in the report."""

from __future__ import annotations

from leadway_provider.operators.account import Account
from leadway_provider.operators.plan_to import PlanOutput
from leadway_provider.operators.report import Report
from leadway_provider.printable import printable_log
from leadway_provider.store.state import SyncRun
from leadway_provider.sync.cancel import CancelToken
from leadway_provider.sync.dry_run import DryRunFigures
from leadway_provider.sync.findings import Plan
from leadway_provider.sync.plan_entry import plan_entry
from leadway_provider.sync.request import SyncRequest
from leadway_provider.sync.seen import is_set
from leadway_provider.words import counted, duration_text

log = printable_log(__name__)


def tell_dry_run(
    request: SyncRequest,
    run: SyncRun,
    planned: Plan,
    account: Account,
    *,
    output: PlanOutput,
    cancel_token: CancelToken,
) -> Report:
    """Count what a dry run would do, write it row by row, log it, and return it as the report has it.

    Args:
        request: what is asked for.
        run: the dry run, which has ended.
        planned: what its plan found.
        account: the account, for its quota.
        output: where the plan is written.
        cancel_token: ends this between two pages of rows.

    Raises:
        ConfigurationError: the plan can't be written.
        SourceUnavailableError: the database that it is written to is out of reach.
        StateUnavailableError: the state store could not be read.
    """

    def is_missing(row_id: int) -> bool:
        return is_set(planned.missing, row_id)

    figures = DryRunFigures(run.columns(), request.removal, on_match=request.on_match)
    with output.open() as write:
        for effects in run.effects(is_missing):
            cancel_token.raise_if_cancelled()
            counted_rows = figures.add(effects)
            write([plan_entry(each, figures.columns, with_values=request.plan_values) for each in counted_rows])
    found = figures.report(account.granted_quota)
    log.info(
        "Would create %s, update %s and treat %s",
        counted(int(found["creates"]), "contact"),
        counted(int(found["updates"]), "contact"),
        counted(int(found["removals"]), "departed row"),
    )
    if "lookups" in found:
        log.info("Would look up the contacts of %s first, and skip or send each", counted(int(found["lookups"]), "row"))
    if figures.fields:
        log.info("By field: %s", ", ".join(f"{name} {rows:,}" for name, rows in figures.fields.most_common()))
    days = found.get("days_needed")
    log.info(
        "That needs %s: %s at full speed, %s",
        counted(int(found["calls_needed"]), "call"),
        duration_text(found["seconds_needed"]),
        "on an unknown number of days" if days is None else f"within the quota of {counted(int(days), 'day')}",
    )
    return {**found}
