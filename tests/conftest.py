"""Airflow, where a test needs it, lives in a temporary home of this process, never in the developer's own."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# Airflow reads these when it is imported, which a test module may do before any fixture runs. A worker of
# pytest-xdist inherits its parent's environment, so each process takes a home of its own.
_HOME = Path(tempfile.mkdtemp(prefix="leadway-airflow-"))
for _name in [name for name in os.environ if name.startswith(("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_"))]:
    del os.environ[_name]
os.environ |= {
    "AIRFLOW_HOME": str(_HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).parents[1] / "dags"),
    "AIRFLOW__CORE__FERNET_KEY": "dGVzdHMtb25seS10aGlzLWtleS1pcy1ub3Qtc2VjcmU=",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_HOME / 'airflow.db'}",
}

# Airflow has handlers of its own that run at exit and write there; registered before them, this runs after them.
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)

# How long an example takes depends on the machine, and says nothing of the code.
settings.register_profile("leadway", deadline=None)
settings.load_profile("leadway")


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    """The folder that AIRFLOW_HOME names in this process."""
    return _HOME


@pytest.fixture(scope="session")
def airflow_db(airflow_home: Path) -> Path:
    """Airflow's metadata database, a SQLite file, with its tables: made once in a process, because it takes seconds."""
    from airflow.utils.db import initdb  # most tests never import Airflow

    initdb()
    return airflow_home / "airflow.db"
