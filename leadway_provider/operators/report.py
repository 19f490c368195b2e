"""What a run reports: the counts and reasons in words, and whether they are a success."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from leadway_provider.contacts.contact import Reason
from leadway_provider.contacts.mapping import ContactMapping, MappedColumn
from leadway_provider.exceptions import LeadwayError
from leadway_provider.links.leadway import run_url
from leadway_provider.printable import brief, printable_log
from leadway_provider.store.carry import Sealed
from leadway_provider.store.rejection import RejectedRow
from leadway_provider.store.state import SyncRun
from leadway_provider.store.waiting import WaitingRows
from leadway_provider.sync.findings import Plan, UnkeyedRow
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.request import SyncIdentity, SyncRequest
from leadway_provider.sync.sample import SampleFindings
from leadway_provider.sync.verification import Verification
from leadway_provider.words import counted, duration_text, time_text

log = printable_log(__name__)

Report = dict[str, int | float | str]

_FIRST_REJECTED = 5
_FIRST_KEYS = 5
_LONG = timedelta(days=1)
_SHORT = 60.0


class FailedRunError(LeadwayError):
    """The run is over and counts as failed: everything that could be delivered was.

    Attributes:
        report: the run's report.
    """

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


class TooManyRejectedError(FailedRunError):
    """More rows were rejected than the task allows."""


def log_mapping(request: SyncRequest, sync: SyncIdentity, run_id: str, mapping: ContactMapping) -> None:
    """Log which columns feed which fields of which account."""
    log.info(
        "Sync %s, run %s: %s feeds contacts of location %s by key %s: %s",
        sync.name,
        run_id,
        f"connection {request.sql_conn_id}" if request.sql_conn_id else "the task's function",
        sync.location_id,
        ", ".join(request.key_columns),
        ", ".join(_fed(each) for each in mapping.columns),
    )


def log_plan(run_id: str, plan: Plan, as_of: datetime | None, key: Sequence[str]) -> None:
    """Log what a plan found."""
    log.info("Planned run %s: %s", run_id, in_words(plan.counts))
    if plan.compared_again:
        log.info(
            "Compared again: %s whose values, mapping or account settings changed, but not the contact that it becomes",
            counted(plan.compared_again, "unchanged row"),
        )
    if repeated := plan.repeated.rows:
        log.warning(
            "Repeated keys: %s of %s with the key of another row. Of all rows with one key only the last counts. Is "
            "the key (%s) unique, and does no JOIN multiply its rows? The keys with the most rows: %s",
            f"{repeated:,}",
            counted(plan.counts["read"], "row"),
            ", ".join(key),
            ", ".join(
                f"{brief(source_key)} ({counted(rows, 'row')})"
                for source_key, rows in plan.repeated.most_common(_FIRST_KEYS)
            ),
        )
    if plan.forgotten:
        log.info(
            "Skipped %s: their keys were forgotten with `leadway forget`, so they are left alone (forgotten)",
            counted(plan.forgotten, "row"),
        )
    if plan.too_few:
        read, with_contact = plan.too_few
        log.warning(
            "The query returned %s of this sync, less than half of the %s that have a contact, so this run counts as a "
            "partial read: no row has departed, and no e-mail or phone passes to another row. If the query reads only "
            "what changed, set incremental=True.",
            counted(read, "row"),
            counted(with_contact, "row"),
        )
    if plan.older and as_of:
        log.warning(
            "Left as a run for a newer data interval has them: %s, since this one is as of %s; allow_older=True would "
            "send them",
            counted(plan.older, "changed row"),
            time_text(as_of),
        )
    for problem in plan.problems:
        reason = problem.reason
        log.info(
            "In %s, first key %s: %s (%s)",
            counted(problem.rows, "row"),
            brief(problem.first_key),
            _sentence(reason),
            reason.code,
        )


def log_sealed(sealed: Sealed) -> None:
    """Log what became of rows that earlier runs had left in the outbox."""
    if sealed.carried:
        log.info("Carried: %s that earlier runs left, delivered with this run", counted(sealed.carried, "row"))
    for dropped in sealed.dropped:
        log.warning(
            "Dropped and not delivered: %s that run %s left, planned from another source: %s",
            counted(dropped.rows, "row"),
            dropped.run_id,
            dropped.origin,
        )


def log_waiting(waiting: Sequence[WaitingRows], now: datetime) -> None:
    """Log how many rows wait in the outbox after the run, since when and why; a day is worth a warning."""
    for rows in waiting:
        level = logging.WARNING if now - rows.since >= _LONG else logging.INFO
        wait = "waits" if rows.rows == 1 else "wait"
        log.log(level, "%s %s since %s: %s", counted(rows.rows, "row"), wait, time_text(rows.since), rows.why)


def log_where_to_look(run_id: str) -> None:
    """Log where a person finds what became of every row, however the run ended."""
    log.info("Every row of this run: %s", run_url(run_id))


def log_rejected(run: SyncRun, rejected: int, unkeyed: Sequence[UnkeyedRow]) -> None:
    """Log how many rows are rejected, and the first of those that the run before did not reject, each with its reasons.

    Rows that are rejected in every run are counted only, so that a new one is seen among them.
    """
    if not rejected:
        return
    found = run.rejected(_FIRST_REJECTED)
    old = found.rows - found.new
    new = [*map(_unkeyed_in_words, unkeyed), *map(_in_words, found.first[: found.new])][:_FIRST_REJECTED]
    if not new:
        log.warning("%s rejected, as in earlier runs: %s", counted(rejected, "row"), rejected_command(run.id))
        return
    of_them = f", {rejected - old:,} of them not in earlier runs" if old else ""
    log.warning("%s rejected%s", counted(rejected, "row"), of_them)
    for row in new:
        log.warning("Rejected: %s", row)
    if more := rejected - len(new):
        log.warning("… and %s more: %s", f"{more:,}", rejected_command(run.id))


def deferral_in_words(reason: str, until: datetime, now: datetime, counts: Mapping[str, int]) -> str:
    """Return why a task leaves its worker slot, how far its run is, and when it continues."""
    done = sum(counts.get(state, 0) for state in RowState if state.phase == "deliver")
    left = counts.get(RowState.PENDING, 0)
    so_far = f" Delivered so far: {counted(done, 'row')}; left: {counted(left, 'row')}." if done or left else ""
    return (
        f"{reason}{so_far} The task leaves its worker slot and continues in {duration_text(until - now)}, at "
        f"{time_text(until)}."
    )


def report_of(run: SyncRun, counts: Counts, *, watermark: datetime | None = None) -> Report:
    """Return the run's report, after a check that the outcomes add up, and log it.

    Raises:
        AccountingError: the outcomes don't add up to the rows read.
    """
    counts.verify()
    calls, seconds = run.totals()
    log.info("Run %s: %s; %s in %s", run.id, in_words(counts), counted(calls, "call"), _took(seconds))
    report: Report = {**counts, "calls": calls, "seconds": round(seconds, 3), "run_id": run.id}
    report |= _compared(run.comparison(), counts)
    if watermark is not None:
        log.info("The sync has read its source up to %s", time_text(watermark))
        report["watermark"] = watermark.isoformat()
    return report


def _compared(found: Mapping[str, Any], counts: Counts) -> Report:
    """Return what a comparison with the account found beside the counts, as the report has it."""
    verified = Verification.of_run(found, counts)
    report: Report = {f"drifted.{name}": rows for name, rows in found.get("drifted_by_field", {}).items()}
    report |= {name: found[name] for name in ("contacts", "unmatched", "believed") if name in found}
    if (sample := SampleFindings.of_run(found)) is not None:
        report |= sample.report()
    if verified is not None:
        report["verified_at"] = verified.verified_at.isoformat()
        report["verified_rows"], report["verified_hash"] = verified.rows, verified.hash
    return report


def judge(request: SyncRequest, counts: Counts, report: Report) -> None:
    """Check that not more rows were rejected than the task allows.

    Raises:
        TooManyRejectedError: more were.
    """
    if counts.rejected <= request.max_rejected_of(counts["read"]):
        return
    kinds = {
        "invalid": counts[RowState.INVALID],
        "refused by the API": counts[RowState.REFUSED],
        "departed, whose contact the API refused to change": counts[RowState.UNREMOVED],
    }
    parts = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items() if number)
    others = "This is a dry run: nothing was sent." if request.dry_run else "All other rows were delivered."
    advice = ""
    if request.max_rejected == 0:
        advice = (
            " By default no row may be rejected: once you know these, allow for some, by a number of rows or a share "
            "such as max_rejected=0.05."
        )
    raise TooManyRejectedError(
        f"{counts.rejected:,} of {counted(counts['read'], 'row')} rejected ({parts}), and max_rejected is "
        f"{request.max_rejected}. {others} Which rows, and why: {rejected_command(str(report['run_id']))}.{advice}",
        report,
    )


def in_words(counts: Mapping[str, int]) -> str:
    """Return the counts that are not zero, as one line."""
    return ", ".join(f"{number:,} {name}" for name, number in counts.items() if number or name == "read")


def _fed(column: MappedColumn) -> str:
    """Return which column, or constant, feeds which field; a column that has the field's name stands for both."""
    if column.column is None:
        return f"a constant → {column.target}"
    return column.target if column.column == column.target else f"{column.column} → {column.target}"


def _took(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < _SHORT else duration_text(seconds)


def rejected_command(run_id: str) -> str:
    """Return the command that lists the rejected rows of a run."""
    return f"`leadway rejected --run {run_id}`"


def _in_words(row: RejectedRow) -> str:
    return f"key {brief(row.source_key)} ({row.outcome}): {'; '.join(map(_sentence, row.reasons))}"


def _unkeyed_in_words(row: UnkeyedRow) -> str:
    return f"row {row.number:,} of the result ({RowState.INVALID}): {row.reason.message}"


def _sentence(reason: Reason) -> str:
    return f"{reason.field}: {reason.message}" if reason.field else reason.message
