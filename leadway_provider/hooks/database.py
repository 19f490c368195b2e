"""The state store behind an Airflow connection, and where it is without one."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from leadway_provider.clock import utc_now
from leadway_provider.exceptions import StateUnavailableError
from leadway_provider.hooks.engine import sql_engine
from leadway_provider.printable import printable_log
from leadway_provider.store.file import file_of, require_writable
from leadway_provider.store.reading.reader import StateReader
from leadway_provider.store.schema import migrates_as_a_whole
from leadway_provider.store.state import StateStore

log = printable_log(__name__)


def open_state(conn_id: str | None, *, now: Callable[[], datetime] = utc_now) -> StateStore:
    """Open the state store: of that connection, of the configured one, or else a SQLite file in the Airflow home.

    Where the file is used although tasks may run on many machines, a warning is logged. Airflow's look-up of a
    connection blocks: call this before an event loop starts.

    Raises:
        ConfigurationError: the connection is to something else than a SQL database that keeps what is written.
        StateUnavailableError: the database can't be reached, is locked or can't be written.
    """
    if conn_id := conn_id or _configured():
        return StateStore.open(_engine(conn_id), name=conn_id, now=now)
    _warn_of_many_machines()
    return StateStore.open_file(default_file(), now=now)


def open_state_for_reading(conn_id: str | None) -> StateReader:
    """Open a state store, named as for `open_state`, to read it; nothing is created, upgraded or changed.

    Raises:
        ConfigurationError: there is no state store, or it is one of an older or a newer provider, or the connection is
            not to a SQL database.
        StateUnavailableError: the database can't be reached or read.
    """
    if conn_id := conn_id or _configured():
        return StateReader.open(_engine(conn_id), name=conn_id)
    return StateReader.open_file(default_file())


def is_upgraded_as_a_whole(conn_id: str | None) -> bool:
    """Return True if an upgrade of a state store, named as for `open_state`, is done as a whole or not at all.

    Raises:
        ConfigurationError: as `open_state`.
    """
    conn_id = conn_id or _configured()
    return not conn_id or migrates_as_a_whole(_engine(conn_id))


def require_writable_state(conn_id: str | None) -> None:
    """Check that a state store's SQLite file, named as for `open_state`, may be written or made by this process.

    A server is not asked. Nothing is made or changed.

    Raises:
        ConfigurationError: as `open_state`.
        StateUnavailableError: the file may not be written.
    """
    conn_id = conn_id or _configured()
    if file := file_of(_engine(conn_id)) if conn_id else default_file():
        require_writable(file, conn_id or str(file))


def _configured() -> str | None:
    from leadway_provider.hooks.configuration import configured_state_conn_id  # noqa: PLC0415 - it imports Airflow

    return configured_state_conn_id()


def _warn_of_many_machines() -> None:
    from leadway_provider.hooks.configuration import executors_on_many_machines  # noqa: PLC0415 - the same

    if executors := executors_on_many_machines():
        log.warning(
            "The state is in the SQLite file %s of this machine, but %s may run tasks on other machines. A run there "
            "does not know what was sent, and sends every contact again. Set state_conn_id, on the task or in section "
            "[leadway] of Airflow's configuration, to a database that all machines reach.",
            default_file(),
            ", ".join(executors),
        )


def default_file() -> Path:
    """Return the path of the SQLite file that keeps the state where no connection is named."""
    return Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser() / "leadway_state.db"


def database_name(engine: Any) -> str:
    """Return the kind, host, port and database of an engine, without user, password and options."""
    url = engine.url
    return f"{url.get_backend_name()}://{url.host or ''}:{url.port or ''}/{url.database or ''}"


def _engine(conn_id: str) -> Any:
    return sql_engine(conn_id, unavailable=StateUnavailableError)
