"""One odd cell does not stop the other rows: a whole run on each database, with each driver that a connection names."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.sandbox.custom_fields import SandboxCustomField
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.operators.task import sync
from tests.services import MARIADB, POSTGRES, airflow_connection, mariadb_database, postgres_database
from tests.source.drivers import MARIADB_DRIVERS, POSTGRES_DRIVERS, connection_of
from tests.source.test_cells import ODD, POSTGRES_TYPES, TABLE

OUT: Final = "date_out_of_range"
NOT_UNICODE: Final = "text_not_unicode"
NOT_FINITE: Final = "number_not_finite"


@dataclass(frozen=True)
class Odd:
    """A cell between two good ones of its column.

    Attributes:
        bad: the SQL of the odd cell.
        good: the SQL of the same column in the other rows.
        code: the reason for which the odd cell is withheld, or None where it is sent.
        sent: what is sent for it.
        kind: the type of the custom field that the column feeds.
    """

    bad: str
    good: str = "null"
    code: str | None = None
    sent: object = None
    kind: Literal["TEXT", "NUMERICAL", "DATE", "CHECKBOX"] = "TEXT"


@dataclass(frozen=True)
class Cells:
    """Odd cells of one kind of database.

    Attributes:
        odd: each is in a column of its own.
        days: odd dates, which are all of them in one column.
        day: a good date.
        keys: three keys, the second of which can't be read.
    """

    odd: tuple[Odd, ...]
    keys: tuple[str, str, str]
    days: tuple[str, ...] = ()
    day: str = "date '1990-04-25'"


POSTGRES_CELLS: Final = Cells(
    odd=(
        Odd("timestamptz '275760-09-13 00:00+00'", "timestamptz '1990-04-25 12:00+00'", OUT, kind="DATE"),
        Odd("timestamp 'infinity'", "timestamp '1990-04-25 12:00'", OUT),
        Odd("array[date '1990-04-25', 'infinity']", "array[date '1990-04-25']", OUT),
        Odd("array[date '20224-01-05']", "array[date '1990-04-25']", OUT, kind="CHECKBOX"),
        Odd("array[timestamptz '-infinity']", "'{}'::timestamptz[]", OUT),
        Odd("time '24:00'", "time '08:00'", sent="24:00:00"),
        Odd("timetz '24:00+02'", "timetz '08:00+02'", sent="24:00:00+02"),
        Odd("interval '-1 mon'", "interval '1 day'", sent="-1 mons"),
        Odd("inet '192.0.2.1'", sent="192.0.2.1"),
        Odd("cidr '192.0.2.0/24'", sent="192.0.2.0/24"),
        Odd("int4range(1, 3)", sent="[1,3)"),
        Odd("daterange('2020-01-01', 'infinity')", sent="[2020-01-01,infinity)"),
        Odd("'{[1,3)}'::int4multirange", sent="{[1,3)}"),
        Odd("row(1, 'a')", sent="(1,a)"),
        Odd("array[int4range(1, 3)]", sent='["[1,3)"]'),
        Odd("B'1'", "B'0'", sent="1"),
        Odd("B'0101'::varbit", sent="0101"),
        Odd("money '1.5'", sent="$1.50"),
        Odd("array[money '1.5', null]", sent='["$1.50", null]'),
        Odd("'<a>x</a>'::xml", sent="<a>x</a>"),
        Odd("'<a/>'::xml", kind="NUMERICAL", code="number_malformed"),
        Odd("timestamp '0044-03-15 10:00 BC'", "timestamp '1990-04-25 10:00'", OUT, kind="DATE"),
        Odd("'1e400'::numeric", "1.5", "number_too_large"),
        Odd("'1e400'::numeric", "1.5", "number_too_large", kind="NUMERICAL"),
        Odd("array[1, null]", "'{}'::int[]", sent="[1, null]"),
        Odd("point(1, 2)", sent="(1,2)"),
        Odd("'NaN'::numeric", "1.5", NOT_FINITE),
        Odd("'-Infinity'::float8", "1.5", NOT_FINITE, kind="NUMERICAL"),
        Odd("array['NaN'::float8]", "array[1.5::float8]", NOT_FINITE),
        Odd("""'{"a": 1e400}'::json""", "'{}'", NOT_FINITE),
        Odd("'\\xe9'::bytea", "'abc'::bytea", NOT_UNICODE),
        Odd("chr(7)", "'a'", "control_character"),
    ),
    days=("infinity", "-infinity", "20224-01-05", "0044-03-15 BC"),
    keys=("date '2020-01-01'", "date 'infinity'", "date '2020-01-02'"),
)
ASCII_CELLS: Final = Cells(
    odd=(
        Odd("E'\\xe9'", "'é'", NOT_UNICODE),
        Odd("array['a', E'\\xe9']", "array['é']", NOT_UNICODE),
        Odd("array[E'\\xe9'::varchar]", "array['é'::varchar]", NOT_UNICODE, kind="CHECKBOX"),
        Odd("row(1, E'\\xe9')", "row(1, 'é')", NOT_UNICODE),
        Odd("('[\"' || E'\\xe9' || '\"]')::json", "'[1]'", NOT_UNICODE),
        Odd("array[E'\\xe9'::words]", "array['é'::words]", NOT_UNICODE),
        Odd("hstore('a', E'\\xe9')", "hstore('a', 'é')", NOT_UNICODE),
        Odd("hstore('a', 'é')", sent='{"a": "é"}'),
        Odd("array['infinity'::day, '1990-04-25']", "array['1990-04-25'::day]", OUT),
        Odd("array['so so', null]::mood[]", sent='["so so", null]'),
        Odd("E'\\xc3\\xa9'", "'e'", sent="é"),
        Odd("date 'infinity'", "date '1990-04-25'", OUT),
    ),
    days=("infinity",),
    keys=("'é'", "E'\\xe9'", "'e'"),
)
"""In a database without an encoding, with types of its own."""
GAP_CELLS: Final = Cells(
    odd=(
        Odd("E'a\\x81'", "'é'", NOT_UNICODE),
        Odd("array[E'\\x8d']", "array['é']", NOT_UNICODE, kind="CHECKBOX"),
        Odd("row(1, E'\\x8f')", "row(1, 'é')", NOT_UNICODE),
        Odd("to_json(E'\\x90'::text)", "'1'", NOT_UNICODE),
        Odd("'€'", "'e'", sent="€"),
        Odd("date 'infinity'", "date '1990-04-25'", OUT),
    ),
    days=("infinity",),
    keys=("'é'", "E'\\x9d'", "'e'"),
)
"""In a database with WIN1252, in which five bytes have no character."""
MARIADB_CELLS: Final = Cells(
    odd=(
        Odd("cast('0000-00-00 00:00:00' AS datetime)", "cast('1990-04-25 12:00' AS datetime)", OUT),
        Odd("cast('2020-00-01' AS datetime)", "cast('1990-04-25' AS datetime)", OUT, kind="DATE"),
        Odd("cast('-08:05:00' AS time)", "cast('08:00' AS time)", sent="-08:05:00"),
        Odd("cast('24:00:00' AS time)", "cast('08:00' AS time)", sent="24:00:00"),
        Odd("cast('838:59:59' AS time)", "cast('08:00' AS time)", sent="838:59:59"),
        Odd("cast(x'4a6f7367e9' AS binary)", "cast('a' AS binary)", NOT_UNICODE),
        Odd("(SELECT one FROM odd)", "(SELECT none FROM odd)", sent="1"),
        Odd("(SELECT bits FROM odd)", "(SELECT bits FROM odd)", sent="513"),
        Odd("(SELECT colours FROM odd)", "(SELECT nothing FROM odd)", sent="red,blue"),
        Odd("char(7 USING utf8mb4)", "'a'", "control_character"),
        Odd("(SELECT place FROM odd)", "null", NOT_UNICODE),
        Odd("(SELECT made FROM odd)", "null", sent="2020"),
        Odd("(SELECT facts FROM odd)", "null", sent='{"a": 1e400}'),
        Odd("(SELECT big FROM odd)", "null", sent="18446744073709551615"),
        Odd("(SELECT address FROM odd)", "null", sent="::1"),
        Odd("1.7e308", "1.5e0", "number_too_large"),
    ),
    days=("0000-00-00", "2020-01-00", "2020-00-10"),
    day="cast('1990-04-25' AS date)",
    keys=("cast('2020-01-01' AS date)", "cast('0000-00-00' AS date)", "cast('2020-01-02' AS date)"),
)
SQLITE_CELLS: Final = Cells(
    odd=(
        Odd("CAST(x'4a6f7367e9' AS TEXT)", "'José'", NOT_UNICODE),
        Odd("CAST(x'ff' AS TEXT)", "'José'", NOT_UNICODE, kind="CHECKBOX"),
        Odd("x'e9'", "'a'", NOT_UNICODE),
        Odd("9e999", "1.5", NOT_FINITE, kind="NUMERICAL"),
        Odd("char(7)", "'a'", "control_character"),
        Odd("'20224-01-05'", "'1990-04-25'", "date_malformed", kind="DATE"),
        Odd("'tomorrow'", "'1990-04-25'", "date_malformed", kind="DATE"),
        Odd("'a' || char(0)", "'a'", NOT_UNICODE),
        Odd("CAST(x'eda080' AS TEXT)", "'a'", NOT_UNICODE),
        Odd("9223372036854775807", "1", sent="9223372036854775807"),
    ),
    keys=("'José'", "CAST(x'4a6f7367e9' AS TEXT)", "'Ann'"),
)
DUCKDB_CELLS: Final = Cells(
    odd=(
        Odd("timestamptz '-infinity'", "timestamptz '1990-04-25 12:00+00'", OUT, kind="DATE"),
        Odd("timestamp '20224-01-05 00:00:00'", "timestamp '1990-04-25 12:00:00'", OUT),
        Odd("[date '1990-04-25', 'infinity']", "NULL::date[]", OUT),
        Odd("[date '20224-01-05']", "[]::date[]", OUT, kind="CHECKBOX"),
        Odd("{'a': [date 'infinity']}", "NULL", OUT),
        Odd("map {'a': timestamp 'infinity'}", "NULL", OUT),
        Odd("interval 1 month", code="type_unsupported"),
        Odd("time '24:00:00'", "time '08:00:00'", sent="24:00:00"),
        Odd("'nan'::double", "1.5", NOT_FINITE, kind="NUMERICAL"),
        Odd("['nan'::double]", "[1.5]", NOT_FINITE),
        Odd("'\\xE9'::blob", "'a'::blob", NOT_UNICODE),
        Odd("chr(7)", "'a'", "control_character"),
    ),
    days=("infinity", "-infinity", "20224-01-05", "0044-03-15 (BC)"),
    keys=("date '2020-01-01'", "date 'infinity'", "date '2020-01-02'"),
)
SOURCES: Final[Mapping[str, Cells]] = {
    **dict.fromkeys(POSTGRES_DRIVERS, POSTGRES_CELLS),
    **dict.fromkeys((f"{driver} SQL_ASCII" for driver in POSTGRES_DRIVERS), ASCII_CELLS),
    "psycopg WIN1252": GAP_CELLS,
    **dict.fromkeys(MARIADB_DRIVERS, MARIADB_CELLS),
    "sqlite": SQLITE_CELLS,
    "duckdb": DUCKDB_CELLS,
}
"""By the driver that reads them."""
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
