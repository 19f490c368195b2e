"""The incremental example's bounds in every database that its file has words for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pendulum
import pytest
import sqlalchemy as sa

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.source.query import read_source
from leadway_provider.sync.interval import Interval, next_interval
from tests.dags.example import EXAMPLES, report
from tests.services import airflow_connection, mariadb_database, postgres_database

NAME = "incremental_by_updated_at"
TASK_ID = "sync_changed_customers"
SIX, SEVEN = pendulum.datetime(2026, 11, 2, 6), pendulum.datetime(2026, 11, 2, 7)
OWN_FORM = "datetime(:{})"
"""How the file's own query takes a bound for a moment."""
AROUND_THE_BOUNDS = ("2026-11-01 23:59:59", "2026-11-02 00:00:00", "2026-11-02 06:59:59", "2026-11-02 07:00:00")
"""Of these, the second and the third are in the interval from six to seven, or in its overlap."""


@dataclass(frozen=True)
class Case:
    """A database, the type of its column, and the words that the file has for it."""

    backend: str
    column: str
    form: str
    offset: str = ""

    def __str__(self) -> str:
        return f"{self.backend}-{self.column}"


POSTGRES = [
    Case("postgresql", "TIMESTAMPTZ", "CAST(:{} AS timestamptz)", "+00"),
    Case("postgresql", "TIMESTAMP", "CAST(:{} AS timestamp)"),
]
CASES = [
    *POSTGRES,
    Case("mysql", "DATETIME", "CAST(LEFT(:{}, 19) AS datetime)"),
    Case("mysql", "DATETIME(6)", "CAST(LEFT(:{}, 19) AS datetime)"),
    Case("sqlite", "TEXT", OWN_FORM),
]


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, sa.Engine]]:
    """Databases whose sessions are nine hours ahead of UTC, where they have a time zone."""
    file = tmp_path_factory.mktemp("databases") / "warehouse.db"
    with postgres_database() as postgres, mariadb_database() as mariadb:
        engines = {
            "postgresql": sa.create_engine(postgres, poolclass=sa.NullPool),
            "mysql": sa.create_engine(
                mariadb, poolclass=sa.NullPool, connect_args={"init_command": "SET time_zone = '+09:00'"}
            ),
            "sqlite": sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool),
        }
        with engines["postgresql"].begin() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {postgres.database} SET timezone TO 'Asia/Tokyo'")
        yield engines


def fill(engine: sa.Engine, case: Case) -> None:
    """Make the table with rows on both sides of each bound."""
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS customers")
        connection.exec_driver_sql(
            "CREATE TABLE customers (customer_id INTEGER, email TEXT, first_name TEXT, last_name TEXT, mobile TEXT,"
            f" country TEXT, lifetime_value NUMERIC(12, 2), updated_at {case.column})"
        )
        for number, time in enumerate(AROUND_THE_BOUNDS):
            connection.exec_driver_sql(
                "INSERT INTO customers (customer_id, email, updated_at)"  # noqa: S608 - the test's own values
                f" VALUES ({number}, 'c{number}@example.com', '{time}{case.offset}')"
            )


def query_for(case: Case, sql: str) -> str:
    """Return the file's query in another database's words, which the file must have."""
    assert case.form.format("since") in (EXAMPLES / f"{NAME}.py").read_text(encoding="utf-8")
    for bound in ("since", "until"):
        assert OWN_FORM.format(bound) in sql
        sql = sql.replace(OWN_FORM.format(bound), case.form.format(bound))
    return sql.replace('"', "`") if case.backend in {"mysql", "mariadb"} else sql


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_bounds_are_moments_in_every_database(
    case: Case, example: Callable[[str], Any], databases: dict[str, sa.Engine]
) -> None:
    """With the bounds of a run that follows another one, the database reads the rows of the interval."""
    request = example(NAME).get_task(TASK_ID).request
    interval = next_interval(SIX, start=SIX, end=SEVEN, overlap=request.overlap, anew=False)
    assert interval.parameters == {"since": "2026-11-02 00:00:00+00:00", "until": "2026-11-02 07:00:00+00:00"}
    assert read_ids(databases[case.backend], case, request.sql, interval) == [1, 2]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_first_run_reads_from_the_beginning_of_time(
    case: Case, example: Callable[[str], Any], databases: dict[str, sa.Engine]
) -> None:
    """Every database reads the first run's bound as a time, too."""
    request = example(NAME).get_task(TASK_ID).request
    interval = next_interval(None, start=SIX, end=SEVEN, overlap=request.overlap, anew=False)
    assert interval.parameters["since"] == "1970-01-01 00:00:00+00:00"
    assert read_ids(databases[case.backend], case, request.sql, interval) == [0, 1, 2]


def read_ids(engine: sa.Engine, case: Case, sql: str, interval: Interval) -> list[int]:
    """Return the keys of the rows that the file's query reads in this database."""
    fill(engine, case)
    bounds = interval.parameters
    with read_source(engine, query_for(case, sql), None, optional=bounds, batch_size=10, name="warehouse") as source:
        return [row[0] for batch in source.batches() for row in batch]


@pytest.mark.parametrize("case", POSTGRES, ids=str)
def test_the_whole_example_over_postgresql(
    case: Case,
    example: Callable[[str], Any],
    databases: dict[str, sa.Engine],
    sandbox: SandboxServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The DAG through Airflow, with the driver that its provider chooses, sends the rows of two hours."""
    engine = databases[case.backend]
    fill(engine, case)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", airflow_connection(engine.url))
    dag = example(NAME)
    task = dag.get_task(TASK_ID)
    task.sql = query_for(case, task.sql)
    assert report(dag.test(logical_date=SEVEN), TASK_ID)["created"] == 3
    assert {contact.email for contact in sandbox.account.contacts} == {f"c{number}@example.com" for number in range(3)}
    following = report(dag.test(logical_date=SEVEN.add(hours=1)), TASK_ID)
    assert (following["read"], following["created"]) == (2, 1)
