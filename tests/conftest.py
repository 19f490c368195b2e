"""Airflow, where a test needs it, lives in a temporary home of this process, never in the developer's own."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings

from tests.order import place
from tests.services import KINDS, mariadb_database, postgres_database

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

# A shell lets what it starts in the background ignore Ctrl-C, and so would each command that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes depends on the machine, and says nothing of the code.
settings.register_profile("leadway", deadline=None)
settings.load_profile("leadway")


def pytest_configure(config: pytest.Config) -> None:
    """Ignore a warning of Python 3.12.0 to 3.12.3, which take each `?1` of a statement for a name by mistake.

    pytest keeps all warnings until its end, and these took more than a gigabyte for one folder.
    """
    config.addinivalue_line("filterwarnings", r"ignore:Binding \d+ \('\?\d+'\) is a named parameter:DeprecationWarning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files come first; all others stay in their order."""
    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep tests together that share servers, where `--dist loadfile` asks for that."""
    if config.getoption("dist") != "loadfile":
        return None
    from tests.scheduling import SharedServers  # some environments have no xdist

    return SharedServers(config, log)


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    """The folder that AIRFLOW_HOME names in this process."""
    return _HOME


@pytest.fixture(scope="session")
def airflow_db(airflow_home: Path) -> Path:
    """Airflow's metadata database, a SQLite file, with its tables: made once in a process, because it takes seconds."""
    from airflow.utils.db import initdb  # most tests never import Airflow

    from tests.airflow_version import share_api_server

    initdb()
    share_api_server()
    return airflow_home / "airflow.db"


@pytest.fixture(scope="session")
def empty_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state store in a SQLite file, with its tables: a copy of it takes a hundredth of the time of making another."""
    from leadway_provider.store.state import StateStore  # many tests need no state

    file = tmp_path_factory.mktemp("empty") / "state.db"
    StateStore.open_file(file).close()
    return file


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[sa.URL]:
    """A PostgreSQL database that all tests of the session share."""
    with postgres_database() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[sa.URL]:
    """A MariaDB database that all tests of the session share."""
    with mariadb_database() as url:
        yield url


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine on each kind of database, as a hook would hand it over; the servers' databases are shared by tests."""
    if request.param == "sqlite":
        url = sa.URL.create("sqlite", database=str(tmp_path / "shared.db"))
    else:
        url = request.getfixturevalue({"postgresql": "postgres_url", "mariadb": "mariadb_url"}[request.param])
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()
