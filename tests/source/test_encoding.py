"""Text of PostgreSQL in other encodings than UTF-8, and in none: each cell is read, or marked by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from leadway_provider.source.query import read_source
from leadway_provider.source.schemas import Schemas, find_schemas
from tests.services import postgres_database
from tests.source.drivers import POSTGRES_DRIVERS, engine_of
from tests.source.test_cells import DAY, NOT_UNICODE, OUT, read

CELLS: Final = (
    ("'abc'", "abc"),
    ("'é'", "é"),
    (r"E'\xc3\xa9'", "é"),
    (r"E'\xe9'", NOT_UNICODE),
    ("'x'::char(2)", "x "),
    (r"E'\xe9'::name", NOT_UNICODE),
    (r"array[E'\xc3\xa9'::text, null]", ["é", None]),
    (r"array['a'::varchar, E'\xe9']", NOT_UNICODE),
    (r"row(1, E'\xc3\xa9')", "(1,é)"),
    (r"row(1, E'\xe9')", NOT_UNICODE),
    (r"(1, E'\xe9')::pair", NOT_UNICODE),
    (r"array[(1, E'\xe9')::pair]", NOT_UNICODE),
    ("'é'::mood", "é"),
    ("array['é'::mood]", ["é"]),
    (r"E'\xe9'::tsvector", NOT_UNICODE),
    ("""'{"a": ["é"]}'::jsonb""", {"a": ["é"]}),
    (r"""('["' || E'\xe9' || '"]')::json""", NOT_UNICODE),
    (r"""array[('["' || E'\xe9' || '"]')::json]""", NOT_UNICODE),
    ("""array['["é"]'::json]""", [["é"]]),
    ("date '2020-01-02'", DAY),
    ("array[date 'infinity']", OUT),
    ("1.5::float8", 1.5),
    ("null::text", None),
)
"""Expressions of a database without an encoding, and what a row has for them."""


@pytest.fixture(scope="module")
def ascii_database() -> Iterator[sa.URL]:
    """A PostgreSQL database without an encoding."""
    with postgres_database(encoding="SQL_ASCII") as url:
        engine = sa.create_engine(url, connect_args={"client_encoding": "utf8"}, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TYPE pair AS (a int, b text)")
            connection.exec_driver_sql("CREATE TYPE mood AS ENUM ('é', 'b')")
            connection.exec_driver_sql("CREATE TABLE people (name text)")
        with sa.create_engine(url, connect_args={"client_encoding": "latin1"}, poolclass=sa.NullPool).begin() as latin:
            latin.exec_driver_sql("CREATE TABLE old (é text)")
        yield url


@pytest.fixture(params=POSTGRES_DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    """Each driver of PostgreSQL."""
    chosen: str = request.param
    return chosen


def speaking(engine: sa.Engine, encoding: str) -> sa.Engine:
    """The same database, by connections that name an encoding."""
    return sa.create_engine(engine.url, connect_args={"client_encoding": encoding}, poolclass=sa.NullPool)


@pytest.mark.parametrize("encoding", [None, "utf8"])
def test_a_database_without_an_encoding(
    driver: str, ascii_database: sa.URL, tmp_path: Path, encoding: str | None
) -> None:
    """Its text is read as UTF-8, cell by cell, whatever type it is in, also where the connection names UTF-8."""
    engine = engine_of(driver, tmp_path, ascii_database)
    sql = f"SELECT {', '.join(f'{expression} AS c{n}' for n, (expression, _) in enumerate(CELLS))}"

    found = read(speaking(engine, encoding) if encoding else engine, sql)

    assert found == [tuple(expected for _, expected in CELLS)]


def test_names_and_parameters_go_there_in_utf_8(driver: str, ascii_database: sa.URL, tmp_path: Path) -> None:
    """The SQL, its parameters and the names of the result are as with any other database."""
    sql = r"""SELECT :given::text AS "Größe", E'\xc3\xa9' = ANY(:several) AS same WHERE E'\xc3\xa9' IN :listed"""
    parameters = {"given": "Zoë", "several": ["é", "a"], "listed": ["é", "a"]}

    engine = engine_of(driver, tmp_path, ascii_database)
    with read_source(engine, sql, parameters, batch_size=10, name="warehouse") as source:
        assert source.columns == ("Größe", "same")
        assert list(map(list, source.batches())) == [[("Zoë", True)]]


def test_a_name_that_is_not_utf_8(driver: str, ascii_database: sa.URL, tmp_path: Path) -> None:
    """The column can't be renamed away, so it has the name that LATIN1 gives it."""
    engine = engine_of(driver, tmp_path, ascii_database)
    with read_source(engine, "SELECT * FROM old", None, batch_size=10, name="warehouse") as source:
        assert source.columns == ("é",)


