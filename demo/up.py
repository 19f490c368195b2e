"""`make up`: a local Airflow with the example DAGs, the sample warehouse and a local Leadway, until Ctrl-C."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from demo.processes import ProcessGroups
from demo.stage import BIN, REPOSITORY, Leadway, Stage, StageError

_PATIENCE = 180.0
"""Seconds for Airflow to become healthy."""


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
    port = _port(8080)
    url = f"http://127.0.0.1:{port}"
    environment = stage.environment(leadway.url) | {
        "AIRFLOW__API__HOST": "127.0.0.1",  # nobody has to log in
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(_port(8793)),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(_port(8794)),
    }
    airflow = processes.start([BIN / "airflow", "standalone"], environment, stage.log)
    with console.status("Airflow starts, which takes about a minute …"):
        _wait_until_healthy(airflow, url, stage.log)
    console.print(f"[bold]Airflow[/bold]    {url}  (no login; switch on warehouse_to_leadway)")
    console.print(f"[bold]Leadway[/bold]    {leadway.url}  (the contacts it holds)")
    console.print(
        f"[bold]Warehouse[/bold]  {_shown(stage.warehouse)}  ({rows:,} rows in the table customers: change some)"
    )
    console.print(f"[bold]Log[/bold]        {_shown(stage.log)}\n\nCtrl-C ends all of it.")
    airflow.wait()
    raise StageError(f"Airflow ended by itself; {stage.log} tells why.")


def _wait_until_healthy(airflow: subprocess.Popen[str], url: str, log: Path) -> None:
    give_up_at = time.monotonic() + _PATIENCE
    while not _is_healthy(url):
        if airflow.poll() is not None or time.monotonic() > give_up_at:
            raise StageError(f"Airflow did not start; {log} tells why.")
        time.sleep(0.5)


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310 - loopback
            parts = json.load(answer)
    except OSError:
        return False
    return all(parts[name]["status"] == "healthy" for name in ("metadatabase", "scheduler", "dag_processor"))


def _port(wanted: int) -> int:
    """The port that people expect where it is free, else any other."""
    for port in (wanted, 0):
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                door.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = door.getsockname()[1]
            return found
    raise StageError("No port of 127.0.0.1 is free.")


def _shown(path: Path) -> Path:
    return path.relative_to(REPOSITORY)


if __name__ == "__main__":
    sys.exit(main())
