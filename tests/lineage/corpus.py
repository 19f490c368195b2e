"""Queries as data engineers write them, in five dialects, and the whole corpus. case.py explains the notation."""

from __future__ import annotations

from typing import Final

from tests.lineage.case import Case
from tests.lineage.corpus_files import FILES
from tests.lineage.corpus_postgres import POSTGRES
from tests.lineage.corpus_servers import CLICKHOUSE_TRINO_MSSQL
from tests.lineage.corpus_warehouses import DUCKDB_SNOWFLAKE_BIGQUERY


def _mysql(name: str, sql: str, /, tables: str = "", **columns: str) -> Case:
    return Case(name, "mysql", sql, columns, tables)


def _sqlite(name: str, sql: str, /, tables: str = "", **columns: str) -> Case:
    return Case(name, "sqlite", sql, columns, tables)


def _snowflake(name: str, sql: str, /, tables: str = "", **columns: str) -> Case:
    return Case(name, "snowflake", sql, columns, tables)


def _bigquery(name: str, sql: str, /, tables: str = "", **columns: str) -> Case:
    return Case(name, "bigquery", sql, columns, tables)


_MYSQL: Final = (
    _mysql(
        "back-ticks and another database",
        "SELECT `c`.`id`, `c`.`E-Mail` AS `email` FROM `shop`.`customers` AS `c`",
        id="shop.customers.id",
        email="shop.customers.E-Mail",
    ),
    _mysql(
        "concat and if",
        "SELECT id, CONCAT_WS(' ', first_name, last_name) AS name, IF(newsletter, 'active', email) AS tags, "
        "IFNULL(mobile, phone) AS phone FROM customers",
        id="customers.id",
        name="customers.first_name:T customers.last_name:T",
        tags="customers.email:T customers.newsletter:C",
        phone="customers.mobile:T customers.phone:T",
    ),
    _mysql(
        "a union",
        "SELECT id, email, 'shop' AS source FROM customers UNION ALL SELECT lead_id, mail, 'form' FROM leads",
        id="customers.id leads.lead_id",
        email="customers.email leads.mail",
        source="constant",
    ),
    _mysql(
        "a union under a star",
        "SELECT u.id, u.email FROM (SELECT * FROM customers UNION SELECT * FROM leads) AS u",
        id="customers.id leads.id",
        email="customers.email leads.email",
    ),
    _mysql(
        "group concat",
        "SELECT c.id, GROUP_CONCAT(t.name ORDER BY t.name SEPARATOR ',') AS tags FROM customers c "
        "LEFT JOIN customer_tags ct ON ct.customer_id = c.id LEFT JOIN tags t ON t.id = ct.tag_id GROUP BY c.id",
        tables="customers customer_tags tags",
        id="customers.id",
        tags="tags.name:A tags.name:W",
    ),
    _mysql(
        "nested sub-queries",
        "SELECT x.id, x.email FROM (SELECT y.id, y.mail AS email FROM (SELECT id, mail FROM customers) y) x",
        id="customers.id",
        email="customers.mail",
    ),
    _mysql(
        "in with a sub-query",
        "SELECT id, email, id IN (SELECT customer_id FROM vips) AS vip FROM customers "
        "WHERE id NOT IN (SELECT customer_id FROM optouts)",
        tables="customers vips optouts",
        id="customers.id",
        email="customers.email",
        vip="customers.id:T vips.customer_id:T",
    ),
    _mysql(
        "json",
        "SELECT id, profile->>'$.email' AS email, JSON_UNQUOTE(JSON_EXTRACT(profile, '$.city')) AS city FROM users",
        id="users.id",
        email="users.profile:T",
        city="users.profile:T",
    ),
    _mysql(
        "date arithmetic",
        "SELECT id, DATE_FORMAT(born, '%Y-%m-%d') AS date_of_birth, DATEDIFF(CURRENT_DATE, born) AS days FROM people",
        id="people.id",
        date_of_birth="people.born:T",
        days="people.born:T",
    ),
    _mysql(
        "two tables without their names",
        "SELECT id, email, total FROM customers JOIN orders ON orders.customer_id = customers.id",
        tables="customers orders",
        id="?",
        email="?",
        total="?",
    ),
)

