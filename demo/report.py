"""What a run came to, for a person: counts, and reasons by key. No contact's values are among them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

_OUTCOMES = {
    "unchanged": "as the CRM acknowledged it before: not sent",
    "invalid": "can't be a contact: not sent",
    "superseded": "another row stands for it: not sent",
    "created": "the CRM made a new contact",
    "updated": "the CRM changed a contact it had",
    "refused": "the CRM said no",
    "unknown": "sent, the answer was lost, not safe to send again",
    "pending": "not reached yet",
}
_REMARKS = {
    "withheld": "sent without a value that the API would refuse",
    "not_kept": "the CRM's answer shows another value than was sent",
    "collisions": "landed on the contact of another key",
}


class Remark(NamedTuple):
    """One thing to say about a row."""

    source_key: str
    kind: str
    words: str


def outcome_table(reports: Sequence[Mapping[str, int | float | str]]) -> Table:
    """One column of numbers for each run, and what each number means."""
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
    add("read", "rows: each has exactly one of the outcomes above", "bold")
    table.add_row()
    for name, meaning in _REMARKS.items():
        add(name, meaning)
    table.add_row()
    add("calls", "requests to the API")
    table.add_row("seconds", *(f"{report['seconds']:,.1f}" for report in reports), "for the sync itself")
    return table


def reasons_table(state: Path, each: int) -> Table:
    """A few rows of each kind that a person may want to put right, no two for the same reason.

    Args:
        state: the state store's SQLite file.
        each: the most rows of one kind.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    found: dict[tuple[str, str], Remark] = {}
    for remark in _remarks(state):
        wording = "" if remark.kind == "collision" else remark.words
        found.setdefault((remark.kind, wording), remark)
    for kind in ("invalid", "refused", "withheld", "not_kept", "collision"):
        for remark in [remark for remark in found.values() if remark.kind == kind][:each]:
            table.add_row(*remark)
    return table


def _remarks(state: Path) -> Iterator[Remark]:
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT source_key, outcome, reasons, remarks FROM leadway_row ORDER BY id").fetchall()
    for key, outcome, reasons, remarks in rows:
        by_kind = {outcome: json.loads(reasons or "[]")} | json.loads(remarks or "{}")
        for kind, found in by_kind.items():
            if kind == "collision":
                yield Remark(key, kind, f"It landed on the contact of {found}.")
            elif len(found) == 1:  # a row with more than one reason makes a poor example
                yield Remark(key, kind, f"{found[0]['field']}: {found[0]['message']}")
