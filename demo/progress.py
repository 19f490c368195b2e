"""The progress of a run, read from the state store."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_PRINT_EVERY = 5.0
"""Seconds between two lines, where the output is not a terminal."""


class RunState(NamedTuple):
    """The state of a run: whether its plan is complete, and the number of rows in its outbox."""

    delivering: bool
    left: int


class RunProgress:
    """Shows a bar on a terminal until the run is over; elsewhere a line every few seconds.

    Args:
        console: where it is shown.
        state: the state store's SQLite file, which need not exist yet.
        number: the run of the sync that is shown, counted from 1.
    """

    def __init__(self, console: Console, state: Path, number: int) -> None:
        self._console = console
        self._state = state
        self._number = number
        self._total: int | None = None
        self._printed_at = 0.0
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
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the bar."""
        self._bar.stop()

    def update(self) -> None:
        """Read the state store and show the progress."""
        run = self._run()
        if run is None:
            return
        if not run.delivering:
            self._bar.update(self._task, description="comparing rows")
            return
        if self._total is None:
            self._total, self._printed_at = run.left, time.monotonic()
        done = self._total - run.left
        self._bar.update(self._task, description="delivering", total=self._total, completed=done)
        if not self._console.is_terminal and self._total and time.monotonic() - self._printed_at >= _PRINT_EVERY:
            self._printed_at = time.monotonic()
            self._console.print(f"  {done:,} of {self._total:,} rows delivered ({done / self._total:.0%})")

    def _run(self) -> RunState | None:
        try:
            with closing(sqlite3.connect(f"file:{self._state}?mode=ro", uri=True)) as database:
                found = database.execute(
                    "SELECT sealed_at IS NOT NULL, (SELECT count(*) FROM leadway_outbox WHERE run_id = leadway_run.id)"
                    " FROM leadway_run ORDER BY started_at LIMIT 1 OFFSET ?",
                    [self._number - 1],
                ).fetchone()
        except sqlite3.OperationalError:
            return None  # the first run creates the store a little later
        return RunState(bool(found[0]), found[1]) if found else None