_SQLITE: Final = (
    _sqlite(
        "an alias in quotes",
        """SELECT id, email, ltv AS "custom.Lifetime Value" FROM customers""",
        **{"id": "customers.id", "email": "customers.email", "custom.Lifetime Value": "customers.ltv"},
    ),
    _sqlite(
        "everything and a constant",
        "SELECT *, 'crm' AS source, random() AS dice FROM customers",
        id="customers.id",
        email="customers.email",
        source="constant",
        dice="computed",
    ),
    _sqlite(
        "everything of a query whose columns are known",
        "WITH c AS (SELECT id, upper(email) AS email FROM customers) SELECT * FROM c",
        id="customers.id",
        email="customers.email:T",
    ),
    _sqlite(
        "group by with aggregates",
        "SELECT customer_id AS id, sum(total) / count(*) AS mean, min(placed_on) AS first FROM orders "
        "GROUP BY customer_id",
        id="orders.customer_id",
        mean="orders.total:A",
        first="orders.placed_on:A",
    ),
    _sqlite(
        "a table joined to itself",
        "SELECT a.id, a.email, b.email AS assigned_to FROM people a LEFT JOIN people b ON b.id = a.owner_id",
        id="people.id",
        email="people.email",
        assigned_to="people.email",
    ),
    _sqlite(
        "names in any case",
        "SELECT Id, Customers.EMAIL AS email FROM CUSTOMERS",
        Id="customers.id",
        email="customers.email",
    ),
    _sqlite(
        "except and intersect",
        "SELECT id, email FROM customers EXCEPT SELECT id, email FROM optouts",
        id="customers.id optouts.id",
        email="customers.email optouts.email",
    ),
    _sqlite(
        "a join by name under a star",
        "SELECT * FROM customers JOIN (SELECT customer_id, total FROM orders) AS o USING (customer_id)",
        customer_id="orders.customer_id",
        email="customers.email",
        total="orders.total",
    ),
    _sqlite(
        "comments and a limit",
        "-- nightly\nSELECT id /* the key */, email FROM customers LIMIT 10 OFFSET 5 -- a sample\n;",
        id="customers.id",
        email="customers.email",
    ),
)

