"""Queries for ClickHouse, Trino and SQL Server. case.py explains the notation."""

from __future__ import annotations

from typing import Final

from tests.lineage.case import Case


def _clickhouse(name: str, sql: str, /, tables: str = "", **columns: str) -> Case:
    return Case(name, "clickhouse", sql, columns, tables)


def _trino(name: str, sql: str, /, tables: str = "", **columns: str) -> Case:
    return Case(name, "trino", sql, columns, tables)


def _mssql(name: str, sql: str, /, tables: str = "", **columns: str) -> Case:
    return Case(name, "mssql", sql, columns, tables)


_CLICKHOUSE: Final = (
    _clickhouse(
        "final",
        "SELECT id, lower(Email) AS email FROM crm.Customers FINAL PREWHERE active",
        id="crm.Customers.id",
        email="crm.Customers.Email:T",
    ),
    _clickhouse(
        "the newest values",
        "SELECT id, argMax(email, updated_at) AS email, anyLast(name) AS name FROM events GROUP BY id",
        id="events.id",
        email="events.email:A events.updated_at:C",
        name="events.name:A",
    ),
    _clickhouse(
        "aggregates with a condition",
        "SELECT customer_id AS id, sumIf(total, paid) AS ltv, countIf(refunded) AS refunds FROM orders GROUP BY id",
        id="orders.customer_id",
        ltv="orders.total:A orders.paid:C",
        refunds="orders.refunded:C",
    ),
    _clickhouse(
        "an array join",
        "SELECT id, tag FROM customers ARRAY JOIN tags AS tag",
        id="customers.id",
        tag="customers.tags:T",
    ),
    _clickhouse(
        "an array join under its own name",
        "SELECT id, tags FROM customers ARRAY JOIN tags AS tags",
        id="customers.id",
        tags="customers.tags:T",
    ),
    _clickhouse(
        "an expression with a name before the query",
        "WITH 'crm' AS origin, lower(mail) AS clean SELECT id, clean AS email, origin AS source FROM leads",
        id="leads.id",
        email="leads.mail:T",
        source="constant",
    ),
    _clickhouse(
        "an alias used again, after it and before it",
        "SELECT upper(clean) AS email, lower(mail) AS clean, length(clean) AS size FROM leads",
        email="leads.mail:T",
        clean="leads.mail:T",
        size="leads.mail:T",
    ),
    _clickhouse(
        "limit by and numbers",
        "SELECT number AS id, 'test' AS source FROM numbers(10) LIMIT 1 BY id",
        id="computed",
        source="constant",
    ),
)

_TRINO: Final = (
    _trino(
        "an array taken apart",
        "SELECT c.id, t.tag FROM hive.crm.customers c CROSS JOIN UNNEST(c.tags) AS t (tag)",
        id="hive.crm.customers.id",
        tag="hive.crm.customers.tags:T",
    ),
    _trino(
        "an array with the name of its parts",
        "SELECT id, tags FROM crm.customers CROSS JOIN UNNEST(labels) AS labels (tags)",
        tables="crm.customers",
        id="crm.customers.id",
        tags="crm.customers.labels:T",
    ),
    _trino(
        "the newest value",
        "SELECT id, max_by(email, seen) AS email, approx_distinct(page) AS pages FROM web.visits GROUP BY id",
        id="web.visits.id",
        email="web.visits.email:A web.visits.seen:C",
        pages="web.visits.page:A",
    ),
    _trino(
        "two catalogs",
        "SELECT c.id, coalesce(c.email, l.mail) AS email FROM postgresql.public.customers c "
        "LEFT JOIN hive.raw.leads l ON l.id = c.id",
        id="postgresql.public.customers.id",
        email="postgresql.public.customers.email:T hive.raw.leads.mail:T",
    ),
    _trino(
        "json and try",
        "SELECT id, json_extract_scalar(doc, '$.email') AS email, try(cast(age AS integer)) AS age FROM raw.people",
        id="raw.people.id",
        email="raw.people.doc:T",
        age="raw.people.age:T",
    ),
    _trino(
        "fields of a row",
        "SELECT p.id, p.address.city AS city FROM crm.people p",
        id="crm.people.id",
        city="crm.people.address:T",
    ),
    _trino(
        "a window over groups",
        "SELECT id, first_value(email) OVER (PARTITION BY id ORDER BY at DESC) AS email FROM crm.signups",
        id="crm.signups.id",
        email="crm.signups.email:A crm.signups.id:W crm.signups.at:W",
    ),
)

_MSSQL: Final = (
    _mssql(
        "brackets and top",
        "SELECT TOP (100) c.[Id] AS id, c.[E-Mail] AS email FROM [Sales].[Customers] AS c WITH (NOLOCK)",
        id="Sales.Customers.Id",
        email="Sales.Customers.E-Mail",
    ),
    _mssql(
        "names in another case than before",
        "WITH Paid AS (SELECT CustomerId, Total FROM dbo.Orders) SELECT p.customerid AS id, SUM(p.TOTAL) AS ltv "
        "FROM PAID AS p GROUP BY p.customerid",
        id="dbo.Orders.CustomerId",
        ltv="dbo.Orders.Total:A",
    ),
    _mssql(
        "outer apply",
        "SELECT c.id, latest.city FROM dbo.customers c OUTER APPLY "
        "(SELECT TOP 1 a.city FROM dbo.addresses a WHERE a.customer_id = c.id ORDER BY a.since DESC) AS latest",
        id="dbo.customers.id",
        city="dbo.addresses.city",
    ),
    _mssql(
        "rows made of columns",
        "SELECT c.id, p.number AS phone FROM dbo.customers c CROSS APPLY (VALUES (c.mobile), (c.phone)) AS p (number)",
        id="dbo.customers.id",
        phone="dbo.customers.mobile dbo.customers.phone",
    ),
    _mssql(
        "a split text and json",
        "SELECT c.id, s.value AS tags, j.email FROM dbo.customers c CROSS APPLY STRING_SPLIT(c.labels, ',') AS s "
        "CROSS APPLY OPENJSON(c.profile) WITH (email nvarchar(99) '$.email') AS j",
        id="dbo.customers.id",
        tags="dbo.customers.labels:T",
        email="dbo.customers.profile:T",
    ),
    _mssql(
        "an alias before the expression",
        "SELECT id = c.customer_id, email = LOWER(c.mail), synced = SYSUTCDATETIME(), token = NEWID() FROM crm.leads c",
        id="crm.leads.customer_id",
        email="crm.leads.mail:T",
        synced="computed",
        token="computed",
    ),
    _mssql(
        "a function of the database over a column",
        "SELECT c.id, dbo.clean_phone(c.mobile) AS phone, IIF(c.vip = 1, 'vip', 'all') AS tags "
        "FROM shop.dbo.customers c",
        id="shop.dbo.customers.id",
        phone="shop.dbo.customers.mobile:T",
        tags="shop.dbo.customers.vip:C",
    ),
    _mssql(
        "a list from rows",
        "SELECT c.id, STRING_AGG(t.name, ',') WITHIN GROUP (ORDER BY t.place) AS tags FROM dbo.customers c "
        "JOIN dbo.tags t ON t.customer_id = c.id GROUP BY c.id",
        id="dbo.customers.id",
        tags="dbo.tags.name:A dbo.tags.place:W",
    ),
)

CLICKHOUSE_TRINO_MSSQL: Final = (*_CLICKHOUSE, *_TRINO, *_MSSQL)
