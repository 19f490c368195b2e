"""What a command needs of Airflow's process: its connections, and its log out of the way."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


def use_airflow() -> None:
    """Let Airflow find connections that are kept in its database, as its own commands do; call it before an import."""
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")


@contextmanager
def only_warnings() -> Iterator[None]:
    """Log warnings and errors only, and none that Airflow has for its own code.

    The packages that Airflow 3.1 imports log what they load. Airflow 3.3 warns that its model of a connection, which it
    gives where a connection is kept in its database, uses a deprecated attribute of its own.
    """
    before = logging.root.manager.disable
    logging.disable(max(before, logging.INFO))
    try:
        with warnings.catch_warnings():
            # The module is that of the code that is to be changed, so a warning of a DAG file is shown.
            warnings.filterwarnings("ignore", category=FutureWarning, module=r"airflow\.")
            yield
    finally:
        logging.disable(before)


@contextmanager
def logs_aside() -> Iterator[None]:
    """Send what Airflow and others print to standard error: it is not part of the command's output."""
    with redirect_stdout(sys.stderr):
        yield
