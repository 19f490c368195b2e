"""Databases behind Airflow connections, and the state store in one of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.store.state import StateStore


def open_state(conn_id: str | None) -> StateStore:
    """The state store in a connection's database, or in a SQLite file beside the Airflow home where none is named.

    Asking Airflow for a connection blocks: do this before an event loop starts.

    Raises:
        ConfigurationError: the connection is to something else than a SQL database that keeps what is written.
        StateUnavailableError: the database can't be reached, is locked or can't be written.
    """
    if conn_id is not None:
        return StateStore.open(sql_engine(conn_id), name=conn_id)
    return StateStore.open_file(default_file())


def default_file() -> Path:
    """The SQLite file that keeps the state where no connection is named."""
    return Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser() / "leadway_state.db"


def sql_engine(conn_id: str) -> Any:
    """The SQLAlchemy engine of a connection.

    Raises:
        ConfigurationError: its hook offers none.
    """
    from airflow.providers.common.compat.sdk import BaseHook  # noqa: PLC0415 - a file needs no Airflow

    hook = BaseHook.get_hook(conn_id)
    try:
        return hook.get_sqlalchemy_engine()
    except AttributeError:
        raise ConfigurationError(
            f"Connection {conn_id!r} is of type {getattr(hook, 'conn_type', 'unknown')!r}, whose hook offers no "
            "SQLAlchemy engine; use a connection to a SQL database."
        ) from None
