"""A source whose server ends the session once the task has read all rows: the run goes on, and one line says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadway_provider.sandbox.server import SandboxServer
from tests.faults.instant import PLANNING, at
from tests.faults.promise import VERSIONS, assert_kept, attempt
from tests.services import mariadb_database
from tests.source.drivers import MARIADB_DRIVERS, connection_of

KILL = "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
COLUMNS = "id INT, email TEXT, first_name TEXT, phone TEXT, country TEXT"


@pytest.fixture(params=MARIADB_DRIVERS)
def kill(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[object], None]]:
    """What ends the session of the source `server`, which has the people."""
    with mariadb_database() as url:
        monkeypatch.setenv("AIRFLOW_CONN_SERVER", connection_of(request.param, Path(), url))
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE TABLE customers ({COLUMNS})")
            rows = ", ".join(f"({', '.join(map(repr, row))})" for row in VERSIONS)
            connection.exec_driver_sql(f"INSERT INTO customers VALUES {rows}")  # noqa: S608 - the test's own values

        def end(_: object) -> None:
            with engine.connect() as connection:
                for (session,) in connection.exec_driver_sql(KILL).all():
                    connection.exec_driver_sql(f"KILL {session}")

        yield end


def test_the_session_ends_after_the_last_row(
    sandbox: SandboxServer, kill: Callable[[object], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Everything was read, so everything is sent; nobody sees an error or a traceback."""
    caplog.set_level("INFO")
    with at(PLANNING, kill) as done:
        report = attempt(sql_conn_id="server")
    assert done
    assert not [record.getMessage() for record in caplog.records if record.exc_info or record.levelname == "ERROR"]
    said = [record.getMessage() for record in caplog.records if "was lost before it was closed" in record.getMessage()]
    assert [each.partition(" was lost ")[0] for each in said] == ["The connection to source 'server'"]
    assert_kept(sandbox, report, sql_conn_id="server")
