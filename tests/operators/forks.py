"""Attempts of the task that a test kills, in processes that begin at once."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

_LOOK_EVERY = 0.001


def never() -> bool:
    """Let an attempt end by itself."""
    return False


class Nursery:
    """Starts attempts, and kills them. It starts when it is made, which takes two seconds."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.operators.nursery"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def attempt(self, run_id: str, kill: Callable[[], bool] = never, **arguments: Any) -> dict[str, Any] | None:
        """How an attempt ended; None where it was killed, as soon as that is asked for.

        Args:
            run_id: of the DAG run.
            kill: is asked again and again whether this is the moment to kill it.
            arguments: of the task; `rules` are the fields of `ContactRules`. Or only `command`, the words of a command.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        environment = {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW")}
        stdin.write(json.dumps([run_id, arguments, environment]) + "\n")
        stdin.flush()
        child = int(stdout.readline())
        while not select.select([stdout], [], [], _LOOK_EVERY)[0]:
            if kill():
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                break
        said = stdout.readline()
        ended: dict[str, Any] | None = json.loads(said) if said.strip() else None
        return ended

    def close(self) -> None:
        """End it; no attempt is left."""
        self._process.communicate()


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """One for the tests of a file."""
    nursery = Nursery()
    yield nursery
    nursery.close()
