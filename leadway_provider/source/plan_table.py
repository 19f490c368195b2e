"""A plan as a table of a database: what a dry run of a sync found replaces what the one before it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from leadway_provider.exceptions import SourceError, SourceUnavailableError
from leadway_provider.source.cause import cause
from leadway_provider.source.query import is_unavailable

WriteRows = Callable[[Sequence[Mapping[str, object]]], None]
"""Writes rows, by column."""


@contextmanager
def plan_table(
    engine: sa.Engine, name: tuple[str | None, str], *, conn_id: str, common: Mapping[str, Any]
) -> Iterator[WriteRows]:
    """Replace the rows of a sync and an account in one transaction, which is committed at the end of the block.

    The table is made where it does not exist. Until then, a reader sees the rows of the
    dry run before.

    Args:
        engine: the database.
        name: the table's schema, or None for the connection's own, and its name.
        conn_id: the connection, as errors name it.
        common: what is the same in every row: `sync_name`, `location_id`, `run_id`, and `created_at`, an aware time.

    Raises:
        SourceUnavailableError: the database is out of reach, or the connection was lost.
        SourceError: the table can't be made or written, or has other columns.
    """
    table = _table(*name)
    fixed = {**common, "created_at": common["created_at"].astimezone(UTC).replace(tzinfo=None)}
    of_sync = [table.c[each] == fixed[each] for each in ("sync_name", "location_id")]
    with _writing(f"Table {'.'.join(filter(None, name))!r} of connection {conn_id!r}"):
        try:
            _ensure(engine, table)
            with engine.begin() as connection:
                connection.execute(sa.delete(table).where(*of_sync))

                def write(rows: Sequence[Mapping[str, object]]) -> None:
                    if rows:
                        connection.execute(sa.insert(table), [{**fixed, **row} for row in rows])

                yield write
        finally:
            engine.dispose()


def _table(schema: str | None, name: str) -> sa.Table:
    text = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
    return sa.Table(
        name,
        sa.MetaData(),
        sa.Column("sync_name", sa.String(512), nullable=False),
        sa.Column("location_id", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(12), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("source_key", sa.String(255), nullable=False),
        sa.Column("contact_id", sa.String(255)),
        sa.Column("effect", sa.String(16), nullable=False),
        *(sa.Column(each, text) for each in ("changed_fields", "reasons", "new_values")),
        schema=schema,
    )


def _ensure(engine: sa.Engine, table: sa.Table) -> None:
    """Make the table, unless it can be read with all its columns."""
    try:
        _read_nothing(engine, table)
    except sa.exc.DBAPIError as error:
        if is_unavailable(error):
            raise
        try:
            with engine.begin() as connection:
                connection.execute(sa.schema.CreateTable(table))
        except sa.exc.DBAPIError:
            _read_nothing(engine, table)  # another account of the sync may have made it meanwhile


def _read_nothing(engine: sa.Engine, table: sa.Table) -> None:
    with engine.connect() as connection:
        connection.execute(sa.select(table).where(sa.false()))


@contextmanager
def _writing(what: str) -> Iterator[None]:
    """Turn the database's errors into ours, without the values of a row."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        why = cause(error).removesuffix(".")
        if is_unavailable(error):
            raise SourceUnavailableError(
                f"{what} can't be reached for the plan: {why}. See that the database is up; then let the task "
                "try again."
            ) from None
        raise SourceError(
            f"{what} can't take the plan: {why}. Let the connection's user make, read and write the table. If it "
            f"exists, it must have the columns {', '.join(each.name for each in _table(None, 'plan').columns)}."
        ) from None
