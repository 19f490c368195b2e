"""`make up`: a local Airflow with the example DAGs, the sample warehouse and a local Leadway, until Ctrl-C."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from demo.processes import ProcessGroups
from demo.stage import REPOSITORY, Leadway, Stage, StageError
from demo.standalone import Standalone


def main() -> int:
    """Start everything, tell where it is and end it when asked to."""
    console = Console(highlight=False)
    stage = Stage(REPOSITORY / ".up")
    try:
        with ProcessGroups() as processes:
            _serve(console, stage, processes)
    except KeyboardInterrupt:
        console.print("\nEnded. Nothing is left running.")
    except StageError as error:
        console.print(f"[red]{escape(str(error))}[/red]")
        return 1
    return 0


def _serve(console: Console, stage: Stage, processes: ProcessGroups) -> None:
    rows = stage.clear()
    leadway = Leadway(processes, stage.log)
    environment = stage.environment(leadway.url) | {"AIRFLOW__CORE__TEST_CONNECTION": "Enabled"}
    airflow = Standalone(processes, environment, stage.log, port=8080)
    with console.status("Airflow starts, which takes about a minute …"):
        airflow.wait_until_healthy()
    console.print(f"[bold]Airflow[/bold]    {airflow.url}  (no login; switch on warehouse_to_leadway)")
    console.print(f"[bold]Leadway[/bold]    {leadway.url}  (the contacts it holds)")
    console.print(
        f"[bold]Warehouse[/bold]  {_shown(stage.warehouse)}  ({rows:,} rows in the table customers: change some)"
    )
    console.print(f"[bold]Log[/bold]        {_shown(stage.log)}\n\nCtrl-C ends all of it.")
    airflow.wait()
    raise StageError(f"Airflow ended by itself; {stage.log} tells why.")


def _shown(path: Path) -> Path:
    return path.relative_to(REPOSITORY)


if __name__ == "__main__":
    sys.exit(main())
