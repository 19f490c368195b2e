"""`leadway state export`: print which contact each source key has, for a warehouse to load."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import typer

from leadway_provider.commands.layout import sync_json
from leadway_provider.commands.options import AsJsonLines, Location, StateConnId, SyncName
from leadway_provider.commands.screen import screen_of
from leadway_provider.commands.state import find_syncs, open_for_reading
from leadway_provider.printable import spreadsheet_cell

if TYPE_CHECKING:
    from leadway_provider.store.reading.reader import StateReader
    from leadway_provider.store.reading.syncs import SyncRecord

_COLUMNS: Final = (
    *("sync", "host", "location_id"),
    *("source_key", "contact_id", "outcome", "acknowledged", "since", "run_id"),
)
_PROGRESS_EVERY: Final = 1000


def export(
    context: typer.Context,
    *,
    sync: SyncName = None,
    location: Location = None,
    state_conn_id: StateConnId = None,
    as_json: AsJsonLines = False,
) -> None:
    """Print every row of the state: its source key, contact id, outcome and since when.

    As CSV, or as one JSON object a line. The state has no values of contacts, so none are printed.
    """
    screen = screen_of(context)
    with open_for_reading(state_conn_id) as reader, screen.counting("Exporting rows") as advance:
        syncs = find_syncs(reader, sync, location)
        screen.interrupts.left = "not all rows were printed"
        if not as_json:
            screen.write(_csv(_COLUMNS))
        number = 0
        for each in syncs:
            for row in _rows(reader, each):
                screen.write(f"{json.dumps(row)}\n" if as_json else _csv(row.values()))
                number += 1
                if number % _PROGRESS_EVERY == 0:
                    advance(number)


def _rows(reader: StateReader, sync: SyncRecord) -> Iterator[dict[str, Any]]:
    from leadway_provider.store.reading.page import every_record  # noqa: PLC0415 - other commands need none of this
    from leadway_provider.sync.outcome import RowState  # noqa: PLC0415 - the same

    rows = reader.rows_of_sync(sync.id)
    for state in RowState:
        for row in every_record(lambda cursor, state=state: rows.page(state, cursor=cursor, limit=1000)):  # type: ignore[misc]  # mypy can't infer a lambda with a default
            values = (row.source_key, row.contact_id, row.outcome.value, row.acknowledged, row.updated_at.isoformat())
            yield dict(zip(_COLUMNS, (*sync_json(sync).values(), *values, row.run_id), strict=True))


def _csv(values: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(
        spreadsheet_cell(value) if isinstance(value, str) else value for value in values
    )
    return text.getvalue()
