"""Queries whose rows come from files, functions and other servers, in six dialects. case.py explains the notation."""

from __future__ import annotations

from typing import Final

from tests.lineage.case import Case


def _case(backend: str, name: str, sql: str, /, tables: str = "", **columns: str) -> Case:
    return Case(name, backend, sql, columns, tables)


_UNSEEN: Final = (
    ("duckdb", "a file of Parquet", "SELECT id, email FROM read_parquet('s3://lake/customers/*.parquet')"),
    ("duckdb", "a file of CSV", "SELECT id, email FROM read_csv('customers.csv', header = true) AS c"),
    (
        "duckdb",
        "a file in place of a table",
        "SELECT id, email FROM 'exports/customers.parquet' WHERE email IS NOT NULL",
    ),
    ("duckdb", "another database's table", "SELECT id, email FROM postgres_scan('host=db', 'public', 'customers')"),
    ("postgresql", "another server", "SELECT x.id, x.email FROM dblink('db', 'SELECT 1') AS x (id int, email text)"),
    ("postgresql", "a function that returns a table", "SELECT id, email FROM get_customers(5)"),
    ("postgresql", "a function that returns a row", "SELECT (get_customer(5)).id, (get_customer(5)).email"),
    ("postgresql", "several functions", "SELECT r.id, r.email FROM ROWS FROM (ids(), emails()) AS r (id, email)"),
    ("bigquery", "an external query", "SELECT id, email FROM EXTERNAL_QUERY('eu.shop', 'SELECT id, email FROM c')"),
    (
        "clickhouse",
        "a table of PostgreSQL",
        "SELECT id, email FROM postgresql('db:5432', 'shop', 'customers', 'u', 'p')",
    ),
    ("clickhouse", "a table of another server", "SELECT id, email FROM remote('host', db.people)"),
    ("clickhouse", "a bucket", "SELECT id, email FROM s3('https://lake.example.com/customers.csv', 'CSV')"),
    ("trino", "a query to another database", "SELECT id, email FROM TABLE(shop.system.query(query => 'SELECT 1'))"),
    ("snowflake", "a stage", "SELECT $1 AS id, t.$2 AS email FROM @raw/customers.csv (FILE_FORMAT => csv) t"),
    ("snowflake", "the user's stage", "SELECT $1 AS id, $2 AS email FROM @~/customers.csv"),
    ("snowflake", "a function that returns a table", "SELECT id, email FROM TABLE(crm.get_customers(5))"),
    ("snowflake", "an earlier query", "SELECT id, email FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))"),
    ("snowflake", "a table that a variable names", "SELECT id, email FROM IDENTIFIER($source)"),
    ("duckdb", "a file with an ending that is new", 'SELECT c.id, c.email FROM "customers.vortex" AS c'),
    ("duckdb", "a query in a text", "SELECT id, email FROM query('SELECT id, email FROM customers')"),
    ("snowflake", "a directory of a stage", "SELECT id, email FROM DIRECTORY(@raw)"),
    ("clickhouse", "a dictionary in place of a table", "SELECT id, email FROM dictionary('people')"),
    ("mssql", "a temporary table", "SELECT t.id, t.email FROM #customers AS t"),
    ("mssql", "a temporary table of all sessions", "SELECT t.id, t.email FROM ##customers AS t"),
    ("mssql", "a table in a variable", "SELECT id, email FROM @customers"),
    ("mssql", "an open query", "SELECT id, email FROM OPENQUERY(srv, 'SELECT id, email FROM people')"),
    ("mssql", "a linked server", "SELECT id, email FROM srv.shop.dbo.people"),
    ("mssql", "a data source", "SELECT id, email FROM OPENDATASOURCE('MSOLEDBSQL', 'x').shop.dbo.people"),
    ("mssql", "a function that returns a table", "SELECT f.id, f.email FROM dbo.get_customers(5) AS f"),
)
"""The database, what is special, and a query whose text does not show the source of `id` and `email`."""

