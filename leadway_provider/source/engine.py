"""Engines over connections that somebody else makes, as an Airflow hook does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import sqlalchemy as sa
from sqlalchemy import Engine

from leadway_provider.source import dialect

__all__ = ["Address", "Connect", "Engine", "Translate", "engine_over", "prefer_connection", "sqlite_engine"]

Connect = Callable[[], Any]
"""Makes a new connection of a database's driver (DB-API)."""

Translate = Callable[[Exception], Exception]
"""Returns the error to raise in place of one that is not the driver's own."""


@dataclass(frozen=True, slots=True)
class Address:
    """Which database it is, in the terms of a SQLAlchemy URL; user and password are not among them.

    Attributes:
        drivername: dialect and driver, such as `postgresql+psycopg`.
        host: the server; Snowflake's account.
        port: the server's port, or None for its usual one.
        database: the database, or a file's path.
    """

    drivername: str
    host: str | None = None
    port: int | None = None
    database: str | None = None


def engine_over(address: Address, connect: Connect, translate: Translate) -> Engine:
    """Return an engine whose connections `connect` makes.

    Args:
        address: chooses the dialect, and names the database in lineage and in errors.
        connect: makes a connection; DuckDB's is wrapped, because its cursors are connections of their own.
        translate: see `Translate`; also for an error of the driver that says that the settings can't be used.

    Raises:
        ImportError: the driver or the dialect is not installed.
        sqlalchemy.exc.ArgumentError: there is no such dialect.
    """
    url = sa.URL.create(address.drivername, host=address.host, port=address.port, database=address.database)
    engine: Engine | None = None

    def connected() -> Any:
        driver: Any = engine.dialect.loaded_dbapi if engine else None
        try:
            connection = connect()
        except (driver.ProgrammingError, driver.NotSupportedError) as error:
            # psycopg's word for an option that it does not know, mysqlclient's for one that it can't do.
            raise translate(error) from None
        except driver.Error:
            raise
        except Exception as error:  # noqa: BLE001 - a hook may raise anything
            raise translate(error) from None
        return dialect.DuckDBConnection(connection) if engine and engine.dialect.name == "duckdb" else connection

    engine = sa.create_engine(url, creator=connected, hide_parameters=True)
    return engine


def sqlite_engine(uri: str, translate: Translate) -> Engine:
    """Return an engine on a SQLite file with the options of a URI, such as `?mode=ro`, which SQLAlchemy leaves out."""
    url = sa.make_url(uri)
    if not url.query or "uri" in url.query:
        return sa.create_engine(url, hide_parameters=True)
    options = dict(url.query)
    timeout = float(str(options.pop("timeout", 5.0)))
    file = f"file:{quote(url.database or '')}?{urlencode(options, doseq=True)}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(file, uri=True, timeout=timeout, check_same_thread=False)

    return engine_over(Address("sqlite", database=url.database), connect, translate)


def prefer_connection(engine: Engine, connect: Connect, translate: Translate) -> None:
    """Let an engine use the connections of `connect` where they are of the driver that its dialect is made for."""
    package = engine.dialect.loaded_dbapi.__name__.partition(".")[0]

    def connected(*_: object) -> Any:
        try:
            connection = connect()
        except NotImplementedError:
            return None
        except Exception as error:
            if isinstance(error, engine.dialect.loaded_dbapi.Error):
                raise
            raise translate(error) from None
        if type(connection).__module__.partition(".")[0] == package:
            return connection
        connection.close()
        return None

    sa.event.listen(engine, "do_connect", connected)
