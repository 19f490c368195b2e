"""The incremental example's bounds in every database that its file has words for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pendulum
import pytest
import sqlalchemy as sa

from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.store.source import read_source
from tests.dags.example import EXAMPLES, Warehouse, report
from tests.services import mariadb_database, postgres_database

NAME = "incremental_by_updated_at"
TASK_ID = "sync_changed_customers"
SEVEN = pendulum.datetime(2026, 11, 2, 7)
OWN_FORM = "datetime(:{})"
"""How the file's own query takes a bound for a moment."""
AROUND_THE_BOUNDS = ("2026-11-01 23:59:59", "2026-11-02 00:00:00", "2026-11-02 06:59:59", "2026-11-02 07:00:00")
"""Of these, the second and the third are in the interval that ends at seven, or in its overlap."""


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
    Case("postgresql+psycopg2", "TIMESTAMPTZ", "CAST(:{} AS timestamptz)", "+00"),
    Case("postgresql+psycopg2", "TIMESTAMP", "CAST(:{} AS timestamp)"),
]
CASES = [
    *POSTGRES,
    Case("mysql+pymysql", "DATETIME", "CAST(LEFT(:{}, 19) AS datetime)"),
    Case("mysql+pymysql", "DATETIME(6)", "CAST(LEFT(:{}, 19) AS datetime)"),
    Case("sqlite", "TEXT", OWN_FORM),
]


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, sa.Engine]]:
    """Databases whose sessions are nine hours ahead of UTC, where they have a time zone."""
    file = tmp_path_factory.mktemp("databases") / "warehouse.db"
    with postgres_database() as postgres, mariadb_database() as mariadb:
        engines = {
            "postgresql+psycopg2": sa.create_engine(postgres, poolclass=sa.NullPool),
            "mysql+pymysql": sa.create_engine(
                mariadb, poolclass=sa.NullPool, connect_args={"init_command": "SET time_zone = '+09:00'"}
            ),
            "sqlite": sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool),
        }
        with engines["postgresql+psycopg2"].begin() as connection:
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
    """The file's query in another database's words, which the file must tell."""
    assert case.form.format("since") in (EXAMPLES / f"{NAME}.py").read_text(encoding="utf-8")
    for bound in ("since", "until"):
        assert OWN_FORM.format(bound) in sql
        sql = sql.replace(OWN_FORM.format(bound), case.form.format(bound))
    return sql.replace('AS "custom.Lifetime Value"', "AS lifetime_value")  # MariaDB's quotes are others; not the matter


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_bounds_are_moments_in_every_database(
    case: Case, example: Callable[[str], Any], warehouse: Warehouse, databases: dict[str, sa.Engine]
) -> None:
    """With the parameters that Airflow has made of the templates, the database reads the rows of the interval."""
    from airflow.models.renderedtifields import RenderedTaskInstanceFields

    warehouse.insert("customers", {"customer_id": "C-1"})
    dag = example(NAME)
    ti = dag.test(logical_date=SEVEN).get_task_instance(TASK_ID)
    rendered = RenderedTaskInstanceFields.get_templated_fields(ti) or {}
    assert rendered["parameters"] == {"since": "2026-11-02 00:00:00+00:00", "until": "2026-11-02 07:00:00+00:00"}
    engine = databases[case.backend]
    fill(engine, case)
    sql = query_for(case, rendered["sql"])
    with read_source(engine, sql, rendered["parameters"], batch_size=10, name="warehouse") as source:
        assert [row[0] for batch in source.batches() for row in batch] == [1, 2]


@pytest.mark.parametrize("case", POSTGRES, ids=str)
def test_the_whole_example_over_postgresql(
    case: Case,
    example: Callable[[str], Any],
    databases: dict[str, sa.Engine],
    sandbox: SandboxServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The DAG through Airflow, with the driver that its provider chooses, sends the rows of its interval."""
    engine = databases[case.backend]
    fill(engine, case)
    url = engine.url
    connection = {"conn_type": "postgres", "host": url.host, "port": url.port, "login": url.username}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection | {"schema": url.database}))
    dag = example(NAME)
    task = dag.get_task(TASK_ID)
    task.sql = query_for(case, task.sql)
    task.mapping = {"lifetime_value": "custom.Lifetime Value"}
    assert report(dag.test(logical_date=SEVEN), TASK_ID)["created"] == 2
    assert {contact.email for contact in sandbox.account.contacts} == {"c1@example.com", "c2@example.com"}