def test_its_tables_are_found(driver: str, ascii_database: sa.URL, tmp_path: Path) -> None:
    """Lineage asks it before any query does."""
    assert find_schemas(engine_of(driver, tmp_path, ascii_database), ["people"]) == Schemas(
        "public", {"people": "public"}
    )


def test_an_encoding_that_the_connection_names_for_it_holds(
    driver: str, ascii_database: sa.URL, tmp_path: Path
) -> None:
    """Its owner knows what the bytes are."""
    engine = speaking(engine_of(driver, tmp_path, ascii_database), "latin1")

    assert read(engine, r"SELECT E'\xe9', array[E'\xe9'::text], date 'infinity'") == [("é", ["é"], OUT)]


def test_a_character_that_the_encoding_of_the_connection_lacks(
    driver: str, postgres_url: sa.URL, tmp_path: Path
) -> None:
    """It would stop the server in the middle of the result; the session speaks UTF-8."""
    engine = speaking(engine_of(driver, tmp_path, postgres_url), "latin1")

    assert read(engine, "SELECT '🦊' AS name UNION ALL SELECT 'é'") == [("🦊",), ("é",)]


def test_a_database_in_another_encoding(driver: str, tmp_path: Path) -> None:
    """Its text arrives as it is meant."""
    with postgres_database(encoding="LATIN1") as url:
        engine = engine_of(driver, tmp_path, url)
        assert read(engine, r"SELECT E'\xe9' AS name, 'é' = E'\xe9'") == [("é", True)]


@pytest.mark.parametrize("batch_size", [1, 2, 10])
@pytest.mark.parametrize(
    ("encoding", "known", "bad"),
    [
        ("WIN1252", "€", "81"),
        ("WIN1251", "Я", "98"),
        ("LATIN3", "Ħ", "a5"),
        ("ISO_8859_7", "Ω", "ff"),
        ("EUC_CN", "中", r"fe\xfe"),
        ("EUC_KR", "한", r"fe\xfe"),
    ],
)
def test_a_byte_without_a_character(  # noqa: PLR0917 - a table's columns
    driver: str, encoding: str, known: str, bad: str, batch_size: int, tmp_path: Path
) -> None:
    """The server would stop at it; the session reads the bytes, and only the cell with that byte is marked."""
    texts = ("'a'", f"'{known}'", f"E'b\\x{bad}'", f"'{known}'")
    days = ("'2020-01-02'", "'infinity'", "'infinity'", "null")
    rows = " UNION ALL ".join(
        f"SELECT {n}, {text}, array[{text}], row(1, {text}), to_json({text}::text), {day}::date"
        for n, (text, day) in enumerate(zip(texts, days, strict=True))
    )
    with postgres_database(encoding=encoding) as url:
        found = read(engine_of(driver, tmp_path, url), rows, batch_size)

    good = (known, [known], f"(1,{known})", known)
    assert found == [
        (0, "a", ["a"], "(1,a)", "a", DAY),
        (1, *good, OUT),
        (2, NOT_UNICODE, NOT_UNICODE, NOT_UNICODE, NOT_UNICODE, OUT),
        (3, *good, None),
    ]


def test_bytes_that_are_not_of_the_database_s_encoding(tmp_path: Path) -> None:
    """A database says UTF-8 and has other bytes, as one has that was copied by its files."""
    with postgres_database(encoding="SQL_ASCII") as url:
        with sa.create_engine(url, connect_args={"client_encoding": "latin1"}, poolclass=sa.NullPool).begin() as wrong:
            wrong.exec_driver_sql(r"CREATE TABLE names AS SELECT E'\xe9' AS name UNION ALL SELECT 'e'")
        said = "UPDATE pg_database SET encoding = pg_char_to_encoding('UTF8') WHERE datname = current_database()"
        with sa.create_engine(url, connect_args={"client_encoding": "utf8"}, poolclass=sa.NullPool).begin() as server:
            server.exec_driver_sql(said)

        assert read(engine_of("psycopg", tmp_path, url), "SELECT * FROM names") == [(NOT_UNICODE,), ("e",)]
