"""Queries for PostgreSQL as data engineers write them. case.py explains the notation."""

from __future__ import annotations

from typing import Final

from tests.lineage.case import Case


def _postgres(name: str, sql: str, /, tables: str = "", **columns: str) -> Case:
    return Case(name, "postgresql", sql, columns, tables)


POSTGRES: Final = (
    _postgres(
        "plain list",
        "SELECT customer_id, email, first_name FROM customers ORDER BY updated_at",
        customer_id="customers.customer_id",
        email="customers.email",
        first_name="customers.first_name",
    ),
    _postgres(
        "aliases and a schema",
        'SELECT c.id AS customer_id, c.mobile AS phone, c.ltv AS "custom" FROM crm.customers AS c;',
        customer_id="crm.customers.id",
        phone="crm.customers.mobile",
        custom="crm.customers.ltv",
    ),
    _postgres(
        "expressions",
        "SELECT id, lower(trim(email)) AS email, first_name || ' ' || last_name AS name, ltv::text AS ltv "
        "FROM customers",
        id="customers.id",
        email="customers.email:T",
        name="customers.first_name:T customers.last_name:T",
        ltv="customers.ltv:T",
    ),
    _postgres(
        "constants and computed columns",
        "SELECT id, 'warehouse' AS source, NULL AS city, now() AS synced_at, 1 + 1 AS two, 'a' || 'b' AS ab "
        "FROM people",
        id="people.id",
        source="constant",
        city="constant",
        synced_at="computed",
        two="constant",
        ab="constant",
    ),
    _postgres(
        "everything of one table",
        "SELECT * FROM customers WHERE deleted_at IS NULL",
        id="customers.id",
        email="customers.email",
    ),
    _postgres(
        "everything and one more",
        "SELECT c.*, o.total FROM customers c LEFT JOIN orders o ON o.customer_id = c.id",
        id="customers.id",
        email="customers.email",
        total="orders.total",
    ),
    _postgres(
        "everything of two tables",
        "SELECT * FROM customers c JOIN orders o ON o.customer_id = c.id",
        tables="customers orders",
        id="?",
        total="?",
    ),
    _postgres(
        "everything of a table and a sub-query",
        "SELECT * FROM customers c JOIN (SELECT customer_id, sum(total) AS spent FROM orders GROUP BY 1) o "
        "ON o.customer_id = c.id",
        id="customers.id",
        email="customers.email",
        customer_id="orders.customer_id",
        spent="orders.total:A",
    ),
    _postgres(
        "common table expressions in a row",
        """
        WITH paid AS (SELECT customer_id, total FROM orders WHERE status = 'paid'),
             spent AS (SELECT customer_id, sum(total) AS ltv, count(*) AS orders FROM paid GROUP BY customer_id)
        SELECT c.id, c.email, coalesce(s.ltv, 0) AS ltv, s.orders
        FROM customers c LEFT JOIN spent s ON s.customer_id = c.id
        """,
        id="customers.id",
        email="customers.email",
        ltv="orders.total:A",
        orders="computed",
    ),
    _postgres(
        "a staging chain of stars",
        "WITH source AS (SELECT * FROM raw.users), renamed AS (SELECT id AS user_id, mail AS email, * FROM source) "
        "SELECT user_id, email, phone FROM renamed",
        user_id="raw.users.id",
        email="raw.users.mail",
        phone="raw.users.phone",
    ),
    _postgres(
        "the newest row of each",
        "SELECT DISTINCT ON (email) id, email, name FROM signups ORDER BY email, created_at DESC",
        id="signups.id",
        email="signups.email",
        name="signups.name",
    ),
    _postgres(
        "a window",
        "SELECT id, row_number() OVER (PARTITION BY country ORDER BY ltv DESC) AS place, "
        "sum(ltv) OVER (PARTITION BY country) AS share FROM customers",
        id="customers.id",
        place="customers.country:W customers.ltv:W",
        share="customers.ltv:A customers.country:W",
    ),
    _postgres(
        "a case",
        "SELECT id, CASE WHEN country = 'US' THEN mobile ELSE phone END AS phone, "
        "CASE plan WHEN 'pro' THEN 'paying' ELSE 'free' END AS tags FROM customers",
        id="customers.id",
        phone="customers.mobile:T customers.phone:T customers.country:C",
        tags="customers.plan:C",
    ),
    _postgres(
        "a scalar sub-query and exists",
        "SELECT c.id, (SELECT max(o.placed_at) FROM orders o WHERE o.customer_id = c.id) AS last_order, "
        "EXISTS (SELECT 1 FROM optouts x WHERE x.email = c.email) AS dnd FROM customers c",
        id="customers.id",
        last_order="orders.placed_at:A",
        dnd="optouts.email:C customers.email:C",
    ),
    _postgres(
        "lateral",
        "SELECT c.id, latest.city FROM customers c CROSS JOIN LATERAL "
        "(SELECT a.city FROM addresses a WHERE a.customer_id = c.id ORDER BY a.since DESC LIMIT 1) AS latest",
        id="customers.id",
        city="addresses.city",
    ),
    _postgres(
        "json and arrays",
        "SELECT id, profile->>'email' AS email, (profile->'address'->>'city')::text AS city, "
        "array_to_string(array_agg(t.tag ORDER BY t.added_at), ',') AS tags "
        "FROM users u JOIN tags t ON t.user_id = u.id GROUP BY 1, 2, 3",
        tables="users tags",
        id="?",
        email="?",
        city="?",
        tags="tags.tag:A tags.added_at:W",
    ),
    _postgres(
        "a join by name",
        "SELECT customer_id, c.email, o.total FROM customers c JOIN orders o USING (customer_id)",
        customer_id="customers.customer_id orders.customer_id",
        email="customers.email",
        total="orders.total",
    ),
    _postgres(
        "a recursive query",
        "WITH RECURSIVE tree (id, boss_id, top) AS (SELECT id, boss_id, name FROM staff WHERE boss_id IS NULL "
        "UNION ALL SELECT s.id, s.boss_id, t.top FROM staff s JOIN tree t ON t.id = s.boss_id) "
        "SELECT id, top AS company FROM tree",
        id="staff.id",
        company="staff.name",
    ),
    _postgres(
        "bound parameters",
        "SELECT id, email, :campaign AS source FROM customers WHERE updated_at >= :since AND updated_at < :until",
        id="customers.id",
        email="customers.email",
        source="constant",
    ),
    _postgres(
        "quoted names in capitals",
        'SELECT "Id" AS id, "E-Mail" AS email, CITY AS city FROM "Sales"."Customers"',
        id="Sales.Customers.Id",
        email="Sales.Customers.E-Mail",
        city="Sales.Customers.city",
    ),
    _postgres(
        "a filtered aggregate",
        "SELECT customer_id AS id, count(*) FILTER (WHERE paid) AS paid, max(total) AS top FROM orders GROUP BY 1",
        id="orders.customer_id",
        paid="orders.paid:C",
        top="orders.total:A",
    ),
    _postgres(
        "rows written down",
        "SELECT v.id, v.email, c.name FROM (VALUES (1, 'ann@example.com')) AS v (id, email) "
        "JOIN customers c ON c.id = v.id",
        id="constant",
        email="constant",
        name="customers.name",
    ),
)
