"""One odd cell does not stop the other rows: a whole run on each database, with each driver that a connection names."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.sandbox.custom_fields import SandboxCustomField
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.operators.odd_cells import OUT, SOURCES, Cells
from tests.operators.task import sync
from tests.services import MARIADB, POSTGRES, airflow_connection, mariadb_database, postgres_database
from tests.source.drivers import MARIADB_DRIVERS, connection_of
from tests.source.test_cells import ODD, POSTGRES_TYPES, TABLE

EMAILS: Final = ("ann@example.com", "bob@example.com", "eve@example.com")
CHOICES: Final = ("José", "é", "1990-04-25")
LONG: Final = "Preferred delivery window on working days before noon in"
"""With `custom.` before it, as long as a name of PostgreSQL can be."""


@pytest.fixture(scope="module")
def databases() -> Iterator[Mapping[str, sa.URL]]:
    """Databases without an encoding and with another one, and one of MariaDB with a table of odd types."""
    with ExitStack() as opened:
        found = {"SQL_ASCII": opened.enter_context(postgres_database(encoding="SQL_ASCII"))}
        found["WIN1252"] = opened.enter_context(postgres_database(encoding="WIN1252"))
        speaking = {"client_encoding": "utf8"}
        engine = sa.create_engine(found["SQL_ASCII"], connect_args=speaking, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in (*POSTGRES_TYPES.split(";"), "CREATE EXTENSION hstore"):
                connection.exec_driver_sql(statement)
        found["mysql"] = opened.enter_context(mariadb_database())
        with sa.create_engine(found["mysql"], poolclass=sa.NullPool).begin() as connection:
            connection.exec_driver_sql(TABLE)
            connection.exec_driver_sql(ODD)
        yield found


@pytest.fixture(params=SOURCES)
def cells(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, databases: Mapping[str, sa.URL]
) -> Cells:
    """The odd cells of a source, which the connection `warehouse` leads to."""
    driver, _, encoding = request.param.partition(" ")
    url = databases.get("mysql" if driver in MARIADB_DRIVERS else encoding)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", connection_of(driver, tmp_path, url))
    return SOURCES[request.param]


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    """An account without custom fields, and a state database."""
    with SandboxServer(Settings(burst=None, daily=None, custom_fields=())) as server:
        extra = {"location_id": "sandbox-location"}
        leadway = {"conn_type": "leadway", "host": server.url, "password": "sandbox-token", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(leadway))
        state = {"conn_type": "sqlite", "host": str(tmp_path / "state.db")}
        monkeypatch.setenv("AIRFLOW_CONN_STATE", json.dumps(state))
        yield server


def query(*columns: tuple[str, list[str]]) -> str:
    """Rows with these cells, by column; each row has an e-mail."""
    names = [name for name, _ in columns]
    rows = [
        ", ".join(f"{cell} AS {name}" for name, cell in zip(names, row, strict=True))
        for row in zip(*(cells for _, cells in columns), strict=True)
    ]
    return " UNION ALL ".join(f"SELECT {row}" for row in rows)


def withheld(folder: Path) -> list[tuple[str, str, str]]:
    """What the state store says of each row: source key, field and code."""
    with sqlite3.connect(folder / "state.db") as state:
        found = state.execute("SELECT source_key, remarks FROM leadway_row WHERE remarks IS NOT NULL").fetchall()
    return [(key, why["field"], why["code"]) for key, remarks in found for why in json.loads(remarks)["withheld"]]


def held(account: SandboxServer, email: str) -> dict[str, Any]:
    """The custom fields of a contact, by name."""
    found = account.account.holder("email", email)
    assert found is not None
    names = {field.id: field.name for field in account.account.custom_fields}
    return {names[field]: value for field, value in found.custom.items()}


def test_the_other_cells_and_rows_are_sent(cells: Cells, account: SandboxServer, tmp_path: Path) -> None:
    """Each odd cell is withheld with its own reason, or sent as its text; nothing else is touched."""
    account.account.custom_fields = tuple(
        SandboxCustomField.named(f"Odd {n}", odd.kind, CHOICES if odd.kind == "CHECKBOX" else ())
        for n, odd in enumerate(cells.odd)
    )
    columns = [(f"c{n}", [odd.good, odd.bad, odd.good]) for n, odd in enumerate(cells.odd)]
    sql = query(("id", ["1", "2", "3"]), ("email", [f"'{email}'" for email in EMAILS]), *columns)

    report = sync(sql=sql, mapping={f"c{n}": f"custom.Odd {n}" for n in range(len(cells.odd))})

    assert report["created"] == len(EMAILS)
    expected = [("2", f"custom.Odd {n}", odd.code) for n, odd in enumerate(cells.odd) if odd.code]
    assert sorted(withheld(tmp_path)) == sorted(expected)
    assert held(account, EMAILS[1]) == {f"Odd {n}": odd.sent for n, odd in enumerate(cells.odd) if not odd.code}
    assert held(account, EMAILS[0]) == held(account, EMAILS[2])


@pytest.mark.parametrize("cells", [source for source, cells in SOURCES.items() if cells.days], indirect=True)
def test_odd_dates_are_withheld_from_any_field(cells: Cells, account: SandboxServer, tmp_path: Path) -> None:
    """Many of them in one column: a date, a text and a custom field get none, and the good dates go."""
    account.account.custom_fields = (SandboxCustomField.named("Seen", "TEXT"),)
    type_of = "cast('{}' AS date)" if cells.day.startswith("cast") else "date '{}'"
    days = [cells.day, *(type_of.format(day) for day in cells.days), cells.day]
    numbers = range(len(days))
    sql = query(
        ("id", [str(n) for n in numbers]),
        ("email", [f"'c{n}@example.com'" for n in numbers]),
        *((name, days) for name in ("date_of_birth", "city", "seen")),
    )

    report = sync(sql=sql, mapping={"seen": "custom.Seen"})

    assert report["created"] == len(days)
    targets = ("city", "custom.Seen", "date_of_birth")
    assert sorted(withheld(tmp_path)) == [(str(n), target, OUT) for n in numbers[1:-1] for target in targets]
    for n in (numbers[0], numbers[-1]):
        found = account.account.holder("email", f"c{n}@example.com")
        assert found is not None
        assert (found.fields["dateOfBirth"], found.fields["city"]) == ("1990-04-25", "1990-04-25")
        assert held(account, f"c{n}@example.com") == {"Seen": "1990-04-25"}


@pytest.mark.usefixtures("account")
def test_in_a_key_it_makes_the_row_invalid(cells: Cells, caplog: pytest.LogCaptureFixture) -> None:
    """The row has no key; the log names the key's column and the row's number, and the others go."""
    sql = query(("id", list(cells.keys)), ("email", [f"'{email}'" for email in EMAILS]))

    report = sync(sql=sql, max_rejected=1)

    assert (report["created"], report["invalid"]) == (2, 1)
    assert "The key (id) is null, blank, unreadable" in caplog.text


@pytest.mark.usefixtures("cells")
@pytest.mark.parametrize("cells", MARIADB_DRIVERS, indirect=True)
def test_bits_that_may_be_digits_are_withheld(account: SandboxServer, tmp_path: Path) -> None:
    """MariaDB sends a BIT that an expression computes as digits: `7` may be seven, or the bits of 55."""
    account.account.custom_fields = (SandboxCustomField.named("Bits", "NUMERICAL"),)
    sql = "SELECT 1 AS id, 'ann@example.com' AS email, max(byte) AS bits FROM odd"

    report = sync(sql=sql, mapping={"bits": "custom.Bits"})

    assert report["created"] == 1
    assert withheld(tmp_path) == [("1", "custom.Bits", "ambiguous")]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"custom.{LONG} summer", f"cuts longer names to 63: it may have been 'custom.{LONG} summer'"),
        (f"custom.{LONG} winter and spring"[:70], "63"),
        (f"favourite_{'x' * 60}", "63"),
    ],
    ids=["another field's whole name", "of a field", "of nothing"],
)
def test_a_name_that_postgresql_cut_is_refused(
    account: SandboxServer, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    """The cut name may be another field's whole name, or no target: nothing is written, and the error says why."""
    account.account.custom_fields = tuple(SandboxCustomField.named(name, "TEXT") for name in (LONG, f"{LONG} summer"))
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", airflow_connection(POSTGRES))

    with pytest.raises(AirflowFailException, match=said):
        sync(sql=f"SELECT 1 AS id, 'ann@example.com' AS email, 'x' AS \"{name}\"")

    assert not account.account.contacts


def test_two_statements_are_refused(account: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the driver that would run both."""
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", airflow_connection(MARIADB.set(drivername="mysql+mysqldb")))

    with pytest.raises(AirflowFailException, match=r"'warehouse' has 2 statements \(SET, SELECT\)"):
        sync(sql="SET @a = 1; SELECT @a AS id, 'ann@example.com' AS email")

    assert not account.account.contacts
