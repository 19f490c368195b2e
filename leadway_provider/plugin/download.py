"""Rejected rows as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import partial

from leadway_provider.plugin.listing import ListedRow, ListedRows, rows_of
from leadway_provider.plugin.visit import OpenState
from leadway_provider.printable import spreadsheet_cell
from leadway_provider.store.reading.page import MOST_RECORDS, Page, every_record
from leadway_provider.store.reading.runs import RunSummary
from leadway_provider.sync.outcome import REJECTED, RowState


def rejected_lines(open_state: OpenState, run: RunSummary) -> Iterator[str]:
    """Return the lines of a CSV file, read while it is sent: a line for each reason of a rejected row."""
    yield _line("source_key", "outcome", "field", "code", "reason")
    with open_state() as state:
        rows = rows_of(state, run)
        for outcome in REJECTED:
            for each in every_record(partial(_next_page, rows, outcome)):
                for reason in each.reasons:
                    yield _line(each.source_key, outcome, reason.field, reason.code, reason.message)


def _next_page(rows: ListedRows, outcome: RowState, cursor: str | None) -> Page[ListedRow]:
    return rows.page(outcome, code=None, cursor=cursor, limit=MOST_RECORDS)


def _line(*cells: str) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([spreadsheet_cell(cell) for cell in cells])
    return text.getvalue()
