"""Arrays of each database: an empty one removes the last tag, null leaves it, and their order says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.people import counted
from tests.operators.task import sync
from tests.services import MYSQL_DRIVER, postgres_database
from tests.source.drivers import POSTGRES_DRIVERS, connection_of

ENUM = ("'{vip,new}'::tier[]", "NULL::tier[]", "'{}'::tier[]", "'{new,vip}'::tier[]")
TEXT = ("ARRAY['vip', 'new']", "NULL::text[]", "'{}'::text[]", "ARRAY['new', 'vip']")
JSONB = ("""'["vip", "new"]'::jsonb""", "NULL::jsonb", "'[]'::jsonb", """'["new", "vip"]'::jsonb""")
DUCKDB = ("['vip', 'new']", "NULL", "[]", "['new', 'vip']")
MARIADB = ("JSON_ARRAY('vip', 'new')", "NULL", "JSON_ARRAY()", "JSON_ARRAY('new', 'vip')")
KINDS = (
    *((driver, arrays) for driver in POSTGRES_DRIVERS for arrays in (ENUM, TEXT)),
    ("psycopg", JSONB),
    (MYSQL_DRIVER, MARIADB),
    ("duckdb", DUCKDB),
)


@pytest.fixture(scope="module")
def postgres() -> Iterator[sa.URL]:
    """PostgreSQL with an enum, whose arrays no driver knows."""
    with postgres_database() as url:
        with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
            connection.exec_driver_sql("CREATE TYPE tier AS ENUM ('vip', 'new')")
        yield url


@pytest.fixture(params=KINDS, ids=str)
def arrays(
    request: pytest.FixtureRequest, postgres: sa.URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str, str, str]:
    """Two tags, null, no tag and the tags turned round, in the words of the database behind `warehouse`."""
    request.getfixturevalue("warehouse")  # its connections to the account and to the state
    driver, written = request.param
    url = postgres if driver in POSTGRES_DRIVERS else None
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", connection_of(driver, tmp_path, url))
    found: tuple[str, str, str, str] = written
    return found


def test_an_empty_array_is_not_null(arrays: tuple[str, str, str, str], sandbox: SandboxServer) -> None:
    """Three contacts with two tags: then one has null, one an empty array, and one the same tags in another order."""
    two, null, empty, turned = arrays
    for run, cells in enumerate([(two, two, two), (null, empty, turned)]):
        rows = (f"SELECT {n} AS id, 'c{n}@example.com' AS email, {cell} AS tags" for n, cell in enumerate(cells))
        report = sync(f"run {run}", sql=" UNION ALL ".join(rows), rules=ContactRules(tags_mode="replace"))

    assert counted(report) == {"updated": 2, "unchanged": 1}
    held = {str(contact.email): sorted(contact.tags) for contact in sandbox.account.contacts}
    assert held == {"c0@example.com": ["new", "vip"], "c1@example.com": [], "c2@example.com": ["new", "vip"]}
