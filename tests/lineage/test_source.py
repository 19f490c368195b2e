"""How source databases and their tables are named, beside OpenLineage's own naming and over real servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
import sqlalchemy as sa
from openlineage.client.naming import dataset as naming

from leadway_provider.lineage.query import Table
from leadway_provider.lineage.source import SourceDatabase
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from tests.operators.task import TaskInstance, Warehouse
from tests.services import mariadb_database, postgres_database


@pytest.mark.parametrize(
    ("url", "schema", "table", "specified"),
    [
        (
            "postgresql://u:p@db.example.com/shop",
            "crm",
            Table("c"),
            naming.Postgres("db.example.com", "5432", "shop", "crm", "c"),
        ),
        ("postgresql+psycopg://h:6432/shop", None, Table("c", "raw"), naming.Postgres("h", "6432", "shop", "raw", "c")),
        ("mysql+pymysql://h/shop", "shop", Table("c"), naming.MySQL("h", "3306", "shop", "c")),
        ("mariadb://h:3307/shop", "shop", Table("c", "other"), naming.MySQL("h", "3307", "other", "c")),
        (
            "snowflake://u:p@acme-prod/analytics/crm?warehouse=wh",
            None,
            Table("C"),
            naming.Snowflake("acme", "prod", "ANALYTICS", "CRM", "C"),
        ),
        (
            "snowflake://u:p@acme-prod/analytics",
            "staging",
            Table("C", "", "RAW"),
            naming.Snowflake("acme", "prod", "RAW", "STAGING", "C"),
        ),
        ("bigquery://acme/crm", None, Table("c"), naming.BigQuery("acme", "crm", "c")),
        ("bigquery://acme/crm", None, Table("c", "web", "lake"), naming.BigQuery("lake", "web", "c")),
        ("trino://h:8080/hive", "web", Table("c"), naming.Trino("h", "8080", "hive", "web", "c")),
    ],
)
def test_datasets_are_named_as_openlineage_names_them(
    url: str, schema: str | None, table: Table, specified: naming.DatasetNaming
) -> None:
    """The client's own naming, made from the same parts, gives the same name."""
    named = of_url(url, schema).table(table)
    assert (named.namespace, named.name) == (specified.get_namespace(), specified.get_name())


@pytest.mark.parametrize(
    ("url", "table", "expected"),
    [
        ("sqlite:////data/shop.db", Table("c"), ("sqlite:///data/shop.db", "c")),
        ("sqlite:////data/shop.db", Table("c", "attached"), ("sqlite:///data/shop.db", "attached.c")),
        ("duckdb:////data/shop.duckdb", Table("c"), ("duckdb:///data/shop.duckdb", "shop.main.c")),
        ("duckdb:///:memory:", Table("c", "raw"), ("duckdb://:memory:", "memory.raw.c")),
    ],
)
def test_files_are_named_by_their_path(url: str, table: Table, expected: tuple[str, str]) -> None:
    """The specification has no rule for them; dbt's integration names DuckDB so."""
    assert of_url(url, None).table(table) == expected


def of_url(url: str, schema: str | None) -> SourceDatabase:
    """The database behind a URL."""
    scheme, _, _ = url.partition("+")
    known = sa.make_url(url)
    return SourceDatabase(scheme.partition(":")[0], known.host, known.port, known.database, schema)


@pytest.fixture(params=[postgres_database, mariadb_database])
def server(request: pytest.FixtureRequest) -> Iterator[sa.URL]:
    """A database of its own on a real server, with customers."""
    with request.param() as url:
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE customers (id INTEGER, email VARCHAR(99))")
            connection.exec_driver_sql("INSERT INTO customers VALUES (1, 'ann@example.com')")
        engine.dispose()
        yield url


def test_a_real_servers_tables_are_named_with_its_default_schema(
    server: sa.URL, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The live connection tells the schema: on PostgreSQL the first of the search path, on MariaDB the database."""
    engines = {"server": sa.create_engine(server), "state": sa.create_engine(f"sqlite:///{warehouse.state}")}
    database = server.database
    expected: naming.DatasetNaming = naming.MySQL("127.0.0.1", "3306", database or "", "customers")
    if server.get_backend_name() == "postgresql":
        with engines["server"].begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA crm")
            connection.exec_driver_sql("ALTER TABLE customers SET SCHEMA crm")
            connection.exec_driver_sql(f"ALTER DATABASE {database} SET search_path TO crm")
        engines["server"] = sa.create_engine(server)
        expected = naming.Postgres("127.0.0.1", "5432", database or "", "crm", "customers")
    for room in ("operators.execution", "operators.lineage", "hooks.state"):
        monkeypatch.setattr(f"leadway_provider.{room}.sql_engine", engines.__getitem__)
    operator = LeadwayUpsertContactsOperator(
        task_id="sync", sql="SELECT id, email FROM customers", sql_conn_id="server", key="id", state_conn_id="state"
    )
    started = operator.get_openlineage_facets_on_start()
    assert started
    assert [each.name for each in started.inputs] == [expected.get_name()]
    assert operator.execute(cast("Any", {"ti": TaskInstance()}))["created"] == 1
    lineage = operator.get_openlineage_facets_on_complete(None)
    assert lineage
    assert [(each.namespace, each.name) for each in lineage.inputs] == [(expected.get_namespace(), expected.get_name())]
    [fed] = lineage.outputs[0].facets["columnLineage"].fields["email"].inputFields
    assert (fed.namespace, fed.name, fed.field) == (expected.get_namespace(), expected.get_name(), "email")
    engines["server"].dispose()
