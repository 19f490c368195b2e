"""The result of a run for a person: counts, and reasons by key, without values of contacts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from leadway_provider.store.reading.reader import StateReader
from leadway_provider.store.reading.rows import RowSummary

_OUTCOMES = {
    "unchanged": "not sent: the CRM has acknowledged the same before",
    "invalid": "not sent: it can't become a contact",
    "superseded": "not sent: another row stands for it",
    "created": "the CRM created a contact",
    "updated": "the CRM changed an existing contact",
    "refused": "the CRM refused it",
    "unknown": "sent, but the answer was lost, and it is not safe to send it again",
    "pending": "not sent yet",
}
_REMARKS = {
    "withheld": "sent without a value that the API would refuse or misread",
    "not_kept": "the CRM's answer shows another value than the one that was sent",
    "collisions": "written to the contact of another key",
}


class Remark(NamedTuple):
    """A reason or remark of a row, with its kind and a sentence."""

    source_key: str
    kind: str
    sentence: str


def outcome_table(reports: Sequence[Mapping[str, int | float | str]]) -> Table:
    """Return a table with a column of numbers for each run, and the meaning of each number."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("")
    for number in range(1, len(reports) + 1):
        table.add_column(f"run {number}", justify="right")
    table.add_column("")

    def add(name: str, meaning: str, style: str = "") -> None:
        counts = [int(report[name]) for report in reports]
        table.add_row(name, *(f"{count:,}" for count in counts), meaning, style=style if any(counts) else "dim")

    for name, meaning in _OUTCOMES.items():
        add(name, meaning, {"created": "green", "updated": "green", "invalid": "yellow"}.get(name, ""))
    add("read", "rows; each has exactly one of the outcomes above", "bold")
    table.add_row()
    for name, meaning in _REMARKS.items():
        add(name, meaning)
    table.add_row()
    add("calls", "requests to the API")
    table.add_row("seconds", *(f"{report['seconds']:,.1f}" for report in reports), "for the sync itself")
    return table


def reasons_table(state: Path, each: int) -> Table:
    """Return a table of a few rows that a person may want to correct, each for another reason.

    Args:
        state: the state store's SQLite file.
        each: the most rows of one kind.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    examples: dict[tuple[str, str], Remark] = {}
    for remark in _remarks(state):
        sentence = "" if remark.kind == "collision" else remark.sentence
        examples.setdefault((remark.kind, sentence), remark)
    for kind in ("invalid", "refused", "withheld", "not_kept", "collision"):
        for remark in [remark for remark in examples.values() if remark.kind == kind][:each]:
            table.add_row(*remark)
    return table


def _remarks(state: Path) -> Iterator[Remark]:
    reader = StateReader.open_file(state)
    [sync] = reader.syncs().known()
    rows = reader.rows_of_sync(sync.id)
    for each in rows.by_reason():
        for row in rows.page(each.outcome, code=each.code).records:
            yield from _remarks_of(row)


def _remarks_of(row: RowSummary) -> Iterator[Remark]:
    for kind, reasons in ((row.outcome, row.reasons), ("withheld", row.withheld), ("not_kept", row.not_kept)):
        if len(reasons) == 1:  # a row with more than one reason makes a poor example
            yield Remark(row.source_key, kind, f"{reasons[0].field}: {reasons[0].message}")
    if row.collision is not None:
        yield Remark(row.source_key, "collision", f"It was written to the contact of {row.collision}.")
