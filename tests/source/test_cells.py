"""Cells that a driver can't turn into Python, or only into an object, on each database and driver."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
import sqlalchemy as sa

from leadway_provider.contacts.unreadable import UnreadableValue
from leadway_provider.exceptions import SourceError
from leadway_provider.source.cells import CellType
from leadway_provider.source.drivers import result_types
from leadway_provider.source.duckdb_types import duckdb_type
from leadway_provider.source.query import read_source
from tests.source.drivers import MARIADB_DRIVERS, POSTGRES_DRIVERS, engine_of

OUT: Final = UnreadableValue("date_out_of_range")
NOT_UNICODE: Final = UnreadableValue("text_not_unicode")
UNSUPPORTED: Final = UnreadableValue("type_unsupported")
EITHER: Final = "ambiguous"
DAY: Final = dt.date(2020, 1, 2)
MOMENT: Final = dt.datetime(2020, 1, 2, 10, 0, 0, 500000)  # noqa: DTZ001 - as the database has it


def document(written: str) -> object:
    """A document of JSON, or its text where this Python can't hold one so deep."""
    try:
        return json.loads(written)
    except RecursionError:
        return written


POSTGRES: Final[tuple[tuple[str, object], ...]] = (
    ("date 'infinity'", OUT),
    ("date '-infinity'", OUT),
    ("date '20224-01-05'", OUT),
    ("date '5874897-12-31'", OUT),
    ("date '0044-03-15 BC'", OUT),
    ("date '2020-01-02'", DAY),
    ("date '9999-12-31'", dt.date.max),
    ("date '0001-01-01'", dt.date.min),
    ("timestamp 'infinity'", OUT),
    ("timestamp '10000-01-01 00:00:00'", OUT),
    ("timestamp '0044-03-15 10:00 BC'", OUT),
    ("timestamp '2020-01-02 10:00:00.5'", MOMENT),
    ("timestamptz '275760-09-13 00:00+00'", OUT),
    ("timestamptz '-infinity'", OUT),
    ("timestamptz '2020-01-02 10:00:00.5+00'", MOMENT.replace(tzinfo=dt.UTC)),
    ("time '24:00'", "24:00:00"),
    ("timetz '08:05+02'", "08:05:00+02"),
    ("interval '-1 mon 2 days'", "-1 mons +2 days"),
    ("interval '178000000 years'", "178000000 years"),
    ("'NaN'::numeric", None),
    ("inet '192.0.2.1/24'", "192.0.2.1/24"),
    ("cidr '192.0.2.0/24'", "192.0.2.0/24"),
    ("int4range(1, 3)", "[1,3)"),
    ("numrange(1.5, null)", "[1.5,)"),
    ("daterange('2020-01-01', 'infinity')", "[2020-01-01,infinity)"),
    ("tstzrange('2020-01-01 00:00+00', null)", '["2020-01-01 00:00:00+00",)'),
    ("'{[1,2),[5,6)}'::int4multirange", "{[1,2),[5,6)}"),
    ("row(1, 'a b')", '(1,"a b")'),
    ("'(1,a)'::pair", "(1,a)"),
    ("array[int4range(1, 2)]", ["[1,2)"]),
    ("array[inet '192.0.2.1']", ["192.0.2.1"]),
    ("array[date '2020-01-02', '9999-12-31', null]", ["2020-01-02", "9999-12-31", None]),
    ("array[date '2020-01-02', 'infinity', null]", OUT),
    ("array[null, date '20224-01-05']", OUT),
    ("array[array[date '0044-03-15 BC']]", OUT),
    ("'[0:0]={-infinity}'::date[]", OUT),
    ("array[timestamp '2020-01-02 10:00', '0044-03-15 10:00 BC']", OUT),
    ("array[timestamptz '275760-09-13 00:00+00']", OUT),
    ("array[timestamptz '2020-01-02 10:00+00']", ["2020-01-02 10:00:00+00"]),
    ("'{}'::date[]", []),
    ("array[time '24:00']", ["24:00:00"]),
    ("array[interval '1 mon']", ["1 mon"]),
    ("""'{"a": [1, null]}'::jsonb""", {"a": [1, None]}),
    ("""array['{"a": 1}'::jsonb, null]""", [{"a": 1}, None]),
    ("array[array['1'::json]]", [[1]]),
    ("('1' || repeat('0', 5000))::json", "1" + "0" * 5000),
    ("(repeat('[', 3000) || repeat(']', 3000))::json", document("[" * 3000 + "]" * 3000)),
    ("array['infinity'::day]", OUT),
    ("array['2020-01-02'::day, null]", ["2020-01-02", None]),
    ("array[array['2020-01-02'::seen, 'infinity']]", OUT),
    ("array['20224-01-05'::day_of_day]", OUT),
    ("array['infinity'::date]::days", OUT),
    ("array['ok', 'so so', null]::mood[]", ["ok", "so so", None]),
    ("'[0:1]={ok,so so}'::mood[]", ["ok", "so so"]),
    ("array[array['ok'], array['so so']]::mood[]", [["ok"], ["so so"]]),
    ("'{}'::mood[]", []),
    (r"array[E'a\"b\\c,{} NULL'::words, 'NULL', '', ' x ', null]", ['a"b\\c,{} NULL', "NULL", "", " x ", None]),
    ("array[1.50::price, null]", [Decimal("1.50"), None]),
    ("array[true::yes, false]", [True, False]),
    ("""array['{"a": 1}'::document]""", [{"a": 1}]),
    ("array['(1,infinity)'::pair]", ["(1,infinity)"]),
    ("array[money '1.5']", ["$1.50"]),
    ("array[bit '1', null]", ["1", None]),
    ("array[box '(1,2),(3,4)', box '(5,6),(7,8)']", ["(3,4),(1,2)", "(7,8),(5,6)"]),
    ("'1 2'::int2vector", "1 2"),
    ("bit '1'", "1"),
    ("point(1, 2)", "(1,2)"),
    ("null::date", None),
)
"""Expressions of PostgreSQL, and what a row has for them."""
POSTGRES_TYPES: Final = """
    CREATE TYPE pair AS (a int, b text);
    CREATE TYPE mood AS ENUM ('ok', 'so so');
    CREATE DOMAIN day AS date;
    CREATE DOMAIN day_of_day AS day;
    CREATE DOMAIN days AS date[];
    CREATE DOMAIN seen AS timestamptz;
    CREATE DOMAIN words AS text;
    CREATE DOMAIN price AS numeric;
    CREATE DOMAIN yes AS boolean;
    CREATE DOMAIN document AS jsonb
"""
"""Types of its own that a database has."""

