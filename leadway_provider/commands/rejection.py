"""The rejected rows of a sync, or of one of its runs: read, and written as text and as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from leadway_provider.commands.layout import fact_lines, listed, printed, reason_words, sync_json
from leadway_provider.contacts.contact import Reason
from leadway_provider.printable import spreadsheet_cell
from leadway_provider.store.reading.page import every_record
from leadway_provider.store.reading.plan import PlanReader, PlanRow
from leadway_provider.store.reading.reader import StateReader
from leadway_provider.store.reading.rows import RowReader, RowSummary
from leadway_provider.store.reading.runs import RunSummary
from leadway_provider.store.reading.syncs import SyncRecord
from leadway_provider.sync.outcome import REJECTED, RowState
from leadway_provider.words import counted, time_text

_CSV_COLUMNS: Final = (
    *("sync", "host", "location_id"),
    *("source_key", "outcome", "since", "run_id", "contact_id", "tries_left"),
    *("field", "code", "message"),
)


@dataclass(frozen=True, slots=True)
class ListedRejection:
    """A row that is rejected.

    Attributes:
        source_key: its key in the source.
        outcome: invalid, refused or unremoved.
        reasons: why.
        run_id: the run that found it.
        since: since when; None in a plan that was not sealed.
        contact_id: its contact, or None.
        tries_left: how many more runs try it again although it does not change; None where no run does that.
    """

    source_key: str
    outcome: RowState
    reasons: tuple[Reason, ...]
    run_id: str
    since: datetime | None = None
    contact_id: str | None = None
    tries_left: int | None = None


@dataclass(frozen=True, slots=True)
class Rejections:
    """The rejected rows of a sync.

    Attributes:
        sync: the sync.
        run: only what this run found; None for whatever is rejected now.
        counts: how many rows, by outcome and reason code; a row with several reasons is counted once for each.
        rows: how many rows, by outcome.
        shown: those rows that are shown.
    """

    sync: SyncRecord
    run: RunSummary | None
    counts: Mapping[tuple[RowState, str], int]
    rows: Mapping[RowState, int]
    shown: Sequence[ListedRejection]


def rejections(
    reader: StateReader,
    sync: SyncRecord,
    *,
    run_id: str | None = None,
    last_run: bool = False,
    code: str | None = None,
    limit: int | None = None,
) -> Rejections:
    """Return the rejected rows of a sync.

    Args:
        reader: the state store.
        sync: the sync.
        run_id: only what this run found.
        last_run: only what the sync's last run found.
        code: only rows with this reason.
        limit: the most rows that are shown; None for all.
    """
    run = reader.runs().one(run_id) if run_id else None
    if last_run:
        run = next(iter(reader.runs().of_sync(sync.id, limit=1).records), None)
    if run and run.sealed_at is None:
        return _of_plan(reader.plan_of_run(run.id), sync, run, code, limit)
    return _of_rows(reader.rows_of_run(run.id) if run else reader.rows_of_sync(sync.id), sync, run, code, limit)


def as_text(found: Sequence[Rejections]) -> str:
    """Return plain text of at most 100 columns, except where a single name is longer."""
    return "\n\n".join(printed(_lines(each)) for each in found)


def as_json(found: Rejections) -> dict[str, Any]:
    """Return the same as plain facts; times are in ISO 8601."""
    return {
        **sync_json(found.sync),
        "run": found.run.id if found.run else None,
        "rejected": dict(found.rows),
        "reasons": [{"outcome": state, "code": code, "rows": rows} for (state, code), rows in found.counts.items()],
        "rows": [asdict(row) | {"since": row.since.isoformat() if row.since else None} for row in found.shown],
    }


def as_csv(found: Sequence[Rejections]) -> str:
    """Return CSV with a header; no cell is a formula to a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for each in found:
        for row in each.shown:
            for reason in row.reasons or (None,):
                writer.writerow(map(_cell, _values(each.sync, row, reason)))
    return text.getvalue()


