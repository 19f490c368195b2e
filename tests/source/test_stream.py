"""Each driver returns a result in constant memory, or is refused."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pyodbc
import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import SourceError
from leadway_provider.source.query import read_source
from leadway_provider.source.stream import refuse_buffering
from tests.services import MARIADB
from tests.source.drivers import DRIVERS, MANY, MANY_ROWS, engine_of


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_streams(driver: str, tmp_path: Path) -> None:
    """A result far larger than a batch never needs more than two of them in Python; benchmarks measure the rest."""
    engine = engine_of(driver, tmp_path)
    sql = MANY_ROWS[engine.dialect.name]

    with read_source(engine, sql, None, batch_size=1000, name="warehouse") as source:
        tracemalloc.start()
        read = sum(len(batch) for batch in source.batches())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert read == MANY
    assert peak < 3_000_000


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_result_that_is_left_unread(driver: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The connection can be closed before the last row, without a word in the log."""
    engine = engine_of(driver, tmp_path)

    with read_source(engine, MANY_ROWS[engine.dialect.name], None, batch_size=10, name="warehouse") as source:
        next(source.batches())

    assert not caplog.records


@pytest.mark.parametrize("database", ["MariaDB", "MySQL", "PostgreSQL"])
def test_odbc_that_holds_a_whole_result_is_refused(database: str) -> None:
    """The driver itself names its database; the error names a driver that streams."""

    class Odbc:
        def getinfo(self, number: int) -> str:
            return database if number == 17 else ""

    with pytest.raises(
        SourceError, match=f"'warehouse' reaches {database} by ODBC.*with the driver (mysqlclient|psycopg)"
    ):
        refuse_buffering(Odbc(), "warehouse")


@pytest.mark.skipif("MariaDB Unicode" not in pyodbc.drivers(), reason="MariaDB's ODBC driver is not installed")
def test_mariadb_by_odbc_is_refused() -> None:
    """With the real driver, before the query is sent."""
    address = f"DRIVER={{MariaDB Unicode}};SERVER={MARIADB.host};PORT={MARIADB.port};UID={MARIADB.username}"
    engine = sa.create_engine("mysql+pyodbc://", creator=lambda: pyodbc.connect(address), poolclass=sa.NullPool)

    with (
        pytest.raises(SourceError, match=r"'warehouse' reaches MariaDB by ODBC, .* with the driver mysqlclient"),
        read_source(engine, "SELECT 1 AS a", None, batch_size=10, name="warehouse"),
    ):
        pass
