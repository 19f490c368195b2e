"""`make up`: a local Airflow with the example DAGs, the sample warehouse and a local Leadway, until Ctrl-C.

At the next start everything is as it was: the warehouse, Airflow's database, the state store, contacts and ports.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from demo.first_runs import begin_runs
from demo.ports import kept_port
from demo.processes import ProcessGroups
from demo.stage import REPOSITORY, Leadway, Stage, StageError
from demo.standalone import Standalone

_DAGS = REPOSITORY / "dags"
_FIRST_DAG = "warehouse_to_leadway"
SETTINGS = {
    "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
    # Airflow looks for new files every five minutes, unless it is told to do so more often.
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
}


def main() -> int:
    """Start everything, print the addresses, and end it at Ctrl-C."""
    console = Console(highlight=False, soft_wrap=True)
    stage = Stage(REPOSITORY / ".up")
    try:
        with ProcessGroups() as processes:
            _serve(console, stage, processes)
    except KeyboardInterrupt:
        console.print(
            "\nEnded. No process is left running. `make up` goes on from here, and `make clean` forgets it all."
        )
    except StageError as error:
        console.print(f"[red]{escape(str(error))}[/red]")
        return 1
    return 0


def _serve(console: Console, stage: Stage, processes: ProcessGroups) -> None:
    is_first = not stage.folder.exists()
    rows = stage.keep()
    ports = stage.folder / "ports.json"
    leadway = Leadway(processes, stage.log, port=kept_port(ports, "leadway", 8808), file=stage.folder / "leadway.json")
    environment = stage.environment() | SETTINGS
    with console.status("Airflow starts, which takes about a minute …"):
        _write_connections(stage, leadway, environment)
        airflow = Standalone(processes, environment, stage.log, port=kept_port(ports, "airflow", 8080))
        airflow.wait_until_healthy()
    console.print(f"[bold]Airflow[/bold]    {airflow.url}  (no login; the connections can be edited and tested there)")
    console.print(f"[bold]Page[/bold]       {airflow.url}/plugin/leadway  (the syncs, and what becomes of every row)")
    console.print(f"[bold]Leadway[/bold]    {leadway.url}  (a page with its contacts)")
    console.print(
        f"[bold]Warehouse[/bold]  {_shown(stage.warehouse)}  ({rows:,} rows in the table customers: change some)"
    )
    console.print(
        f"[bold]State[/bold]      {_shown(stage.state)}  (AIRFLOW_HOME={stage.airflow_home} .venv/bin/leadway syncs)"
    )
    console.print(f"[bold]Log[/bold]        {_shown(stage.log)}")
    console.print(f"\n[bold]DAGs[/bold] of {_shown(_DAGS)}/; a file that you put there is read within 30 seconds:")
    for name, says in described_examples():
        console.print(f"  {name:<26} {says}")
    if is_first and begin_runs(airflow.url, _FIRST_DAG):
        console.print(f"\n{_FIRST_DAG} is switched on, and two runs of it have begun. Switch the others on in Airflow.")
    console.print("\nCtrl-C ends everything.")
    airflow.wait()
    raise StageError(f"Airflow ended by itself; see {stage.log}.")


def _write_connections(stage: Stage, leadway: Leadway, environment: dict[str, str]) -> None:
    with stage.log.open("a") as log:
        ended = subprocess.run(
            [sys.executable, "-m", "demo.connections"],
            input=json.dumps(stage.connections(leadway.url)),
            env=environment,
            stdout=log,
            stderr=log,
            text=True,
            check=False,
        )
    if ended.returncode:
        raise StageError(f"Airflow's connections could not be written; see {stage.log}.")


def described_examples() -> list[tuple[str, str]]:
    """Return the name and the first sentence of each example."""
    found = []
    for file in sorted(_DAGS.glob("*.py")):
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        found.append((file.stem, text.partition("\n")[0]))
    return found


def _shown(path: Path) -> Path:
    return path.relative_to(REPOSITORY)


if __name__ == "__main__":
    sys.exit(main())
