"""What tests must know of the Airflow that is installed: `make matrix` runs them with several."""

from __future__ import annotations

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
