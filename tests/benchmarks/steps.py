"""The steps of `sync`, each in a process of its own, against one state and one account."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from tests.benchmarks.delivery import sandbox
from tests.services import postgres_database

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Steps:
    """What the steps of one sync have in common."""

    rows: int
    folder: Path
    state: sa.URL
    account: str

    def measure(self, step: str) -> dict[str, float]:
        """Do one step, and return what it printed."""
        state = self.state.render_as_string(hide_password=False)
        arguments = [step, str(self.rows), str(self.folder), state, self.account]
        command = [sys.executable, "-m", "tests.benchmarks.sync", *arguments]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found


@contextmanager
def steps(kind: str, rows: int, folder: Path) -> Iterator[Steps]:
    """A sync of so many rows with a state of its own, in SQLite or PostgreSQL, whose warehouse is filled."""
    folder.mkdir()
    with ExitStack() as stack:
        account = stack.enter_context(sandbox("--no-quota"))
        if kind == "postgresql":
            state = stack.enter_context(postgres_database())
        else:
            state = sa.URL.create("sqlite", database=str(folder / "state.db"))
        found = Steps(rows, folder, state, account)
        found.measure("warehouse")
        yield found
