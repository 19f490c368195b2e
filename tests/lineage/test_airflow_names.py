"""The names of tables, compared with those that Airflow's own OpenLineage gives for the same connection.

The hook of PostgreSQL is always asked; hooks of other providers are asked where these are installed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Final, cast

import pytest
import sqlalchemy as sa
from airflow.providers.openlineage.sqlparser import SQLParser, get_openlineage_facets_with_sql
from airflow.sdk import Connection

from leadway_provider.lineage.connection import source_database
from leadway_provider.lineage.query import read_query
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from tests.operators.task import TaskInstance
from tests.services import postgres_database

SNOWFLAKE: Final = {"conn_type": "snowflake", "login": "u", "password": "p", "schema": "crm"}
CONNECTIONS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("postgres", "postgresql", {"conn_type": "postgres", "host": "DB.Example.com", "schema": "shop"}),
    ("postgres", "postgresql", {"conn_type": "postgres", "host": "db.example.com", "port": 6432, "schema": "shop"}),
    (
        "postgres",
        "postgresql",
        {"conn_type": "postgres", "host": "10.0.0.7", "schema": "Shop", "login": "a", "password": "b"},
    ),
    ("postgres", "postgresql", {"conn_type": "postgres", "schema": "shop"}),
    ("mysql", "mysql", {"conn_type": "mysql", "host": "DB.Example.com", "schema": "shop"}),
    ("microsoft.mssql", "mssql", {"conn_type": "mssql", "host": "DB.Example.com", "schema": "shop"}),
    ("trino", "trino", {"conn_type": "trino", "host": "DB.Example.com", "extra": {"catalog": "lake"}}),
    (
        "jdbc",
        "postgresql",
        {"conn_type": "jdbc", "host": "jdbc:postgresql://db.example.com:5432/shop", "schema": "shop"},
    ),
    ("snowflake", "snowflake", SNOWFLAKE | {"extra": {"account": "xy12345", "database": "shop"}}),
    ("snowflake", "snowflake", SNOWFLAKE | {"extra": {"account": "xy12345.eu-central-1", "database": "shop"}}),
    ("snowflake", "snowflake", SNOWFLAKE | {"extra": {"account": "acme-prod", "database": "Shop"}}),
)
_QUOTED: Final = ("crm.customers", '"Crm"."Customers"', "lake.crm.customers", 'lake."Crm"."Customers"')
WRITTEN: Final = {
    "postgresql": _QUOTED,
    "snowflake": (*_QUOTED, "Crm.Customers", "LAKE.Crm.customers"),
    "mssql": (*_QUOTED, "Crm.Customers", "[Lake].[Crm].[Customers]", "[Sales Data].dbo.Customers"),
    "trino": ("crm.customers", "lake.crm.customers"),
}
"""How a query may write a table."""
ASKED: Final = [each[1:] for each in CONNECTIONS if find_spec(f"airflow.providers.{each[0].partition('.')[0]}")]


@pytest.mark.parametrize(
    ("backend", "connection", "table"),
    [(*each, table) for each in ASKED for table in WRITTEN.get(each[0], ("crm.customers",))],
)
def test_a_table_has_the_name_that_the_hook_gives_it(
    backend: str, connection: dict[str, Any], table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Namespace and name of a table with a schema are those that Airflow's parser makes of the hook's own facts."""
    sql = f"SELECT id, email FROM {table}"  # noqa: S608 - of this test's own names
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))
    made = Connection.get("warehouse")
    hook = cast("Any", made).get_hook()
    info = hook.get_openlineage_database_info(made)
    if info is None:
        pytest.skip("earlier versions of this hook know no database")
    parser = SQLParser(hook.get_openlineage_database_dialect(made))
    parsed = parser.parse(sql)
    assert parsed
    [[airflows], _] = parser.get_metadata_from_parser(
        parsed.in_tables, [], info, namespace=parser.create_namespace(info)
    )
    source = source_database(made, Address(backend, connection))
    [found] = read_query(sql, backend).tables
    assert source.table(found) == (airflows.namespace, airflows.name)


class Address:
    """The URL of an engine, as far as the lineage needs it."""

    query: Final[dict[str, str]] = {}

    def __init__(self, backend: str, connection: dict[str, Any]) -> None:
        self.backend, self.host, self.port = backend, connection.get("host"), connection.get("port")
        self.database = connection.get("schema")

    def get_backend_name(self) -> str:
        """Return the backend, without its driver."""
        return self.backend


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.URL]:
    """Create a database with a search path of two schemas: `orders` is in the first, `customers` in the second."""
    with postgres_database() as url:
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            for statement in (
                "CREATE SCHEMA app",
                "CREATE SCHEMA crm",
                "CREATE TABLE app.orders (customer_id INTEGER, total NUMERIC)",
                "CREATE TABLE crm.customers (id INTEGER, email TEXT)",
                "INSERT INTO crm.customers VALUES (1, 'ann@example.com')",
                f"ALTER DATABASE {url.database} SET search_path TO app, crm",
            ):
                connection.exec_driver_sql(statement)
        engine.dispose()
        address = {"conn_type": "postgres", "host": "LocalHost", "port": url.port, "login": url.username}
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({**address, "schema": url.database}))
        yield url


@pytest.mark.usefixtures("warehouse")
def test_tables_are_named_by_the_schema_where_they_are(shop: sa.URL) -> None:
    """The first and the last event have them, and with them every dataset that Airflow's own operators find.

    Airflow looks for each table in the first schema only, so it does not find the customers.
    """
    sql = "SELECT c.id, c.email FROM customers c LEFT JOIN orders o ON o.customer_id = c.id"
    hook = cast("Any", Connection.get("shop")).get_hook()
    airflows = get_openlineage_facets_with_sql(hook, sql, "shop", None, use_connection=True)
    assert airflows
    namespace = f"postgres://localhost:{shop.port}"
    expected = {(namespace, f"{shop.database}.app.orders"), (namespace, f"{shop.database}.crm.customers")}
    assert {(each.namespace, each.name) for each in airflows.inputs} == {(namespace, f"{shop.database}.app.orders")}
    operator = LeadwayUpsertContactsOperator(
        task_id="sync", sql=sql, sql_conn_id="shop", key="id", state_conn_id="state"
    )
    started = operator.get_openlineage_facets_on_start()
    assert operator.execute(cast("Any", {"ti": TaskInstance()}))["created"] == 1
    for lineage in (started, operator.get_openlineage_facets_on_complete(None)):
        assert lineage
        assert {(each.namespace, each.name) for each in lineage.inputs} == expected
        [source] = lineage.outputs[0].facets["columnLineage"].fields["email"].inputFields
        assert (source.namespace, source.name) in expected