MARIADB: Final = (
    ("cast('0000-00-00' AS date)", OUT),
    ("cast('2020-01-00' AS date)", OUT),
    ("cast('0000-00-00 00:00:00' AS datetime)", OUT),
    ("cast('2020-01-02' AS date)", DAY),
    ("cast('0044-03-15' AS date)", dt.date(44, 3, 15)),
    ("cast('2020-01-02 10:00:00.5' AS datetime(6))", MOMENT),
    ("cast('-08:05:00' AS time)", "-08:05:00"),
    ("cast('24:00:00' AS time)", "24:00:00"),
    ("cast('838:59:59' AS time)", "838:59:59"),
    ("cast('08:05:00.25' AS time(2))", "08:05:00.25"),
    ("one", 1),
    ("none", 0),
    ("bits", 513),
    ("colours", "red,blue"),
    ("nothing", ""),
    ("size", "L"),
    ("latin", "é"),
    ("raw", b"\xe9"),
    ("born", None),
    ("made", 2020),
    ("place", b"\0\0\0\0\1\1\0\0\0\0\0\0\0\0\0\xf0?\0\0\0\0\0\0\0@"),
    ("facts", '{"a": 1e400}'),
    ("big", 2**64 - 1),
    ("address", "::1"),
    ("long_bits", 2**64 - 1),
    ("sjis", "…"),
    ("if(one, long_bits, bits)", 2**64 - 1),
    ("first_value(bits) OVER ()", 513),
    ("nullif(one, 1)", None),
)
"""Expressions of MariaDB over the columns of a table, and what a row has for them."""
TABLE: Final = """
    CREATE TABLE odd (one BIT(1), none BIT(1), bits BIT(10), colours SET('red', 'green', 'blue'), nothing SET('red'),
        size ENUM('M', 'L'), latin VARCHAR(9) CHARACTER SET latin1, raw VARBINARY(9), born DATE, made YEAR,
        place POINT, facts JSON, big BIGINT UNSIGNED, address INET6, long_bits BIT(64),
        sjis TINYTEXT CHARACTER SET sjis, byte BIT(8))
"""
ODD: Final = (
    "INSERT INTO odd VALUES (b'1', b'0', 513, 'blue,red', '', 'L', _latin1 x'e9', x'e9', NULL, 2020, POINT(1, 2), "
    "'{\"a\": 1e400}', 18446744073709551615, '::1', 18446744073709551615, _sjis x'8163', 7)"
)

