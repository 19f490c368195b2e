"""How far a run is while it goes on, as the state store tells."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_TELL_EVERY = 5.0


class Standing(NamedTuple):
    """Where the newest run stands: whether its plan is complete, and how many rows its outbox holds."""

    delivering: bool
    left: int


class RunProgress:
    """A bar on a terminal, which goes when the run is over; elsewhere a line every few seconds.

    Args:
        console: what is written to.
        state: the state store's SQLite file, which need not exist yet.
        number: which run of the sync is shown, from 1.
    """

    def __init__(self, console: Console, state: Path, number: int) -> None:
        self._console = console
        self._state = state
        self._number = number
        self._total: int | None = None
        self._told_at = 0.0
        self._bar = Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("Airflow starts the task", total=None)

    def __enter__(self) -> Self:
        """Begin to show."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def look(self) -> None:
        """Look at the state store and show what has changed."""
        standing = self._standing()
        if standing is None:
            return
        if not standing.delivering:
            self._bar.update(self._task, description="comparing rows")
            return
        if self._total is None:
            self._total, self._told_at = standing.left, time.monotonic()
        done = self._total - standing.left
        self._bar.update(self._task, description="delivering", total=self._total, completed=done)
        if not self._console.is_terminal and self._total and time.monotonic() - self._told_at >= _TELL_EVERY:
            self._told_at = time.monotonic()
            self._console.print(f"  {done:,} of {self._total:,} rows delivered ({done / self._total:.0%})")

    def _standing(self) -> Standing | None:
        try:
            with closing(sqlite3.connect(f"file:{self._state}?mode=ro", uri=True)) as database:
                found = database.execute(
                    "SELECT sealed_at IS NOT NULL, (SELECT count(*) FROM leadway_outbox WHERE run_id = leadway_run.id)"
                    " FROM leadway_run ORDER BY started_at LIMIT 1 OFFSET ?",
                    [self._number - 1],
                ).fetchone()
        except sqlite3.OperationalError:
            return None  # the store is made by the first run, a little later
        return Standing(bool(found[0]), found[1]) if found else None
