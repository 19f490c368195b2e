"""What tests must know of the Airflow that is installed: `make matrix` runs them with several."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from airflow import __version__

VERSION: Final = tuple(int(part) for part in __version__.split(".")[:2])
needs_3_3 = pytest.mark.skipif(VERSION < (3, 3), reason="it steers what Airflow has within since 3.3")


def load_dags(path: str | Path) -> dict[str, Any]:
    """The DAGs of a file or a folder, by id."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag  # type: ignore[no-redef]  # where Airflow 3.1 has it
    return dict(DagBag(path).dags)


def forget_fernet() -> None:
    """Let Airflow read its Fernet key anew."""
    from airflow.models import crypto

    crypto._fernet = None  # type: ignore[attr-defined]  # where Airflow 3.1 keeps it
    try:
        from airflow.sdk.crypto import get_fernet
    except ImportError:
        return
    get_fernet.cache_clear()


def share_api_server() -> None:
    """Let each task of `dag.test()` use one server in this process, as since Airflow 3.3.

    Before, each task made a server of its own: two seconds of a processor, and a thread that never ends.
    """
    from airflow.sdk.execution_time import supervisor

    if not hasattr(supervisor.in_process_api_server, "cache_info"):
        supervisor.in_process_api_server = cache(supervisor.in_process_api_server)