_SNOWFLAKE: Final = (
    _snowflake(
        "full names",
        "SELECT ID, EMAIL FROM ANALYTICS.CRM.CUSTOMERS",
        ID="ANALYTICS.CRM.CUSTOMERS.ID",
        EMAIL="ANALYTICS.CRM.CUSTOMERS.EMAIL",
    ),
    _snowflake(
        "the newest by qualify",
        "select id, email from raw.signups qualify row_number() over (partition by email order by created_at desc) = 1",
        id="RAW.SIGNUPS.ID",
        email="RAW.SIGNUPS.EMAIL",
    ),
    _snowflake(
        "semi-structured",
        "select payload:id::int as id, payload:contact.email::string as email from raw.events",
        id="RAW.EVENTS.PAYLOAD:T",
        email="RAW.EVENTS.PAYLOAD:T",
    ),
    _snowflake(
        "flatten",
        "select c.id, listagg(f.value::string, ',') as tags from customers c, lateral flatten(input => c.labels) f "
        "group by 1",
        id="CUSTOMERS.ID",
        tags="CUSTOMERS.LABELS:A",
    ),
    _snowflake(
        "star without some",
        "select * exclude (password_hash) rename (mail as email) from app.users",
        id="APP.USERS.ID",
        email="APP.USERS.MAIL",
    ),
    _snowflake(
        "iff and decode",
        "select id, iff(vip, 'vip', segment) as tags, nvl(mobile, phone) as phone from customers",
        id="CUSTOMERS.ID",
        tags="CUSTOMERS.SEGMENT:T CUSTOMERS.VIP:C",
        phone="CUSTOMERS.MOBILE:T CUSTOMERS.PHONE:T",
    ),
    _snowflake(
        "a model of models",
        """
        with customers as (select * from analytics.staging.stg_customers),
             orders as (select * from analytics.staging.stg_orders),
             totals as (select customer_id, max(ordered_at) as last_order, sum(amount) as ltv from orders group by 1),
             final as (select c.customer_id, c.email, t.last_order, coalesce(t.ltv, 0) as ltv
                       from customers c left join totals t on t.customer_id = c.customer_id)
        select * from final
        """,
        customer_id="ANALYTICS.STAGING.STG_CUSTOMERS.CUSTOMER_ID",
        email="ANALYTICS.STAGING.STG_CUSTOMERS.EMAIL",
        last_order="ANALYTICS.STAGING.STG_ORDERS.ORDERED_AT:A",
        ltv="ANALYTICS.STAGING.STG_ORDERS.AMOUNT:A",
    ),
    _snowflake(
        "an alias used again",
        "select id, lower(email) as mail, sha2(mail) as digest from users",
        id="USERS.ID",
        mail="USERS.EMAIL:T",
        digest="USERS.EMAIL:T",
    ),
)

_BIGQUERY: Final = (
    _bigquery(
        "a full name in back-ticks",
        "SELECT id, email FROM `acme-prod.crm.customers`",
        id="acme-prod.crm.customers.id",
        email="acme-prod.crm.customers.email",
    ),
    _bigquery(
        "fields of a struct",
        "SELECT u.id, u.address.city AS city, name.first AS first_name FROM crm.users AS u",
        id="crm.users.id",
        city="crm.users.address:T",
        first_name="crm.users.name:T",
    ),
    _bigquery(
        "unnest",
        "SELECT c.id, ARRAY_TO_STRING(ARRAY_AGG(label), ',') AS tags FROM crm.customers c, UNNEST(c.labels) AS label "
        "GROUP BY 1",
        id="crm.customers.id",
        tags="crm.customers.labels:A",
    ),
    _bigquery(
        "star except and replace",
        "SELECT * EXCEPT (secret) REPLACE (LOWER(email) AS email) FROM crm.customers",
        id="crm.customers.id",
        email="crm.customers.email:T",
    ),
    _bigquery(
        "safe functions",
        "SELECT id, SAFE_CAST(ltv AS NUMERIC) AS ltv, SAFE_DIVIDE(total, orders) AS mean, GENERATE_UUID() AS token "
        "FROM crm.c",
        id="crm.c.id",
        ltv="crm.c.ltv:T",
        mean="crm.c.total:T crm.c.orders:T",
        token="computed",
    ),
    _bigquery(
        "union distinct in an expression",
        "WITH everyone AS (SELECT id, email FROM crm.a UNION DISTINCT SELECT id, mail FROM crm.b) "
        "SELECT id, LOWER(email) AS email FROM everyone",
        id="crm.a.id crm.b.id",
        email="crm.a.email:T crm.b.mail:T",
    ),
    _bigquery(
        "a sharded table",
        "SELECT user_id AS id, MAX(event_at) AS seen FROM `acme.web.events_*` WHERE _TABLE_SUFFIX > '20260101' "
        "GROUP BY 1",
        id="acme.web.events_*.user_id",
        seen="acme.web.events_*.event_at:A",
    ),
)

CORPUS: Final = (
    *POSTGRES,
    *_MYSQL,
    *_SQLITE,
    *_SNOWFLAKE,
    *_BIGQUERY,
    *DUCKDB_SNOWFLAKE_BIGQUERY,
    *CLICKHOUSE_TRINO_MSSQL,
    *FILES,
)
