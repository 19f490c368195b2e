"""Parameters of the query through the operator, with each driver: casts, lists, and names that say what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import sync
from tests.source.drivers import DRIVERS, POSTGRES_DRIVERS, connection_of

ROWS = " UNION ALL ".join(f"SELECT {n} AS id, 'c{n}@example.com' AS email" for n in range(5))


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each driver, by which the connection `warehouse` leads to a database."""
    request.getfixturevalue("warehouse")  # its connections to the account and to the state
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", connection_of(request.param, tmp_path))
    chosen: str = request.param
    return chosen


def test_parameters_are_bound(driver: str, sandbox: SandboxServer) -> None:
    """A cast of PostgreSQL's may follow at once, a list after IN becomes its values, and a per cent sign stays."""
    low = ":low::int" if driver in POSTGRES_DRIVERS else ":low"
    where = f"id <= {low} AND id IN :ids AND email IN (:emails) AND email LIKE 'c%'"
    emails = ["c1@example.com", "c2@example.com"]
    given = {"low": 3, "ids": [1, 2, 4], "emails": [*emails, "') OR 1 = 1 --"]}

    assert sync(sql=f"SELECT * FROM ({ROWS}) t WHERE {where}", parameters=given)["created"] == 2  # noqa: S608 - constants
    assert sorted(str(contact.email) for contact in sandbox.account.contacts) == emails


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize("driver", ["psycopg"], indirect=True)
@pytest.mark.parametrize(
    ("where", "given", "said"),
    [
        ("id <= 3", {"region": "EU"}, "does not use :region, which is given in parameters"),
        ("id <= :low", {"high": 3, "low": 1}, "does not use :high"),
        ("id <= :low AND id > :high", {"low": 3}, "names :high, which is missing in parameters"),
        ("id IN :ids", {"ids": []}, "The list :ids for source 'warehouse' is empty"),
        ("id IN (:ids, 3)", {"ids": [1]}, "has the list :ids beside other values of an IN: write IN :ids"),
        ("id NOT in(3, :ids )", {"ids": [1]}, "has the list :ids beside other values of an IN: write IN :ids"),
        ("id = :x", {"x": {"a": 1}}, "can't take :x, a dict"),
        ("id <= :low; SELECT 2 AS id", {"low": 3}, r"has 2 statements \(SELECT, SELECT\)"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(sandbox: SandboxServer, where: str, given: dict[str, object], said: str) -> None:
    """The task fails for good before the database is asked, and nothing is sent."""
    with pytest.raises(AirflowFailException, match=f"'warehouse'.*{said}|{said}") as raised:
        sync(sql=f"SELECT * FROM ({ROWS}) t WHERE {where}", parameters=given)  # noqa: S608 - constants

    assert "\n" not in str(raised.value)
    assert not sandbox.journal.upserts
