"""DuckDB and Snowflake over the connections of their drivers, without a SQLAlchemy dialect of theirs.

The dialects that others publish for them lag behind SQLAlchemy: in 2026, neither `duckdb-engine` nor the
`snowflake-sqlalchemy` that Airflow's provider admits can be used with SQLAlchemy 2.1. A source needs little of one:
parameters are bound, rows are fetched, and the transaction is rolled back at the end.
"""

from __future__ import annotations

from contextlib import suppress
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect


class _HookDialect(DefaultDialect):
    """A database that reads in an explicit transaction, and knows its current schema."""

    driver = "hook"
    supports_native_boolean = True

    @classmethod
    def get_pool_class(cls, url: sa.URL) -> type[sa.Pool]:  # noqa: ARG003 - SQLAlchemy's interface
        """Return the pool that keeps no connection: an open one locks DuckDB's file while contacts are delivered."""
        return sa.NullPool

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin a transaction; both drivers would commit each statement by itself."""
        dbapi_connection.cursor().execute("BEGIN")

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Roll the transaction back, if there is one."""
        with suppress(self.loaded_dbapi.Error):
            dbapi_connection.rollback()

    def _get_default_schema_name(self, connection: sa.Connection) -> str:
        return str(connection.exec_driver_sql("SELECT current_schema()").scalar() or "")


class DuckDBDialect(_HookDialect):
    """DuckDB over `duckdb`."""

    name = "duckdb"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """Return the driver."""
        import duckdb  # noqa: PLC0415 - only its sources need it

        driver: ModuleType = duckdb
        return driver


class SnowflakeDialect(_HookDialect):
    """Snowflake over `snowflake.connector`."""

    name = "snowflake"
    supports_statement_cache = True
    requires_name_normalize = True  # an unquoted name is returned in capitals

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """Return the driver."""
        import snowflake.connector  # noqa: PLC0415 - only its sources need it

        driver: ModuleType = snowflake.connector
        return driver


class DuckDBConnection:
    """A DuckDB connection whose cursors share its transaction; each cursor of DuckDB's own is another connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def cursor(self) -> DuckDBCursor:
        """Return a cursor."""
        return DuckDBCursor(self._connection)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class DuckDBCursor:
    """A cursor on the connection itself; a new statement ends the one before it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def close(self) -> None:
        """Keep the connection open."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


for _dialect in (DuckDBDialect, SnowflakeDialect):
    sa.dialects.registry.register(f"{_dialect.name}.hook", __name__, _dialect.__name__)
