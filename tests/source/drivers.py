"""Each driver that a source can be read with, and the database that it reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import duckdb
import sqlalchemy as sa

from leadway_provider.source.engine import Address, engine_over
from tests.services import MARIADB, POSTGRES, airflow_connection

POSTGRES_DRIVERS: Final = ("psycopg", "psycopg2")
MARIADB_DRIVERS: Final = ("mysqldb", "pymysql", "mysqlconnector")
DRIVERS: Final = (*POSTGRES_DRIVERS, *MARIADB_DRIVERS, "sqlite", "duckdb")


def engine_of(driver: str, folder: Path, url: sa.URL | None = None) -> sa.Engine:
    """The database of a driver, read with it.

    Args:
        driver: one of `DRIVERS`.
        folder: where a file of SQLite or DuckDB is.
        url: another database on the same kind of server.
    """
    if driver == "sqlite":
        return sa.create_engine(f"sqlite:///{folder / 'warehouse.db'}")
    if driver == "duckdb":
        file = str(folder / "warehouse.duckdb")
        return engine_over(Address("duckdb+hook", database=file), lambda: duckdb.connect(file), lambda error: error)
    server = url or (POSTGRES if driver in POSTGRES_DRIVERS else MARIADB)
    return sa.create_engine(server.set(drivername=f"{server.get_backend_name()}+{driver}"), poolclass=sa.NullPool)


def connection_of(driver: str, folder: Path, url: sa.URL | None = None) -> str:
    """The Airflow connection to the same database, as an environment variable holds it."""
    if driver == "duckdb":
        return json.dumps({"conn_type": "duckdb", "host": str(folder / "warehouse.duckdb")})
    return airflow_connection(engine_of(driver, folder, url).url)
