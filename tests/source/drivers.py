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
MANY: Final = 20_000
MANY_ROWS: Final = {
    "sqlite": f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) "  # noqa: S608  # a constant
    "SELECT i, printf('%0500d', i) AS pad FROM n",
    "postgresql": f"SELECT i, lpad(i::text, 500, '0') AS pad FROM generate_series(1, {MANY}) i",  # noqa: S608  # a constant
    "duckdb": f"SELECT i, lpad(CAST(i AS VARCHAR), 500, '0') AS pad FROM range({MANY}) t(i)",  # noqa: S608  # a constant
    "mysql": f"SELECT seq AS i, lpad(seq, 500, '0') AS pad FROM seq_1_to_{MANY}",  # noqa: S608  # a constant
}
"""A query for so many rows of 500 characters, in the words of each database."""


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
