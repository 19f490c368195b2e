"""Queries for DuckDB, Snowflake, BigQuery, ClickHouse, Trino and SQL Server. case.py explains the notation."""

from __future__ import annotations

from typing import Final

from tests.lineage.case import Case


def _duckdb(name: str, sql: str, /, tables: str = "", **columns: str) -> Case:
    return Case(name, "duckdb", sql, columns, tables)


def _snowflake(name: str, sql: str, /, tables: str = "", **columns: str) -> Case:
    return Case(name, "snowflake", sql, columns, tables)


def _bigquery(name: str, sql: str, /, tables: str = "", **columns: str) -> Case:
    return Case(name, "bigquery", sql, columns, tables)


_DUCKDB: Final = (
    _duckdb(
        "from first",
        "FROM crm.customers SELECT id, lower(email) AS email",
        id="crm.customers.id",
        email="crm.customers.email:T",
    ),
    _duckdb(
        "only a from",
        "FROM customers",
        id="customers.id",
        email="customers.email",
    ),
    _duckdb(
        "star without some and with a changed one",
        "SELECT * EXCLUDE (password) REPLACE (lower(email) AS email) FROM customers",
        id="customers.id",
        email="customers.email:T",
    ),
    _duckdb(
        "a list taken apart",
        "SELECT c.id, unnest(c.emails) AS email FROM customers c",
        id="customers.id",
        email="customers.emails:T",
    ),
    _duckdb(
        "fields of a struct",
        "SELECT c.id, c.address.city AS city, name.first AS first_name FROM customers c",
        id="customers.id",
        city="customers.address:T",
        first_name="customers.name:T",
    ),
    _duckdb(
        "group by all",
        "SELECT customer_id AS id, sum(total) AS ltv, arg_max(city, placed_at) AS city FROM orders GROUP BY ALL",
        id="orders.customer_id",
        ltv="orders.total:A",
        city="orders.city:A orders.placed_at:C",
    ),
    _duckdb(
        "an as-of join",
        "SELECT c.id, p.tier AS tags FROM customers c "
        "ASOF JOIN prices p ON p.country = c.country AND c.since >= p.since",
        id="customers.id",
        tags="prices.tier",
    ),
)

_SNOWFLAKE: Final = (
    _snowflake(
        "flatten in a table function",
        "SELECT c.id, f.value::string AS tags FROM crm.customers c, TABLE(FLATTEN(INPUT => c.labels)) f",
        id="CRM.CUSTOMERS.ID",
        tags="CRM.CUSTOMERS.LABELS:T",
    ),
    _snowflake(
        "a split text",
        "SELECT c.id, s.value AS tags FROM customers c, LATERAL SPLIT_TO_TABLE(c.tags, ',') s",
        id="CUSTOMERS.ID",
        tags="CUSTOMERS.TAGS:T",
    ),
    _snowflake(
        "a quoted table",
        """SELECT "Id" AS id, "E-Mail" AS email FROM "Crm"."People" AT (OFFSET => -3600)""",
        ID="Crm.People.Id",
        EMAIL="Crm.People.E-Mail",
    ),
    _snowflake(
        "rows that are generated",
        "SELECT SEQ4() AS id, 'test' AS source FROM TABLE(GENERATOR(ROWCOUNT => 3))",
        ID="computed",
        SOURCE="constant",
    ),
    _snowflake(
        "newest by an aggregate",
        "SELECT customer_id AS id, MAX_BY(email, updated_at) AS email, BOOLOR_AGG(paid) AS tags FROM events GROUP BY 1",
        ID="EVENTS.CUSTOMER_ID",
        EMAIL="EVENTS.EMAIL:A EVENTS.UPDATED_AT:C",
        TAGS="EVENTS.PAID:A",
    ),
    _snowflake(
        "a pivot",
        "SELECT * FROM (SELECT customer_id, month, total FROM sales) PIVOT (SUM(total) FOR month IN ('JAN', 'FEB'))",
        tables="SALES",
        CUSTOMER_ID="?",
        JAN="?",
    ),
    _snowflake(
        "a semi-structured column of a view",
        "WITH e AS (SELECT src:user.id::int AS id, src:user.mail::string AS mail FROM raw.events) "
        "SELECT e.id, e.mail AS email, c.name FROM e JOIN crm.customers c ON c.id = e.id",
        ID="RAW.EVENTS.SRC:T",
        EMAIL="RAW.EVENTS.SRC:T",
        NAME="CRM.CUSTOMERS.NAME",
    ),
)

_BIGQUERY: Final = (
    _bigquery(
        "an array with its positions",
        "SELECT c.id, label AS tags FROM crm.customers AS c CROSS JOIN UNNEST(c.labels) AS label WITH OFFSET AS place",
        id="crm.customers.id",
        tags="crm.customers.labels:T",
    ),
    _bigquery(
        "an array of structs",
        "SELECT e.user_id AS id, (SELECT p.value FROM UNNEST(e.params) AS p WHERE p.key = 'mail') AS email "
        "FROM web.events e",
        id="web.events.user_id",
        email="web.events.params:T",
    ),
    _bigquery(
        "newest by an array",
        "SELECT id, ARRAY_AGG(email ORDER BY seen DESC LIMIT 1)[OFFSET(0)] AS email FROM crm.visits GROUP BY id",
        id="crm.visits.id",
        email="crm.visits.email:A crm.visits.seen:W",
    ),
    _bigquery(
        "a parameter and a safe parse",
        "SELECT id, @source AS source, SAFE.PARSE_DATE('%F', born) AS date_of_birth FROM `acme-prod`.crm.customers",
        id="acme-prod.crm.customers.id",
        source="constant",
        date_of_birth="acme-prod.crm.customers.born:T",
    ),
    _bigquery(
        "the newest row",
        "SELECT id, email FROM crm.signups WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY at DESC) = 1",
        id="crm.signups.id",
        email="crm.signups.email",
    ),
    _bigquery(
        "a struct as a value",
        "SELECT s.who.id, s.who.mail AS email FROM (SELECT STRUCT(id, mail) AS who FROM crm.leads) AS s",
        id="crm.leads.id:T crm.leads.mail:T",
        email="crm.leads.id:T crm.leads.mail:T",
    ),
)

DUCKDB_SNOWFLAKE_BIGQUERY: Final = (*_DUCKDB, *_SNOWFLAKE, *_BIGQUERY)