def _of_rows(
    reader: RowReader, sync: SyncRecord, run: RunSummary | None, code: str | None, limit: int | None
) -> Rejections:
    counts = {
        (each.outcome, each.code): each.rows
        for outcome in REJECTED
        for each in reader.by_reason(outcome)
        if code in {None, each.code}
    }
    rows = reader.by_outcome() if code is None else {outcome: number for (outcome, _), number in counts.items()}
    shown = list(islice(_every_row(reader, code), limit))
    left = reader.tries_left(shown)
    return Rejections(
        sync,
        run,
        counts,
        {outcome: rows[outcome] for outcome in REJECTED if rows.get(outcome)},
        [
            ListedRejection(
                row.source_key, row.outcome, row.reasons, row.run_id, row.updated_at, row.contact_id, left.get(row.id)
            )
            for row in shown
        ],
    )


def _every_row(reader: RowReader, code: str | None) -> Iterator[RowSummary]:
    for outcome in REJECTED:
        yield from every_record(
            lambda cursor, outcome=outcome: reader.page(outcome, code=code, cursor=cursor)  # type: ignore[misc]  # mypy can't infer a lambda with a default
        )


def _of_plan(reader: PlanReader, sync: SyncRecord, run: RunSummary, code: str | None, limit: int | None) -> Rejections:
    """Return what a dry run found, or a plan that is not complete."""
    found: list[PlanRow] = [
        row
        for row in every_record(lambda cursor: reader.page(RowState.INVALID, cursor=cursor))
        if code is None or code in {reason.code for reason in row.reasons}
    ]
    codes = ((row.outcome, each) for row in found for each in {reason.code for reason in row.reasons})
    shown = [ListedRejection(row.source_key, row.outcome, row.reasons, run.id) for row in found[:limit]]
    return Rejections(sync, run, Counter(codes), Counter(row.outcome for row in found), shown)


def _lines(found: Rejections) -> Iterator[str]:
    yield f"Sync {found.sync.name}"
    yield from fact_lines("account", [f"{found.sync.location_id} at {found.sync.host}"])
    if found.run:
        yield from fact_lines("run", [f"{found.run.id}, began {time_text(found.run.started_at)}"])
    yield from fact_lines("rejected", listed(_numbers(found.rows.items())) or ["no row"])
    for (outcome, code), rows in sorted(found.counts.items(), key=lambda each: (-each[1], each[0])):
        yield from fact_lines(outcome, [f"{rows:,} {code}"], indent=4)
    for row in found.shown:
        yield ""
        yield from _row_lines(row)
    if more := sum(found.rows.values()) - len(found.shown):
        yield ""
        are = "is" if more == 1 else "are"
        yield f"{counted(more, 'more row')} {are} not shown: --limit shows more, and --csv shows all."


def _row_lines(row: ListedRejection) -> Iterator[str]:
    since = f" since {time_text(row.since)}" if row.since else ""
    yield f"  {row.source_key}  {row.outcome}{since}"
    for reason in row.reasons:
        yield from fact_lines("because", reason_words(reason), indent=4)
    if row.contact_id:
        yield from fact_lines("contact", [row.contact_id], indent=4)
    if row.outcome is RowState.REFUSED:
        yield from fact_lines("next", _next(row.tries_left).split(), indent=4)


def _next(tries_left: int | None) -> str:
    if not tries_left:
        return "it is not sent again until it changes"
    return "1 more run tries it again" if tries_left == 1 else f"{tries_left} more runs try it again"


def _numbers(rows: Iterable[tuple[RowState, int]]) -> Iterator[str]:
    return (f"{number:,} {outcome}" for outcome, number in rows)


def _values(sync: SyncRecord, row: ListedRejection, reason: Reason | None) -> tuple[object, ...]:
    """Return the values of `_CSV_COLUMNS`."""
    return (
        *sync_json(sync).values(),
        *(row.source_key, row.outcome),
        *(row.since.isoformat() if row.since else None, row.run_id, row.contact_id, row.tries_left),
        *((reason.field, reason.code, reason.message) if reason else (None,) * 3),
    )


def _cell(value: object) -> object:
    return spreadsheet_cell(value) if isinstance(value, str) else value