FILES: Final = (
    *(Case(name, backend, sql, {"id": "?", "email": "?"}) for backend, name, sql in _UNSEEN),
    _case(
        "duckdb",
        "columns by a pattern",
        "SELECT id, COLUMNS('em.*'), name FROM customers",
        id="customers.id",
        email="?",
        emergency_phone="?",
        name="customers.name",
    ),
    _case(
        "duckdb",
        "a star by a pattern",
        "SELECT * LIKE 'em%', upper(name) AS name FROM customers",
        email="?",
        name="customers.name:T",
    ),
    _case(
        "duckdb",
        "an aggregate of each column",
        "SELECT max(COLUMNS(*)) FROM customers",
        tables="customers",
        id="?",
        email="?",
    ),
    _case(
        "duckdb",
        "a table beside a file",
        "SELECT c.id, f.email FROM customers c JOIN read_csv('emails.csv') f ON f.id = c.id",
        id="customers.id",
        email="?",
    ),
    _case(
        "duckdb",
        "a star over a table and a file",
        "SELECT c.*, f.email FROM customers c LEFT JOIN 'emails.parquet' f USING (id)",
        id="customers.id",
        name="customers.name",
        email="?",
    ),
    _case(
        "duckdb",
        "a file through a common table expression",
        "WITH raw AS (SELECT * FROM read_json('people.json')) "
        "SELECT id, lower(email) AS email, 'file' AS source FROM raw",
        id="?",
        email="?",
        source="constant",
    ),
    _case(
        "snowflake",
        "a stage that tells of its files",
        "SELECT METADATA$FILENAME AS source, 'x' AS tags FROM @raw/customers",
        source="?",
        tags="constant",
    ),
    _case(
        "snowflake",
        "a sequence and a column that a variable names",
        "SELECT ids.NEXTVAL AS id, IDENTIFIER('email') AS email, OBJECT_CONSTRUCT(*) AS row FROM customers",
        tables="CUSTOMERS",
        id="?",
        email="?",
        row="?",
    ),
    _case(
        "bigquery",
        "a model",
        "SELECT id, predicted_score FROM ML.PREDICT(MODEL `crm.churn`, (SELECT id, spent FROM crm.customers))",
        tables="crm.customers",
        id="?",
        predicted_score="?",
    ),
    _case(
        "clickhouse",
        "a dictionary",
        "SELECT id, dictGet('regions', 'name', region_id) AS state FROM customers",
        id="customers.id",
        state="?",
    ),
    _case(
        "mssql",
        "a sequence",
        "SELECT NEXT VALUE FOR crm.ids AS id, email FROM crm.customers",
        id="?",
        email="crm.customers.email",
    ),
    _case(
        "bigquery",
        "a model without a column",
        "SELECT id, AI.GENERATE('a city') AS city FROM crm.customers",
        id="crm.customers.id",
        city="?",
    ),
    _case(
        "snowflake",
        "a variable of the session: $source",
        "SELECT id, $source AS email FROM crm.customers",
        id="CRM.CUSTOMERS.ID",
        email="?",
    ),
    _case(
        "mssql",
        "a variable of the session: @source",
        "SELECT id, @source AS email FROM crm.customers",
        id="crm.customers.id",
        email="?",
    ),
    _case(
        "mssql",
        "a variable of the session: @@SERVERNAME",
        "SELECT id, @@SERVERNAME AS email FROM crm.customers",
        id="crm.customers.id",
        email="?",
    ),
    _case(
        "bigquery",
        "a variable of the session: @@session_id",
        "SELECT id, @@session_id AS email FROM crm.customers",
        id="crm.customers.id",
        email="?",
    ),
    _case(
        "mysql",
        "a variable that changes from row to row",
        "SELECT @n := @n + 1 AS id, email FROM customers",
        id="?",
        email="customers.email",
    ),
    _case(
        "postgresql",
        "a function that may read a table",
        "SELECT id, coalesce(email, default_email()) AS email, current_setting('app.source') AS source FROM customers",
        id="customers.id",
        email="customers.email:T",
        source="?",
    ),
)