DUCKDB: Final[tuple[tuple[str, object], ...]] = (
    ("date 'infinity'", OUT),
    ("date '20224-01-05'", OUT),
    ("date '0044-03-15 (BC)'", OUT),
    ("date '2020-01-02'", DAY),
    ("timestamp '-infinity'", OUT),
    ("timestamp '20224-01-05 00:00:00'", OUT),
    ("timestamptz 'infinity'", OUT),
    ("timestamp '2020-01-02 10:00:00.5'", MOMENT),
    ("time '24:00:00'", "24:00:00"),
    ("interval 1 month", UNSUPPORTED),
    ("null::date", None),
    ("[date '2020-01-02', null]", [DAY, None]),
    ("[date '2020-01-02', 'infinity']", OUT),
    ("[[date '20224-01-05']]", OUT),
    ("[timestamp 'infinity']", OUT),
    ("[timestamptz '-infinity']", OUT),
    ("[timestamp_ns 'infinity']", OUT),
    ("array_value(date 'infinity', date '2020-01-02')", OUT),
    ("{'a': 1, 'b': [date 'infinity']}", OUT),
    ("{'a': date '20224-01-05'}", OUT),
    ("{'a': '20224-01-05', 'b': date '2020-01-02'}", {"a": "20224-01-05", "b": DAY}),
    ("row(1, date 'infinity')", OUT),
    ("map {'a': date 'infinity'}", OUT),
    ("map {date 'infinity': 'a'}", OUT),
    ("map {[date 'infinity']: 'a'}", OUT),
    ("map {'a': date '2020-01-02'}", {"a": DAY}),
    ("union_value(k := date 'infinity')", OUT),
    ("union_value(k := 'infinity')", "infinity"),
    ("[interval 1 month]", UNSUPPORTED),
    ("{'a': interval 1 month}", UNSUPPORTED),
    ("[time '24:00:00']", ["24:00:00"]),
    ("null::date[]", None),
)
"""Expressions of DuckDB, and what a row has for them."""


def read(engine: sa.Engine, sql: str, batch_size: int = 10) -> list[tuple[object, ...]]:
    """All rows of a query."""
    with read_source(engine, sql, None, batch_size=batch_size, name="warehouse") as source:
        return [tuple(row) for batch in source.batches() for row in batch]


@pytest.fixture(scope="module")
def postgres(postgres_url: sa.URL) -> sa.URL:
    """PostgreSQL with types of its own."""
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        for statement in POSTGRES_TYPES.split(";"):
            connection.exec_driver_sql(statement)
    engine.dispose()
    return postgres_url


