"""The schema's version: checked at every opening, migrated at the first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Final

import sqlalchemy as sa

from leadway_provider import __version__
from leadway_provider.exceptions import StateUnavailableError, StateVersionError
from leadway_provider.store.database import Database

VERSION_TABLE: Final = "leadway_alembic_version"
"""Not alembic's default, which Airflow or the user may keep in the same database."""

REVISIONS: Final = ("0001", "0002", "0003")
"""Every revision that this version knows, oldest first; named here so that a current schema costs no alembic."""

SCRIPTS: Final = files(__package__) / "migrations"
"""Alembic's script directory."""

_LOCK_SECONDS: Final = 30
_POSTGRESQL_LOCK: Final = 0x1EAD_3A7
_MYSQL_LOCK: Final = "leadway_state_schema"


def ensure_schema(database: Database) -> None:
    """Bring the database to the newest revision; on a current one this is two queries.

    Two processes may do this at the same time, and either may be killed: a later call completes what is missing.

    Raises:
        StateVersionError: the schema is newer than this version of the provider.
        StateUnavailableError: the database can't be reached or, where it must be migrated, written.
    """
    with database.reading() as connection:
        if _is_current(connection, database.name):
            return
    with database.writing() as connection, _alone(connection, database.name):
        if not _is_current(connection, database.name):
            _migrate(connection)


def _is_current(connection: sa.Connection, name: str) -> bool:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return False
    found: str | None = connection.scalar(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE)))
    if found is not None and found not in REVISIONS:
        raise StateVersionError(
            f"State store {name!r} has schema {found}, but leadway-provider {__version__} knows only up to "
            f"{REVISIONS[-1]}. A newer version wrote it: upgrade leadway-provider."
        )
    return found == REVISIONS[-1]


@contextmanager
def _alone(connection: sa.Connection, name: str) -> Iterator[None]:
    """Let one process migrate and the others wait; SQLite's write transaction does that by itself."""
    match connection.dialect.name:
        case "postgresql":
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'"))
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _POSTGRESQL_LOCK})
            yield
        case "mysql" | "mariadb":
            # Bound to the session, for on MySQL every CREATE TABLE ends the transaction.
            lock = {"lock": _MYSQL_LOCK, "seconds": _LOCK_SECONDS}
            if connection.scalar(sa.text("SELECT GET_LOCK(:lock, :seconds)"), lock) != 1:
                raise StateUnavailableError(
                    f"State store {name!r}: another process has been migrating it for {_LOCK_SECONDS} s."
                )
            try:
                yield
                # The next process must find the new version, so it is committed before the lock is given up.
                connection.exec_driver_sql("COMMIT")
            finally:
                connection.execute(sa.text("SELECT RELEASE_LOCK(:lock)"), {"lock": _MYSQL_LOCK})
        case _:
            yield


def _migrate(connection: sa.Connection) -> None:
    # Imported here, for it takes longer than all else that an opening does.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, REVISIONS[-1])
