"""`make demo`: two runs of the example DAG in a real Airflow, from a messy warehouse to a local Leadway."""

from __future__ import annotations

import json
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.markup import escape

from demo.dag_runs import DAG_FILE
from demo.history import history, some_key
from demo.lineage import lineage_table
from demo.processes import ProcessGroups
from demo.progress import RunProgress
from demo.report import outcome_table, reasons_table
from demo.stage import REPOSITORY, REQUESTS_A_SECOND, Leadway, Stage, StageError

_HEADINGS = (
    f"First run of {DAG_FILE.relative_to(REPOSITORY)}: everything is new",
    "Second run: nothing has changed in the warehouse",
)
_UPDATE_EVERY = 0.2
"""Seconds between two updates of the progress."""
_REASONS_OF_EACH_KIND = 4
_FIELD = "tags"
"""A field that the query makes with an expression."""


def main() -> int:
    """Run the demo and return the exit status."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 100)
    stage = Stage(REPOSITORY / ".demo")
    began_at = time.monotonic()
    try:
        with ProcessGroups() as processes:
            _demonstrate(console, stage, processes)
    except KeyboardInterrupt:
        console.print("\nInterrupted. No process is left running.")
        return 130
    except StageError as error:
        console.print(f"\n[red]{escape(str(error))}[/red]")
        return 1
    _print_further_steps(console, stage, time.monotonic() - began_at)
    return 0


def _demonstrate(console: Console, stage: Stage, processes: ProcessGroups) -> None:
    console.print("[bold]leadway-provider[/bold]: warehouse → Airflow → Leadway, all on this machine\n")
    rows = stage.clear()
    _done(console, f"a SQLite warehouse: {rows:,} rows of customers, some of them messy", stage.warehouse)
    leadway = Leadway(processes, stage.log)
    _done(console, f"a local Leadway: it grants {REQUESTS_A_SECOND} requests a second", leadway.url)
    environment = stage.connected_environment(leadway.url)
    airflow = processes.start_piped([sys.executable, "-m", "demo.dag_runs"], environment, stage.log)
    with console.status("an Airflow home …"):
        ready = next_line(airflow, stage.log)
    _done(console, f"an Airflow {ready['airflow']} home: connections, database", stage.airflow_home)

    reports: list[dict[str, Any]] = []
    for number, heading in enumerate(_HEADINGS, start=1):
        console.print(f"\n[bold]{heading}[/bold]")
        with RunProgress(console, stage.state, number) as progress:
            over = next_line(airflow, stage.log, progress.update)
        if over["state"] != "success":
            raise StageError(f"The run ended as {over['state']}; see {stage.log}.")
        reports.append(over["report"])
        console.print(outcome_table(reports))
        if number == 1:
            console.print("\n[bold]Some reasons, by key[/bold]")
            console.print(reasons_table(stage.state, _REASONS_OF_EACH_KIND))
    console.print(f"\n[bold]Where the field {_FIELD} comes from, according to the OpenLineage events[/bold]")
    console.print(lineage_table(stage.lineage, _FIELD))
    key = some_key(stage.state)
    console.print(f"\n[bold]The history of one contact: leadway trace --key {key}[/bold]")
    console.print(history(key, environment), markup=False, soft_wrap=True)
    _print_statistics(console, leadway.statistics(), asset_events=over["asset_events"])


def next_line(airflow: IO[str], log: Path, meanwhile: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Return the next line of the demo's Airflow. Until there is one, `meanwhile` is called a few times a second."""
    while not select.select([airflow], [], [], _UPDATE_EVERY)[0]:
        meanwhile()
    if not (line := airflow.readline()):
        raise StageError(f"Airflow ended unexpectedly; see {log}.")
    document: dict[str, Any] = json.loads(line)
    return document


def _done(console: Console, what: str, where: Path | str) -> None:
    shown = where.relative_to(REPOSITORY) if isinstance(where, Path) else where
    console.print(f"[green]✓[/green] {what:<62} [dim]{shown}[/dim]", soft_wrap=True)


def _print_statistics(console: Console, counted: dict[str, Any], *, asset_events: int) -> None:
    contacts = sum(counted["contacts"].values())
    refused = counted["statuses"].get("429", 0)
    console.print("\n[bold]Counted by the others[/bold]")
    console.print(
        f"  Leadway   {contacts:,} contacts, {counted['calls']:,} calls, at most {counted['mostInFlight']} at a time, "
        f"{refused:,} of them beyond the quota"
    )
    console.print(f"  Airflow   Asset events that can start other DAGs: {asset_events}")


def _print_further_steps(console: Console, stage: Stage, seconds: float) -> None:
    folder = stage.folder.relative_to(REPOSITORY)
    console.print("\n[bold]What to look at next[/bold]")
    for where, what in (
        (f"{DAG_FILE.relative_to(REPOSITORY)}", "the DAG: copy it, change the query"),
        (f"{stage.state.relative_to(REPOSITORY)}", "outcome and reasons of every row: table leadway_row"),
        (f"{stage.lineage.relative_to(REPOSITORY)}", "the runs' OpenLineage events, with the sources of every field"),
        (f"{stage.log.relative_to(REPOSITORY)}", "Airflow's output"),
        ("make up", "the same in Airflow's UI"),
    ):
        console.print(f"  {where:<34} {what}", soft_wrap=True)
    console.print(f"\n{seconds:.0f} seconds. No process is left running, and no file outside {folder}/.")


if __name__ == "__main__":
    sys.exit(main())
