"""`make picture`: the picture of the page in README, of a run over the sample warehouse."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager

import uvicorn
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.markup import escape

from demo.processes import ProcessGroups
from demo.run import next_line
from demo.stage import REPOSITORY, Leadway, Stage, StageError
from leadway_provider.plugin.app import create_app
from leadway_provider.plugin.visit import NextRun
from leadway_provider.store.reading.reader import StateReader
from leadway_provider.store.state import StateStore
from leadway_provider.store.syncs import SyncStore

PICTURE = REPOSITORY / "docs" / "page.png"
_WIDTH, _HEIGHT = 1000, 700


class _Everybody:
    """A visitor who may see everything."""

    id = "everybody"

    def readable(self, dag_ids: Collection[str]) -> set[str]:
        """Return all."""
        return set(dag_ids)

    def editable(self, dag_ids: Collection[str]) -> set[str]:
        """Return all."""
        return set(dag_ids)

    def next_runs(self, dag_ids: Collection[str]) -> dict[str, NextRun]:
        """Return none."""
        return dict.fromkeys(dag_ids, NextRun(None, is_paused=False))

    def record(self, dag_id: str, event: str) -> None:
        """Nothing is recorded."""


def main() -> int:
    """Make the picture, and return the exit status."""
    console = Console(highlight=False)
    if (chromium := shutil.which("chromium")) is None:
        console.print("[red]The picture needs the browser chromium: apt-get install chromium[/red]")
        return 1
    stage = Stage(REPOSITORY / ".demo")
    try:
        with console.status("A run over the sample warehouse, which takes about a minute …"):
            run_id = _run(stage)
        _take(stage, chromium, run_id)
    except StageError as error:
        console.print(f"[red]{escape(str(error))}[/red]")
        return 1
    console.print(f"{PICTURE.relative_to(REPOSITORY)} ({PICTURE.stat().st_size / 1024:.0f} KB)")
    return 0


def _run(stage: Stage) -> str:
    """Run the example DAG over a new warehouse, and return the id of its first run."""
    with ProcessGroups() as processes:
        stage.clear()
        leadway = Leadway(processes, stage.log)
        command = [sys.executable, "-m", "demo.dag_runs"]
        airflow = processes.start_piped(command, stage.connected_environment(leadway.url), stage.log)
        next_line(airflow, stage.log)
        return str(next_line(airflow, stage.log)["report"]["run_id"])


def _take(stage: Stage, chromium: str, run_id: str) -> None:
    """Serve the page, and take the picture of the run."""

    @contextmanager
    def open_state() -> Iterator[StateReader]:
        with closing(StateReader.open_file(stage.state)) as reader:
            yield reader

    @contextmanager
    def open_syncs() -> Iterator[SyncStore]:
        with closing(StateStore.open_file(stage.state)) as state:
            yield state.syncs()

    app = create_app(open_state, open_syncs, _Everybody, secret="of no use elsewhere")  # noqa: S106 - a demo's own
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        page.goto(f"http://127.0.0.1:{port}/runs/{run_id}")
        page.screenshot(path=PICTURE)
        browser.close()
    server.should_exit = True
    serving.join()


if __name__ == "__main__":
    sys.exit(main())
