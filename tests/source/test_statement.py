"""One statement with its parameters: what is refused before the database sees it, and what works on every database."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import SourceError
from leadway_provider.source.query import read_source
from leadway_provider.source.statement import one_statement, without_values


def rows(engine: sa.Engine, sql: str, parameters: Mapping[str, object] | None = None) -> list[tuple[object, ...]]:
    """All rows of a query."""
    with read_source(engine, sql, parameters, batch_size=10, name="warehouse") as source:
        return [tuple(row) for batch in source.batches() for row in batch]


@pytest.mark.parametrize(
    ("sql", "listed"),
    [
        ("SELECT 1 AS a; SELECT 2 AS a", r"2 statements \(SELECT, SELECT\)"),
        ("SET search_path = crm; SELECT 1 AS a;", r"2 statements \(SET, SELECT\)"),
        ("-- first\nset @a = 1;\n/* then; */ select 1 as a", r"2 statements \(SET, SELECT\)"),
        (
            "USE crm; CREATE TEMPORARY TABLE t (a int); WITH x AS (SELECT 1) SELECT * FROM x",
            r"3 statements \(USE, CREATE",
        ),
    ],
)
def test_more_than_one_statement(engine: sa.Engine, sql: str, listed: str) -> None:
    """Some drivers would run them all and return the first result or the last; none is asked."""
    with pytest.raises(SourceError, match=rf"'warehouse' has {listed}.*; it must be one SELECT.*hook_params"):
        rows(engine, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'a; select b' AS a",
        'SELECT 1 AS "a; select b"',
        "SELECT `a; select b` FROM t",
        "SELECT [a; select b] FROM t",
        "SELECT 1 AS a; -- select 2",
        "SELECT 1 AS a /* ; select 2; */",
        "SELECT 1 AS a;;\n;",
        "SELECT $$a; select b$$ AS a",
        "SELECT $tag$a; select b$tag$ AS a",
        "SELECT 'it''s; select b' AS a",
        "SELECT 'back\\' AS x, 'a;b' AS y",
        "SELECT CASE WHEN a = ';' THEN 1 ELSE 2 END FROM t;",
        "WITH x AS (SELECT ';' AS a) SELECT * FROM x",
        "-- a comment; with a semicolon\nSELECT 1 AS a",
        "# a comment; with a semicolon\nSELECT 1 AS a",
    ],
)
def test_a_semicolon_that_ends_no_statement(sql: str) -> None:
    """Texts, names and comments may have one, in the words of any database."""
    assert one_statement(sql, "warehouse") == sql.rstrip(";\n")


def test_semicolons_at_the_end(engine: sa.Engine) -> None:
    """They do not matter, with any database."""
    assert rows(engine, "SELECT 1 AS a;;\n; ") == [(1,)]


def test_a_parameter_that_the_query_does_not_use(engine: sa.Engine) -> None:
    """It may be the filter that somebody believes in: nothing is read without it."""
    with pytest.raises(SourceError, match="'warehouse' does not use :region, :until, which is given in parameters"):
        rows(engine, "SELECT 1 AS a WHERE 1 < :below", {"below": 2, "region": "EU", "until": 3})


def test_optional_parameters_need_not_be_used(engine: sa.Engine) -> None:
    """The bounds of the data interval are there for those who want them."""
    optional = {"since": "2020-01-01", "until": "2020-01-02"}

    with read_source(engine, "SELECT :until AS a", None, optional=optional, batch_size=10, name="warehouse") as source:
        assert [tuple(row) for batch in source.batches() for row in batch] == [("2020-01-02",)]


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_parameter_with_a_cast(driver: str, postgres_url: sa.URL) -> None:
    """PostgreSQL's `::` may follow a parameter at once."""
    engine = sa.create_engine(postgres_url.set(drivername=f"postgresql+{driver}"), poolclass=sa.NullPool)
    sql = r"SELECT id::text, :day::date::text, '\:low' AS as_it_is FROM generate_series(1, 5) id WHERE id <= :low::int"

    assert rows(engine, sql, {"low": "2", "day": "2020-01-02"}) == [
        ("1", "2020-01-02", ":low"),
        ("2", "2020-01-02", ":low"),
    ]
    with pytest.raises(SourceError, match="names :low, which is missing"):
        rows(engine, "SELECT 1 AS a WHERE 1 = :low::int AND 1 = :b", {"b": 1})


@pytest.mark.parametrize("place", ["IN :ids", "IN (:ids)", "in ( :ids )", "NOT IN :others AND a IN :ids"])
@pytest.mark.parametrize("kind", [list, tuple, set])
def test_a_list_for_in(engine: sa.Engine, place: str, kind: type) -> None:
    """Each value is bound, however the list is written and whatever it is."""
    sql = f"SELECT a FROM (SELECT 1 AS a UNION SELECT 2 UNION SELECT 3) t WHERE a {place} ORDER BY a"  # noqa: S608 - constants
    others = {"others": [7]} if "others" in place else {}

    assert rows(engine, sql, {"ids": kind([1, 3, 5]), **others}) == [(1,), (3,)]


def test_a_list_of_texts_for_in(engine: sa.Engine) -> None:
    """A text is never part of the SQL."""
    sql = "SELECT a FROM (SELECT 'x' AS a UNION SELECT 'y') t WHERE a IN :names"

    assert rows(engine, sql, {"names": ["x", "') OR ('1' = '1"]}) == [("x",)]


def test_an_empty_list_for_in(engine: sa.Engine) -> None:
    """No database has an empty list; what it should mean is for the DAG to say."""
    with pytest.raises(SourceError, match="The list :ids for source 'warehouse' is empty"):
        rows(engine, "SELECT 1 AS a WHERE 1 IN :ids", {"ids": []})


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_an_array_elsewhere(driver: str, postgres_url: sa.URL) -> None:
    """A list that no IN takes is PostgreSQL's array."""
    engine = sa.create_engine(postgres_url.set(drivername=f"postgresql+{driver}"), poolclass=sa.NullPool)

    assert rows(engine, "SELECT id FROM generate_series(1, 5) id WHERE id = ANY(:ids)", {"ids": [2, 4]}) == [(2,), (4,)]


def test_the_useful_word_of_an_error_stays(engine: sa.Engine) -> None:
    """Where the database says what it stumbled over, and the SQL has that word, the user sees it."""
    with pytest.raises(SourceError, match=r"near .*\b(FORM|customers)\b"):
        rows(engine, "SELECT * FORM customers WHERE email = :email", {"email": "secret@example.com"})


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ('syntax error at or near "FORM"', 'syntax error at or near "FORM"'),
        ('syntax error at or near ":"', 'syntax error at or near ":"'),
        ("""near 'FORM t WHERE a = 'secret@example.com'' at line 12""", """near 'FORM t WHERE a = '…'' at line 12"""),
        ("near 'secret at line 12", "near '… at line 12"),
        ("near '4711'", "near '…'"),
        ('near "geheim": syntax error', 'near "…": … …'),
    ],
)
def test_only_the_words_of_the_sql_are_shown(message: str, shown: str) -> None:
    """Other words may be a parameter's."""
    start, _, rest = message.partition("near")

    assert start + without_values(f"near{rest}", "SELECT a FORM t WHERE a = :email") == shown
