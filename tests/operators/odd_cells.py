"""Cells that a driver can't turn into Python, or only into an object: what the operator makes of each, by database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tests.source.drivers import MARIADB_DRIVERS, POSTGRES_DRIVERS

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
        Odd("timestamptz '275760-09-13 00:00+00'", "timestamptz '1990-04-25 12:00:00+00'", OUT, kind="DATE"),
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
        Odd("array['NaN'::numeric]", "array[1.5]", NOT_FINITE),
        Odd("array[1.50, null]", sent="[1.5, null]"),
        Odd("array['\\x61'::bytea]", sent='["a"]'),
        Odd("row(1, 2)", kind="NUMERICAL", code="ambiguous"),
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
        Odd("timestamptz '-infinity'", "timestamptz '1990-04-25 12:00:00+00'", OUT, kind="DATE"),
        Odd("timestamp '20224-01-05 00:00:00'", "timestamp '1990-04-25 12:00:00'", OUT),
        Odd("[date '1990-04-25', 'infinity']", "NULL::date[]", OUT),
        Odd("[date '20224-01-05']", "[]::date[]", OUT, kind="CHECKBOX"),
        Odd("{'a': [date 'infinity']}", "NULL", OUT),
        Odd("map {'a': timestamp 'infinity'}", "NULL", OUT),
        Odd("interval 1 month", code="type_unsupported"),
        Odd("[date '1990-04-25', NULL]", sent='["1990-04-25", null]'),
        Odd("{'a': 1.50::decimal(5, 2), 'b': [time '08:00']}", sent='{"a": 1.5, "b": ["08:00:00"]}'),
        Odd("map {date '1990-04-25': 'a'}", sent='{"1990-04-25": "a"}'),
        Odd("array_value(1, 2)", sent="[1, 2]"),
        Odd("row(1, 'a')", sent='[1, "a"]'),
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
    **dict.fromkeys((f"{driver} WIN1252" for driver in POSTGRES_DRIVERS), GAP_CELLS),
    **dict.fromkeys(MARIADB_DRIVERS, MARIADB_CELLS),
    "sqlite": SQLITE_CELLS,
    "duckdb": DUCKDB_CELLS,
}
"""By the driver that reads them."""
