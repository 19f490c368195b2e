"""What a command needs of Airflow's process: its connections, and its log out of the way."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


def use_airflow() -> None:
    """Let Airflow find connections that are kept in its database, as its own commands do; call it before an import.

    Airflow logs warnings and errors only, unless the environment names a level: Airflow 3.1 would print to the terminal
    what it loads.
    """
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")


@contextmanager
def logs_aside() -> Iterator[None]:
    """Send what Airflow and others print to standard error: it is not part of the command's output."""
    with redirect_stdout(sys.stderr):
        yield
