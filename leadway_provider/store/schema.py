"""The schema's version: checked at every opening, migrated where it is missing or older."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from leadway_provider import __version__
from leadway_provider.exceptions import StateMissingError, StateUnavailableError, StateVersionError
from leadway_provider.store.database import Database

VERSION_TABLE: Final = "leadway_alembic_version"
"""Not alembic's default, which Airflow or the user may keep in the same database."""

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005")
"""Every revision of this version, oldest first; named here so that a current schema needs no alembic."""

SCRIPTS: Final = files(__package__) / "migrations"
"""Alembic's script directory."""

_LOCK_SECONDS: Final = 30
_POSTGRESQL_LOCK: Final = 0x1EAD_3A7
_MYSQL_LOCK: Final = "leadway_state_schema"


def ensure_schema(
    database: Database, *, revisions: Sequence[str] = REVISIONS, scripts: Path | Traversable = SCRIPTS
) -> None:
    """Bring the database to the newest revision; on a current one this is two queries.

    Two processes may do this at the same time, and either may be killed: a later call completes what is missing.

    Args:
        database: where the tables are, or shall be.
        revisions: every revision, oldest first.
        scripts: alembic's script directory, with a script for each revision.

    Raises:
        StateVersionError: the schema is newer than the last revision.
        StateUnavailableError: the database can't be reached or, where it must be migrated, written.
    """
    with database.reading() as connection:
        if _is_current(connection, database.name, revisions):
            return
    with database.writing() as connection, _one_at_a_time(connection, database.name):
        if not _is_current(connection, database.name, revisions):
            _migrate(connection, revisions, scripts)


def migrates_as_a_whole(engine: sa.Engine) -> bool:
    """Return True if a migration is one transaction: on MariaDB and MySQL each change of a table is one of its own."""
    return engine.dialect.name not in {"mysql", "mariadb"}


def require_schema(database: Database, *, revisions: Sequence[str] = REVISIONS) -> None:
    """Check that the database is at the newest revision, and change nothing.

    Raises:
        StateMissingError: the tables are missing.
        StateVersionError: the tables are those of an older or a newer provider.
        StateUnavailableError: the database can't be reached.
    """
    with database.reading() as connection:
        revision = _revision(connection)
    if revision is None:
        raise StateMissingError(
            f"State store {database.name!r} has no tables of leadway-provider: a sync creates them at its first run. "
            "Name the database that the tasks use."
        )
    _refuse_newer(revision, database.name, revisions)
    if revision != revisions[-1]:
        raise StateVersionError(
            f"State store {database.name!r} has schema {revision}, and leadway-provider {__version__} reads "
            f"{revisions[-1]}: the next run of a sync upgrades it."
        )


def _is_current(connection: sa.Connection, name: str, revisions: Sequence[str]) -> bool:
    revision = _revision(connection)
    if revision is not None:
        _refuse_newer(revision, name, revisions)
    return revision == revisions[-1]


def _revision(connection: sa.Connection) -> str | None:
    """Return the revision that the database is at; None where no migration has been completed."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE)))
    return found


def _refuse_newer(revision: str, name: str, revisions: Sequence[str]) -> None:
    if revision not in revisions:
        raise StateVersionError(
            f"State store {name!r} has schema {revision}, but leadway-provider {__version__} has only the schemas up "
            f"to {revisions[-1]}. A newer version wrote it: upgrade leadway-provider."
        )


@contextmanager
def _one_at_a_time(connection: sa.Connection, name: str) -> Iterator[None]:
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
                    f"State store {name!r}: another process has been migrating it for {_LOCK_SECONDS} s. If none is, "
                    "end the database session that holds the lock."
                )
            try:
                yield
                # The next process must find the new version, so it is committed before the lock is released.
                connection.exec_driver_sql("COMMIT")
            finally:
                if not connection.invalidated:  # a lost session has no lock
                    connection.execute(sa.text("SELECT RELEASE_LOCK(:lock)"), {"lock": _MYSQL_LOCK})
        case _:
            yield


def _migrate(connection: sa.Connection, revisions: Sequence[str], scripts: Path | Traversable) -> None:
    # Imported here, because it takes longer than the rest of an opening.
    from alembic import command  # noqa: PLC0415 - slow, and needed for an upgrade only
    from alembic.config import Config  # noqa: PLC0415 - the same

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    # It would log its steps, at level INFO, in the first task that uses a database.
    migration = logging.getLogger("alembic.runtime.migration")
    level = migration.level
    migration.setLevel(logging.WARNING)
    try:
        command.upgrade(config, revisions[-1])
    finally:
        migration.setLevel(level)
