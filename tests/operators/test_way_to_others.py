"""Other databases as sources, and connections that can't be one: one line says which connection, and what to do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyodbc
import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.providers.postgres.hooks.postgres import PostgresHook

from leadway_provider.exceptions import SourceUnavailableError, StateUnavailableError
from leadway_provider.hooks.engine import sql_engine
from tests.operators.task import Warehouse, sync
from tests.services import airflow_connection, mariadb_database

ODBC = "MariaDB Unicode"
SQL = "SELECT id, email FROM customers ORDER BY id"


def connect(monkeypatch: pytest.MonkeyPatch, conn_id: str = "WAREHOUSE", **connection: Any) -> None:
    """Define a connection."""
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id}", json.dumps(connection))


@pytest.fixture
def duckdb_file(warehouse: Warehouse) -> Path:
    """A DuckDB file of three customers, beside the SQLite warehouse."""
    file = warehouse.file.with_suffix(".duckdb")
    with duckdb.connect(str(file)) as database:
        database.execute(
            "CREATE TABLE customers AS SELECT i AS id, format('c{}@example.com', i) AS email FROM range(3) r(i)"
        )
    return file


def test_duckdb_is_a_source(monkeypatch: pytest.MonkeyPatch, duckdb_file: Path) -> None:
    """Airflow's own hook opens the file; parameters are bound, and per cent signs mean what they mean."""
    connect(monkeypatch, conn_type="duckdb", host=str(duckdb_file), extra={"threads": 1})

    assert sync(sql=SQL)["created"] == 3
    sql = "SELECT id, email, '100%' AS first_name FROM customers WHERE id < :below"
    assert sync("second", sql=sql, parameters={"below": 2})["updated"] == 2
    with duckdb.connect(str(duckdb_file)) as database:  # fails where a connection was left open
        database.execute("DROP TABLE customers")


def test_duckdb_changes_nothing(monkeypatch: pytest.MonkeyPatch, duckdb_file: Path) -> None:
    """What a query changes is rolled back, as with every other source."""
    connect(monkeypatch, conn_type="duckdb", host=str(duckdb_file))

    sync(sql="UPDATE customers SET email = 'other@example.com' RETURNING id, email")

    with duckdb.connect(str(duckdb_file)) as database:
        assert database.execute("SELECT count(*) FROM customers WHERE email LIKE 'c%'").fetchone() == (3,)


def test_hook_params_reach_duckdb(monkeypatch: pytest.MonkeyPatch, duckdb_file: Path) -> None:
    """The task names the file, where the connection names none."""
    connect(monkeypatch, conn_type="duckdb")

    assert sync(sql=SQL, hook_params={"database": str(duckdb_file), "read_only": True})["created"] == 3


def test_duckdb_that_is_open_elsewhere(monkeypatch: pytest.MonkeyPatch, duckdb_file: Path) -> None:
    """A file that is not a database, or that can't be opened, is one line with the connection's id."""
    duckdb_file.write_text("not a database " * 1000)
    connect(monkeypatch, conn_type="duckdb", host=str(duckdb_file))

    with pytest.raises((AirflowFailException, SourceUnavailableError), match="'warehouse'") as raised:
        sync(sql=SQL)

    assert "\n" not in str(raised.value)


@pytest.mark.skipif(ODBC not in pyodbc.drivers(), reason=f"the ODBC driver {ODBC!r} is not installed")
def test_odbc_connects_as_its_hook_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver comes from hook_params, everything else from the connection."""
    with mariadb_database() as url:
        known: dict[str, Any] = {"host": url.host, "port": url.port, "login": url.username, "schema": url.database}
        extra = {"sqlalchemy_scheme": "mysql+pyodbc", "INITSTMT": "SET @who = 'ann'"}
        connect(monkeypatch, conn_type="odbc", **known, extra=extra)
        engine = sql_engine("warehouse", {"driver": ODBC})
        with engine.connect() as connection:
            assert connection.execute(sa.text("SELECT database(), @who, :x"), {"x": 1}).one() == (
                url.database,
                "ann",
                1,
            )
        assert (engine.url.host, engine.url.database) == (url.host, url.database)
        engine.dispose()


@pytest.mark.usefixtures("warehouse")
@pytest.mark.skipif(ODBC not in pyodbc.drivers(), reason=f"the ODBC driver {ODBC!r} is not installed")
def test_odbc_that_holds_a_whole_result_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million rows would be in memory; the error names a driver that streams."""
    extra = {"sqlalchemy_scheme": "mysql+pyodbc"}
    connect(monkeypatch, conn_type="odbc", host="127.0.0.1", login="root", schema="test", extra=extra)

    with pytest.raises(AirflowFailException, match=r"'warehouse' reaches MariaDB by ODBC.*with the driver mysqlclient"):
        sync(sql="SELECT 1 AS id, 'ann@example.com' AS email", hook_params={"driver": ODBC})


def test_odbc_keeps_no_state(monkeypatch: pytest.MonkeyPatch, warehouse: Warehouse) -> None:
    """State is written with the database's own drivers only."""
    warehouse.fill((1, "ann@example.com", None, None, None))
    extra = {"sqlalchemy_scheme": "mysql+pyodbc"}
    connect(monkeypatch, "STATE", conn_type="odbc", host="127.0.0.1", login="root", schema="test", extra=extra)

    with pytest.raises(AirflowFailException, match=r"State store 'state' is mysql by way of pyodbc.*PostgreSQL"):
        sync()