@pytest.fixture(scope="module")
def mariadb(mariadb_url: sa.URL) -> sa.URL:
    """MariaDB with a table of odd types."""
    engine = sa.create_engine(mariadb_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(TABLE)
        connection.exec_driver_sql(ODD)
    engine.dispose()
    return mariadb_url


@pytest.mark.parametrize("driver", POSTGRES_DRIVERS)
def test_every_type_of_postgresql(driver: str, postgres: sa.URL, tmp_path: Path) -> None:
    """What Python can't hold is marked, what has no plain value is text, and both drivers say the same."""
    sql = f"SELECT {', '.join(f'{expression} AS c{n}' for n, (expression, _) in enumerate(POSTGRES))}"

    (row,) = read(engine_of(driver, tmp_path, postgres), sql)

    found = [None if isinstance(value, Decimal) and value.is_nan() else value for value in row]
    assert found == [expected for _, expected in POSTGRES]


@pytest.mark.parametrize("driver", MARIADB_DRIVERS)
def test_every_type_of_mariadb(driver: str, mariadb: sa.URL, tmp_path: Path) -> None:
    """All three drivers say the same, and a date of zeros is not null."""
    sql = f"SELECT {', '.join(f'{expression} AS c{n}' for n, (expression, _) in enumerate(MARIADB))} FROM odd"  # noqa: S608 - constants

    assert read(engine_of(driver, tmp_path, mariadb), sql) == [tuple(expected for _, expected in MARIADB)]


@pytest.mark.parametrize("driver", MARIADB_DRIVERS)
def test_bits_of_an_expression(driver: str, mariadb: sa.URL, tmp_path: Path) -> None:
    """The server sends those of an expression as digits: a number that can be read in two ways is marked.

    mysql-connector does not know the width of a BIT, without which more of them have two readings.
    """
    engine = engine_of(driver, tmp_path, mariadb)
    expressions = ("coalesce(one, none)", "min(none)", "(SELECT bits FROM odd LIMIT 1)", "max(byte)", "max(bits) + 0")

    (found,) = read(engine, f"SELECT {', '.join(expressions)} FROM odd")  # noqa: S608 - constants

    known = [EITHER] * 3 if driver == "mysqlconnector" else [1, 0, 513]
    assert [str(getattr(cell, "code", cell)) for cell in found] == [*map(str, known), EITHER, "513"]
    assert read(engine, "SELECT one FROM odd UNION ALL SELECT none FROM odd") == [(1,), (0,)]


def test_every_type_of_duckdb(tmp_path: Path) -> None:
    """Its driver gives the last date for infinity, so neither is taken for the other."""
    sql = f"SELECT {', '.join(f'{expression} AS c{n}' for n, (expression, _) in enumerate(DUCKDB))}"

    assert read(engine_of("duckdb", tmp_path), sql) == [tuple(expected for _, expected in DUCKDB)]


@pytest.mark.parametrize(
    ("name", "column", "expected"),
    [
        ("Date", [DAY, dt.date.max, "20224-01-05", None], [DAY, OUT, OUT, None]),
        ("DATETIME", [MOMENT, dt.datetime.max], [MOMENT, OUT]),  # noqa: DTZ901 - as the driver has it
        ("TIMEDELTA", [dt.timedelta(days=30), None], [UNSUPPORTED, None]),
        ("list", [[DAY], [None, dt.date.max], [["a"]]], [[DAY], OUT, [["a"]]]),
        ("dict", [{"a": DAY}, {"a": [dt.date.min]}, None], [{"a": DAY}, OUT, None]),
    ],
)
def test_an_older_driver_of_duckdb(name: str, column: list[object], expected: list[object]) -> None:
    """It names its types by words of Python, which do not say what is within a value."""
    cell_type = duckdb_type(name)

    assert cell_type is not None
    assert cell_type.converted(column) == expected
    assert duckdb_type("STRING") is None


@pytest.mark.parametrize("driver", POSTGRES_DRIVERS)
@pytest.mark.parametrize("batch_size", [1, 2, 10])
def test_only_the_bad_cell_is_marked(driver: str, batch_size: int, tmp_path: Path) -> None:
    """The other rows of its batch are as they are, and so are the row's other cells."""
    sql = """
        SELECT * FROM (VALUES (1, date '2020-01-02', 'a'), (2, 'infinity', 'b'), (3, null, 'c'), (4, '2020-01-02', 'd'))
            AS t(id, born, name) ORDER BY id
    """

    assert read(engine_of(driver, tmp_path), sql, batch_size) == [
        (1, DAY, "a"),
        (2, OUT, "b"),
        (3, None, "c"),
        (4, DAY, "d"),
    ]


@pytest.mark.parametrize("driver", POSTGRES_DRIVERS)
def test_an_error_of_the_server_is_no_odd_cell(driver: str, tmp_path: Path) -> None:
    """It has the same kind as a date that can't be loaded, and no row comes after it."""
    engine = engine_of(driver, tmp_path)
    day = "CASE i WHEN 2 THEN date 'infinity' ELSE date '2020-01-02' + 1 / (3 - i) END"
    sql = f"SELECT {day} FROM generate_series(1, 9) i"  # noqa: S608 - constants

    with read_source(engine, sql, None, batch_size=2, name="warehouse") as source:
        batches = source.batches()
        assert list(next(batches)) == [(DAY,), (OUT,)]
        with pytest.raises(SourceError, match="DivisionByZero"):
            next(batches)


@pytest.mark.parametrize("batch_size", [1, 2, 10])
def test_a_text_of_sqlite_that_is_not_utf_8(batch_size: int, tmp_path: Path) -> None:
    """Its driver stops there; every row comes once, and texts after it are read."""
    texts = ["'a'", "CAST(x'4a6f7367e9' AS TEXT)", "'ü'", "CAST(x'ff' AS TEXT)", "NULL", "x'e9'"]
    sql = " UNION ALL ".join(f"SELECT {n} AS id, {text} AS name" for n, text in enumerate(texts))

    found = [name for _, name in read(engine_of("sqlite", tmp_path), f"{sql} ORDER BY id", batch_size)]

    assert found == ["a", NOT_UNICODE, "ü", NOT_UNICODE, None, b"\xe9"]


@pytest.mark.parametrize("driver", POSTGRES_DRIVERS)
def test_another_date_style(driver: str, tmp_path: Path) -> None:
    """How the server writes dates changes nothing, and neither driver reads all of its styles."""
    engine = sa.create_engine(engine_of(driver, tmp_path).url, connect_args={"options": "-c datestyle=German"})

    assert read(engine, "SELECT date '2020-01-02', date 'infinity', timestamptz '2020-01-02 10:00:00.5+00'") == [
        (DAY, OUT, MOMENT.replace(tzinfo=dt.UTC))
    ]
    engine.dispose()


def test_a_driver_of_postgresql_that_is_not_known() -> None:
    """Nothing is asked of it, and its cells stay as they are."""
    connection: Any = SimpleNamespace(dialect=SimpleNamespace(name="postgresql", driver="pg8000"))
    types: dict[int, CellType] = {}

    assert result_types(connection, [("a", 16_500)], types.get)(16_500) is None
