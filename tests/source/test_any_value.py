"""Any value of any database into any field: one outcome for each row, and nothing that the API would not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.unreadable import UnreadableValue
from leadway_provider.policies import ContactRules
from leadway_provider.source.query import read_source
from leadway_provider.testing.account import MemoryAccount
from leadway_provider.testing.answers import MemoryAnswer
from leadway_provider.testing.sync import sync_rows
from tests.contacts.request import verify
from tests.contacts.test_properties import COLUMNS, FIELDS
from tests.services import postgres_database
from tests.source.drivers import DRIVERS, POSTGRES_DRIVERS, engine_of

SQL: Final = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
YEARS: Final = st.integers(-4700, 290_000)
BYTES: Final = st.binary(max_size=6).map(bytes.hex)


def quoted(text: str) -> str:
    """The text as an SQL literal without a parameter's or a backslash's meaning."""
    return "'" + text.replace("'", "''").replace("\\", "/") + "'"


def day(year: int) -> str:
    """A day of the year as PostgreSQL and DuckDB write it."""
    return f"{year:04}-02-03" if year > 0 else f"{1 - year:04}-02-03 BC"


TEXTS: Final = SQL.map(quoted)
NUMBERS: Final = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**20), max_value=10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(lambda number: f"CAST({number!r} AS FLOAT)"),
)
WITHOUT_FLOATS: Final = NUMBERS.filter(lambda number: "FLOAT" not in number)


def one_of(listed: str) -> st.SearchStrategy[str]:
    """One of some expressions, one on each line."""
    return st.sampled_from([line.strip() for line in listed.strip().splitlines()])


DAYS: Final = YEARS.map(day) | st.sampled_from(["infinity", "-infinity", "2020-01-02"])
MOMENTS: Final = st.tuples(st.sampled_from(["date", "timestamp", "timestamptz"]), DAYS).map(
    lambda drawn: f"'{drawn[1]}'::{drawn[0]}"
)
PLAIN: Final = st.one_of(
    TEXTS.map(lambda text: f"{text}::text"),
    NUMBERS,
    MOMENTS,
    BYTES.map(lambda data: f"'\\x{data}'::bytea"),
    one_of("""
        NULL::int
        true
        'NaN'::numeric
        '-Infinity'::float8
        time '24:00'
        timetz '24:00+14'
        interval '-178000000 years'
        inet '192.0.2.1'
        int4range(1, null)
        daterange('2020-01-01', 'infinity')
        '{[1,2)}'::int4multirange
        B'0101'
        point(1, 2)
        '<a/>'::xml
        '{}'::json
        'null'::jsonb
        '{"all": {"status": "x"}}'::jsonb
        '[[[]]]'::json
        '1e400'::json
        '{"a": [1e400]}'::json
        ('1' || repeat('0', 5000))::json
        (repeat('[', 3000) || repeat(']', 3000))::json
        gen_random_uuid()
        1.5::money
        'a'::"char"
        'a b'::tsvector
        '08:00:2b:01:02:03'::macaddr
    """),
)
POSTGRES: Final = st.one_of(
    PLAIN,
    PLAIN.map(lambda one: f"ARRAY[{one}, {one}, NULL]"),
    PLAIN.map(lambda one: f"ARRAY[ARRAY[{one}, {one}]]"),
    st.lists(PLAIN, max_size=3).map(lambda several: f"ROW({', '.join(several)})"),
    st.lists(PLAIN, max_size=2).map(lambda several: f"ARRAY[ROW({', '.join(several)})]"),
    one_of("""
        '{}'::date[]
        '[0:0]={infinity}'::date[]
        '{}'::text[]
        ARRAY[ROW(ARRAY['infinity'::date])]
    """),
)
ESCAPED: Final = st.binary(max_size=4).map(
    lambda data: "E'" + "".join(f"\\x{byte:02x}" for byte in data.replace(b"\0", b"")) + "'::text"
)
ANY_BYTES: Final = st.one_of(
    POSTGRES,
    ESCAPED,
    ESCAPED.map(lambda text: f"ARRAY[{text}, 'é']"),
    ESCAPED.map(lambda text: f"ROW(1, {text})"),
    ESCAPED.map(lambda text: f"ARRAY[ROW({text})]"),
    ESCAPED.map(lambda text: f"to_json({text})"),
    ESCAPED.map(lambda text: f"to_jsonb({text})"),
)
"""In a database without an encoding, any bytes are text."""
MARIADB: Final = st.one_of(
    TEXTS,
    WITHOUT_FLOATS,
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(lambda number: f"CAST({number!r} AS DOUBLE)"),
    st.tuples(st.integers(0, 9999), st.integers(0, 12), st.integers(0, 31)).map(
        lambda parts: "CAST('{:04}-{:02}-{:02}' AS DATE)".format(*parts)
    ),
    st.integers(0, 9999).map(lambda year: f"CAST('{year:04}-00-00 00:00:00' AS DATETIME(6))"),
    st.integers(-838, 838).map(lambda hours: f"CAST('{hours}:59:59.5' AS TIME(3))"),
    BYTES.map(lambda data: f"x'{data}'"),
    BYTES.map(lambda data: f"CONVERT(x'{data}' USING latin1)"),
    TEXTS.map(lambda text: f"JSON_ARRAY({text}, JSON_OBJECT('a', {text}))"),
    one_of("""
        NULL
        TRUE
        b'1'
        b'100000001'
        JSON_ARRAY(1, NULL)
        1e308
        -0.0
        UUID()
        INET6_ATON('::1')
        CAST('::1' AS INET6)
        POINT(1, 2)
        YEAR(NOW())
        9999999999999999999999.5
        CAST('' AS BINARY)
    """),
)
SQLITE: Final = st.one_of(
    TEXTS,
    WITHOUT_FLOATS,
    BYTES.map(lambda data: f"x'{data}'"),
    BYTES.map(lambda data: f"CAST(x'{data}' AS TEXT)"),
    BYTES.map(lambda data: f"json_array(hex(x'{data}'), NULL)"),
    YEARS.map(lambda year: f"'{day(year)}'"),
    st.sampled_from(["NULL", "9e999", "-9e999", "9e999 - 9e999", "1e308", "-0.0", "'24:00'", "date('now')", "char(0)"]),
)
SIMPLE: Final = st.one_of(
    TEXTS,
    NUMBERS,
    YEARS.map(lambda year: f"CAST(CAST('2000-02-03' AS DATE) + to_years({year} - 2000) AS DATE)"),
    YEARS.map(lambda year: f"CAST('2000-02-03' AS TIMESTAMP) + to_years({year} - 2000)"),
    BYTES.map(lambda data: f"from_hex('{data}')"),
    one_of("""
        NULL
        true
        date 'infinity'
        timestamp '-infinity'
        timestamptz '-infinity'
        timestamp_s 'infinity'
        timestamp_ns 'infinity'
        'nan'::double
        interval 1 month
        uuid()
        time '24:00:00'
        '24:00:00+02'::timetz
        '101'::bit
        170141183460469231731687303715884105727::hugeint
        '1e400'::json
        'a'::ENUM ('a', 'b')
    """),
)
DUCKDB: Final = st.one_of(
    SIMPLE,
    SIMPLE.map(lambda one: f"[{one}, NULL]"),
    SIMPLE.map(lambda one: f"[[{one}], NULL]"),
    SIMPLE.map(lambda one: f"array_value({one}, {one})"),
    st.tuples(SIMPLE, SIMPLE).map(lambda pair: f"{{'a': {pair[0]}, 'b': [{pair[1]}]}}"),
    st.tuples(SIMPLE, SIMPLE).map(lambda pair: f"row({pair[0]}, {pair[1]})"),
    SIMPLE.map(lambda one: f"map {{'a': {one}}}"),
    SIMPLE.filter(lambda one: one != "NULL").map(lambda one: f"map {{[{one}]: 1}}"),
    SIMPLE.map(lambda one: f"union_value(k := {one})"),
)
VALUES: Final = {"postgresql": POSTGRES, "mysql": MARIADB, "sqlite": SQLITE, "duckdb": DUCKDB}
RULES: Final = st.builds(
    ContactRules,
    strict=st.booleans(),
    phone_region=st.sampled_from([None, "US"]),
    blanks=st.sampled_from(["omit", "clear"]),
    tags_mode=st.sampled_from(["add", "replace"]),
)

OTHER: Final = {column: "email" if column != "email" else "last_name" for column in COLUMNS}
"""A column beside the one that is tried, with a value that is good."""


class PublishedAccount(MemoryAccount):
    """An account that takes nothing but what the API publishes."""

    async def upsert_contact(self, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        verify(fields)
        return await super().upsert_contact(fields)

    async def update_contact(self, contact_id: str, fields: Mapping[str, JsonValue]) -> MemoryAnswer:
        verify(fields)
        return await super().update_contact(contact_id, fields)


@pytest.fixture(params=[*DRIVERS, *(f"{driver} SQL_ASCII" for driver in POSTGRES_DRIVERS)])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[sa.Engine, st.SearchStrategy[str]]]:
    """Each driver, with the same engine for all examples, and the expressions of its database."""
    driver, _, encoding = request.param.partition(" ")
    with postgres_database(encoding=encoding) if encoding else nullcontext() as url:
        engine = engine_of(driver, tmp_path, url)
        yield engine, ANY_BYTES if encoding else VALUES[engine.dialect.name]
        engine.dispose()


@given(data=st.data(), column=st.sampled_from(COLUMNS), rules=RULES)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_every_row_has_one_outcome(
    warehouse: tuple[sa.Engine, st.SearchStrategy[str]], data: st.DataObject, column: str, rules: ContactRules
) -> None:
    """Every value of every row is read, in any field and in the key; what is sent is published."""
    engine, values = warehouse
    cells = data.draw(st.lists(values, min_size=1, max_size=8, unique=True))
    sql = "SELECT 1 AS id, " + ", ".join(f"{cell} AS c{number}" for number, cell in enumerate(cells))
    with read_source(engine, sql, None, batch_size=10, name="warehouse") as source:
        ((row,),) = source.batches()
    rows = [
        {"id": number, column: cell, OTHER[column]: f"ann{number}@example.com"} for number, cell in enumerate(row[1:])
    ]
    in_fields = sync_rows(rows, key="id", custom_fields=FIELDS, rules=rules, account=PublishedAccount())
    assert in_fields["read"] == len(cells)
    assert not in_fields["refused"] + in_fields["unknown"] + in_fields["pending"]

    keyed = [{"id": cell, "email": f"ann{number}@example.com"} for number, cell in enumerate(row[1:])]
    in_keys = sync_rows(keyed, key="id", account=PublishedAccount())
    assert in_keys["read"] == len(cells)
    unreadable = sum(isinstance(cell, UnreadableValue) for cell in row)
    assert unreadable <= in_keys["invalid"] <= len(cells)