def test_duckdb_keeps_no_state(monkeypatch: pytest.MonkeyPatch, duckdb_file: Path) -> None:
    """A database that can't keep the state is named, and one that can."""
    connect(monkeypatch, "STATE", conn_type="duckdb", host=str(duckdb_file))

    with pytest.raises(AirflowFailException, match=r"State store 'state' is duckdb.*PostgreSQL, MariaDB, MySQL"):
        sync()


def test_the_options_of_a_sqlite_file_hold(monkeypatch: pytest.MonkeyPatch, warehouse: Warehouse) -> None:
    """A connection that is read-only can't be written, as source and as state."""
    warehouse.fill((1, "ann@example.com", None, None, None))
    connect(monkeypatch, conn_type="sqlite", host=str(warehouse.file), extra={"mode": "ro"})
    assert sync()["created"] == 1

    connect(monkeypatch, "STATE", conn_type="sqlite", host=str(warehouse.state), extra={"mode": "ro", "timeout": "0.1"})
    with pytest.raises(StateUnavailableError, match="'state': attempt to write a readonly database"):
        sync("second")


def test_a_file_that_would_be_made_is_not(monkeypatch: pytest.MonkeyPatch, warehouse: Warehouse) -> None:
    """With `mode=rw` SQLite opens a file that exists, and makes none."""
    missing = warehouse.file.with_name("missing.db")
    connect(monkeypatch, conn_type="sqlite", host=str(missing), extra={"mode": "rw"})

    with pytest.raises(SourceUnavailableError, match="'warehouse' can't be reached: unable to open database file"):
        sync()

    assert not missing.exists()


@pytest.mark.parametrize(
    ("connection", "hook_params", "said"),
    [
        ({"conn_type": "jdbc", "host": "jdbc:postgresql://db"}, None, "of type 'jdbc', which is not supported: .*odbc"),
        ({"conn_type": "generic"}, None, "of type 'generic', which has no hook: give it the type of a SQL database"),
        ({"conn_type": "nonsense"}, None, "of type 'nonsense', and its hook can't be loaded: .*Install Airflow's prov"),
        ({"conn_type": "fs"}, None, "of type 'fs', whose hook has no SQLAlchemy engine"),
        ({"conn_type": "odbc"}, {"driver": 5}, "OdbcHook can't connect: .* Correct the connection or hook_params"),
        (
            {"conn_type": "odbc", "extra": {"sqlalchemy_scheme": "none+such"}},
            {"driver": "x"},
            "can't connect: .*Ins",
        ),
        ({"conn_type": "sqlite", "host": "/x"}, {"sqlite_conn_id": "x"}, "its hook can't be made: .*TypeError"),
        ({"conn_type": "duckdb"}, {"extensions": ["no;such"]}, "DuckDBHook can't connect: Invalid DuckDB extension"),
        ({"conn_type": "mysql"}, {"init_command": 5}, "MySqlHook can't connect: .*hook_params"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("warehouse")
def test_a_connection_that_can_not_be_used(
    monkeypatch: pytest.MonkeyPatch, connection: dict[str, Any], hook_params: dict[str, object] | None, said: str
) -> None:
    """Whatever a hook raises, the task fails for good with one line that names the connection."""
    connect(monkeypatch, **connection)

    with pytest.raises(AirflowFailException, match=f"^Connection 'warehouse'.*{said}") as raised:
        sync(sql=SQL, hook_params=hook_params)

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("arguments", [{"sql_conn_id": "nowhere"}, {"state_conn_id": "nowhere"}], ids=str)
@pytest.mark.usefixtures("warehouse")
def test_a_connection_that_does_not_exist(arguments: dict[str, Any]) -> None:
    """The id is named."""
    with pytest.raises(AirflowFailException, match=r"^Connection 'nowhere' does not exist: create it in Airflow"):
        sync(**arguments)


@pytest.mark.parametrize(
    ("url", "module"),
    [
        ("mysql+mysqldb://root@127.0.0.1/test", "MySQLdb"),
        ("mysql+pymysql://root@127.0.0.1/test", "pymysql"),
        ("mysql+mysqlconnector://root@127.0.0.1/test", "mysql.connector"),
        pytest.param(
            "postgresql+psycopg2://root@127.0.0.1/test",
            "psycopg2",
            marks=pytest.mark.skipif(
                not hasattr(PostgresHook, "sqlalchemy_scheme"), reason="earlier hooks choose the driver themselves"
            ),
        ),
    ],
)
@pytest.mark.usefixtures("warehouse")
def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, url: str, module: str) -> None:
    """The error names what is missing, and asks to install it."""
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", airflow_connection(sa.make_url(url)))
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(AirflowFailException, match=rf"^Connection 'warehouse'.*{module}.*Install the driver") as raised:
        sync(sql=SQL)

    assert "\n" not in str(raised.value)


@pytest.mark.usefixtures("warehouse")
def test_no_password_is_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook's error may quote what the connection holds."""
    connect(monkeypatch, conn_type="duckdb", password="pass;word")

    with pytest.raises(AirflowFailException, match="Invalid DuckDB extension name") as raised:
        sync(sql=SQL, hook_params={"database": ":memory:", "extensions": ["pass;word"]})

    assert "pass;word" not in str(raised.value)
