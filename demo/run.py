"""`make demo`: a messy warehouse, a local Leadway and the example DAG through real Airflow, twice."""

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
_LOOK_EVERY = 0.2
_REASONS_OF_EACH_KIND = 4
_FIELD = "tags"
"""One that the query makes with an expression."""


def main() -> int:
    """Play the demo; the exit status tells whether all of it went well."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 100)
    stage = Stage(REPOSITORY / ".demo")
    began_at = time.monotonic()
    try:
        with ProcessGroups() as processes:
            _play(console, stage, processes)
    except KeyboardInterrupt:
        console.print("\nInterrupted. Nothing is left running.")
        return 130
    except StageError as error:
        console.print(f"\n[red]{escape(str(error))}[/red]")
        return 1
    _say_goodbye(console, stage, time.monotonic() - began_at)
    return 0


def _play(console: Console, stage: Stage, processes: ProcessGroups) -> None:
    console.print("[bold]leadway-provider[/bold]: warehouse → Airflow → Leadway, all on this machine\n")
    rows = stage.clear()
    _done(console, f"a SQLite warehouse: {rows:,} rows of customers, some of them messy", stage.warehouse)
    leadway = Leadway(processes, stage.log)
    _done(console, f"a local Leadway: it grants {REQUESTS_A_SECOND} requests a second", leadway.url)
    environment = stage.environment(leadway.url)
    airflow = processes.converse([sys.executable, "-m", "demo.dag_runs"], environment, stage.log)
    with console.status("an Airflow home …"):
        ready = _next_line(airflow, stage.log, lambda: None)
    _done(console, f"an Airflow {ready['airflow']} home: connections, database", stage.airflow_home)

    reports: list[dict[str, Any]] = []
    for number, heading in enumerate(_HEADINGS, start=1):
        console.print(f"\n[bold]{heading}[/bold]")
        with RunProgress(console, stage.state, number) as progress:
            over = _next_line(airflow, stage.log, progress.look)
        if over["state"] != "success":
            raise StageError(f"The run ended as {over['state']}; {stage.log} tells why.")
        reports.append(over["report"])
        console.print(outcome_table(reports))
        if number == 1:
            console.print("\n[bold]Some reasons, by key[/bold]")
            console.print(reasons_table(stage.state, _REASONS_OF_EACH_KIND))
    console.print(f"\n[bold]Where the field {_FIELD} comes from, as OpenLineage was told[/bold]")
    console.print(lineage_table(stage.lineage, _FIELD))
    key = some_key(stage.state)
    console.print(f"\n[bold]The history of one contact: leadway trace --key {key}[/bold]")
    console.print(history(key, environment), markup=False, soft_wrap=True)
    _tell_facts(console, leadway.statistics(), asset_events=over["asset_events"])


def _next_line(airflow: IO[str], log: Path, meanwhile: Callable[[], None]) -> dict[str, Any]:
    """What the demo's Airflow tells next; until it does, `meanwhile` is called a few times a second."""
    while not select.select([airflow], [], [], _LOOK_EVERY)[0]:
        meanwhile()
    if not (line := airflow.readline()):
        raise StageError(f"Airflow ended unexpectedly; {log} tells why.")
    told: dict[str, Any] = json.loads(line)
    return told


def _done(console: Console, what: str, where: Path | str) -> None:
    shown = where.relative_to(REPOSITORY) if isinstance(where, Path) else where
    console.print(f"[green]✓[/green] {what:<62} [dim]{shown}[/dim]", soft_wrap=True)


def _tell_facts(console: Console, counted: dict[str, Any], *, asset_events: int) -> None:
    contacts = sum(counted["contacts"].values())
    refused = counted["statuses"].get("429", 0)
    console.print("\n[bold]What the others counted[/bold]")
    console.print(
        f"  Leadway   {contacts:,} contacts, {counted['calls']:,} calls, at most {counted['mostInFlight']} at a time, "
        f"{refused:,} beyond the quota"
    )
    console.print(f"  Airflow   Asset events for other DAGs to start on: {asset_events}")


def _say_goodbye(console: Console, stage: Stage, seconds: float) -> None:
    folder = stage.folder.relative_to(REPOSITORY)
    console.print("\n[bold]Look further[/bold]")
    for where, what in (
        (f"{DAG_FILE.relative_to(REPOSITORY)}", "the DAG: copy it, change the query"),
        (f"{stage.state.relative_to(REPOSITORY)}", "outcome and reasons of every row: table leadway_row"),
        (f"{stage.lineage.relative_to(REPOSITORY)}", "the runs' OpenLineage events: the same for every field"),
        (f"{stage.log.relative_to(REPOSITORY)}", "everything Airflow said"),
        ("make up", "the same in Airflow's UI"),
    ):
        console.print(f"  {where:<34} {what}", soft_wrap=True)
    console.print(f"\n{seconds:.0f} seconds. Nothing is left running, and nothing outside {folder}/.")


if __name__ == "__main__":
    sys.exit(main())
