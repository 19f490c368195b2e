"""The names of source databases and their tables, compared with OpenLineage's own and with real servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
import sqlalchemy as sa
from airflow.sdk import Connection
from openlineage.client.naming import dataset as naming

from leadway_provider.lineage.connection import source_database
from leadway_provider.lineage.origin import Origin, Table
from leadway_provider.lineage.run import RunLineage
from leadway_provider.lineage.source import SourceDatabase
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.source.schemas import Schemas
from tests.operators.task import TaskInstance
from tests.services import airflow_connection, mariadb_database, postgres_database


@pytest.mark.parametrize(
    ("url", "schema", "table", "specified"),
    [
        (
            "postgresql://u:p@DB.Example.com/shop",
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
            naming.Snowflake("acme", "prod", "RAW", "PUBLIC", "C"),
        ),
        (
            "snowflake://u:p@acme-prod/analytics",
            "staging",
            Table("Customers", "Crm"),
            naming.Snowflake("acme", "prod", "ANALYTICS", "CRM", "CUSTOMERS"),
        ),
        ("bigquery://acme/crm", None, Table("c"), naming.BigQuery("acme", "crm", "c")),
        ("bigquery://acme/crm", None, Table("c", "web", "lake"), naming.BigQuery("lake", "web", "c")),
        ("trino://h/hive/web", None, Table("c"), naming.Trino("h", "8080", "hive", "web", "c")),
        ("oracle://h/xe", "crm", Table("C"), naming.Oracle("h", "1521", "XE", "CRM", "C")),
    ],
)
def test_datasets_are_named_as_openlineage_names_them(
    url: str, schema: str | None, table: Table, specified: naming.DatasetNaming
) -> None:
    """Where the hook has no names, the client's own naming, made from the same parts, gives the same name."""
    named = database(url).where(Schemas(schema)).table(table)
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
    """OpenLineage has no rule for SQLite and DuckDB; its dbt integration names DuckDB in this way."""
    assert database(url).table(table) == expected


ODBC = "mysql+pyodbc:///?odbc_connect=DRIVER%3D%7BMySQL%7D%3BSERVER%3Ddb"


@pytest.mark.parametrize(
    ("connection", "url", "expected"),
    [
        ({"host": "DB.example.com", "schema": "shop"}, ODBC, "mysql://db.example.com:3306 shop.c"),
        ({"host": "db.example.com", "port": 3307, "schema": "shop"}, ODBC, "mysql://db.example.com:3307 shop.c"),
        ({"host": "tcp:db,1434", "schema": "shop"}, "mssql+pyodbc:///?odbc_connect=x", "mssql://db:1434 shop.dbo.c"),
        (
            {"host": "jdbc:postgresql://DB.example.com/shop?ssl=true"},
            "postgresql+jaydebeapi://jdbc:1/",
            "postgres://db.example.com:5432 shop.dbo.c",
        ),
        (
            {"host": "jdbc:sqlserver://db.example.com:1434;encrypt=true;databaseName=shop"},
            "mssql://",
            "mssql://db.example.com:1434 shop.dbo.c",
        ),
        (
            {"host": "jdbc:mysql://u:secret@db.example.com", "schema": "shop"},
            "mysql://",
            "mysql://db.example.com:3306 shop.c",
        ),
    ],
)
def test_a_server_that_the_url_hides_is_that_of_the_connection(
    connection: dict[str, Any], url: str, expected: str
) -> None:
    """A URL of ODBC or JDBC has no host of its own."""
    named = database(url, **connection).where(Schemas("dbo")).table(Table("c"))
    assert " ".join(named) == expected


@pytest.mark.parametrize(
    ("connection", "url"),
    [
        ({"extra": {"dsn": "shop"}}, "mysql+pyodbc:///?odbc_connect=DSN%3Dshop"),
        ({"host": r"db\EXPRESS"}, "mssql+pyodbc:///?odbc_connect=x"),
        ({"host": "jdbc:oracle:thin:@db:1521:XE"}, "oracle://"),
        ({"host": "jdbc:postgresql://db:port/shop"}, "postgresql://"),
    ],
)
def test_a_database_that_the_connection_does_not_show_has_no_tables(connection: dict[str, Any], url: str) -> None:
    """Its columns are unresolved, and their dataset names the connection instead of a server."""
    source = database(url, **connection)
    run = RunLineage("s", "w", source, "SELECT id FROM customers", "h", "l", ("id",), columns=("id",))
    assert run.query().tables == ()
    assert [each.origin for each in run.query().columns] == [Origin.UNRESOLVED]
    assert "does not show which database" in (run.query().problem or "")
    assert source.result("s").namespace == "airflow-connection://w"


def database(url: str, **connection: Any) -> SourceDatabase:
    """Return the database of a connection whose hook has no names for OpenLineage."""
    return source_database(Connection(conn_id="w", conn_type="unknown", **connection), Address(url))


class Address:
    """A SQLAlchemy URL of a dialect that need not be installed."""

    def __init__(self, url: str) -> None:
        parsed = sa.make_url(url)
        self.host, self.port, self.database, self.query = parsed.host, parsed.port, parsed.database, parsed.query
        self.backend = parsed.drivername.partition("+")[0]

    def get_backend_name(self) -> str:
        """Return the backend, without its driver."""
        return self.backend


@pytest.fixture(params=[postgres_database, mariadb_database])
def server(request: pytest.FixtureRequest) -> Iterator[sa.URL]:
    """Create a database with customers on a real server, and return its URL."""
    with request.param() as url:
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE customers (id INTEGER, email VARCHAR(99))")
            connection.exec_driver_sql("INSERT INTO customers VALUES (1, 'ann@example.com')")
        engine.dispose()
        yield url


@pytest.mark.usefixtures("warehouse")
def test_a_real_servers_tables_are_named_with_its_default_schema(
    server: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schema is read from the live connection: PostgreSQL's first of the search path, or MariaDB's database."""
    database = server.database
    expected: naming.DatasetNaming = naming.MySQL("127.0.0.1", "3306", database or "", "customers")
    if server.get_backend_name() == "postgresql":
        with sa.create_engine(server, poolclass=sa.NullPool).begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA crm")
            connection.exec_driver_sql("ALTER TABLE customers SET SCHEMA crm")
            connection.exec_driver_sql(f"ALTER DATABASE {database} SET search_path TO crm")
        expected = naming.Postgres("127.0.0.1", "5432", database or "", "crm", "customers")
    monkeypatch.setenv("AIRFLOW_CONN_SERVER", airflow_connection(server))
    operator = LeadwayUpsertContactsOperator(
        task_id="sync",
        sql="SELECT id, email FROM customers",
        sql_conn_id="server",
        key="id",
        state_conn_id="state",
        dry_run=True,
        plan_to="server:plan",
    )
    started = operator.get_openlineage_facets_on_start()
    assert started
    assert [each.name for each in started.inputs] == [expected.get_name()]
    assert operator.execute(cast("Any", {"ti": TaskInstance()}))["creates"] == 1
    lineage = operator.get_openlineage_facets_on_complete(None)
    assert lineage
    assert [(each.namespace, each.name) for each in lineage.inputs] == [(expected.get_namespace(), expected.get_name())]
    contacts, plan = lineage.outputs
    [source] = contacts.facets["columnLineage"].fields["email"].inputFields
    assert (source.namespace, source.name, source.field) == (expected.get_namespace(), expected.get_name(), "email")
    assert (plan.namespace, plan.name) == (
        expected.get_namespace(),
        f"{expected.get_name().removesuffix('customers')}plan",
    )
