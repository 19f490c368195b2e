"""Any query of any database, in batches, and what is said when it can't be read."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import SourceError, SourceUnavailableError
from leadway_provider.store.source import read_source

ROWS = 2500
MANY = 20_000
MANY_ROWS = {
    "sqlite": f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) "  # noqa: S608  # a constant
    "SELECT i, printf('%0500d', i) AS pad FROM n",
    "postgresql": f"SELECT i, lpad(i::text, 500, '0') AS pad FROM generate_series(1, {MANY}) i",  # noqa: S608  # a constant
    "mysql": f"SELECT seq AS i, lpad(seq, 500, '0') AS pad FROM seq_1_to_{MANY}",  # noqa: S608  # a constant
}

SESSION = {"postgresql": "pg_backend_pid()", "mysql": "connection_id()"}


@pytest.fixture
def warehouse(engine: sa.Engine) -> Iterator[sa.Engine]:
    """A source with a table of customers."""
    customers = sa.Table("customers", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("email", sa.String(50)))
    customers.create(engine)
    with engine.begin() as connection:
        connection.execute(
            sa.insert(customers), [{"id": number, "email": f"ann{number}@example.com"} for number in range(ROWS)]
        )
    yield engine
    customers.drop(engine)


def rows(
    engine: sa.Engine, sql: str, parameters: Mapping[str, object] | None = None, batch_size: int = 1000
) -> list[tuple[object, ...]]:
    """All rows of a query."""
    with read_source(engine, sql, parameters, batch_size=batch_size, name="warehouse") as source:
        return [tuple(row) for batch in source.batches() for row in batch]


def test_rows_come_in_batches_in_order(warehouse: sa.Engine) -> None:
    """Every row comes once, in the query's order, at most batch_size at a time."""
    sql = "SELECT id, email FROM customers ORDER BY id"

    with read_source(warehouse, sql, None, batch_size=1000, name="warehouse") as source:
        assert source.columns == ("id", "email")
        batches = list(source.batches())

    assert [len(batch) for batch in batches] == [1000, 1000, 500]
    assert [row.id for batch in batches for row in batch] == list(range(ROWS))


def test_no_row_is_no_batch(warehouse: sa.Engine) -> None:
    """An empty result has columns but nothing else."""
    with read_source(warehouse, "SELECT id FROM customers WHERE 1 = 0", {}, batch_size=10, name="warehouse") as source:
        assert source.columns == ("id",)
        assert list(source.batches()) == []


def test_memory_does_not_grow_with_the_result(engine: sa.Engine) -> None:
    """A result far larger than a batch is streamed: 10 MB of rows never need more than two."""
    sql = MANY_ROWS[engine.dialect.name]
    with read_source(engine, sql, None, batch_size=1000, name="warehouse") as source:
        tracemalloc.start()
        read = sum(len(batch) for batch in source.batches())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert read == MANY
    assert peak < 2_000_000


@pytest.mark.parametrize("end", ["", ";", " ;\n", "; -- all of them"])
def test_sql_without_parameters_is_sent_as_it_is(engine: sa.Engine, end: str) -> None:
    """Per cent signs, colons and question marks mean what they mean to the database; a trailing semicolon is fine."""
    assert rows(engine, f"SELECT '100%' AS a, '%s %(b)s' AS b, ':c 12:30' AS c, '?' AS d{end}") == [
        ("100%", "%s %(b)s", ":c 12:30", "?")
    ]


def test_parameters_are_bound(warehouse: sa.Engine) -> None:
    """A value is never part of the SQL, whatever it holds; per cent signs beside it keep their meaning."""
    sql = "SELECT id, '100%' AS share, '12:30' AS time FROM customers WHERE email = :email AND id < :below;"

    assert rows(warehouse, sql, {"email": "ann7@example.com", "below": 10, "unused": 1}) == [(7, "100%", "12:30")]
    assert rows(warehouse, sql, {"email": "' OR '1' = '1", "below": 10}) == []


def test_a_missing_parameter_is_named(engine: sa.Engine) -> None:
    """The error names what the SQL wants and parameters lacks."""
    with pytest.raises(SourceError, match="'warehouse' names :since, :until, which parameters"):
        rows(engine, "SELECT 1 AS a WHERE :since < :until AND :given = 1", {"given": 1})


def test_two_columns_of_one_name_are_both_told(engine: sa.Engine) -> None:
    """What they shall mean is the mapping's to say."""
    with read_source(engine, "SELECT 1 AS a, 2 AS b, 3 AS a", None, batch_size=10, name="warehouse") as source:
        assert source.columns == ("a", "b", "a")
        assert [tuple(row) for batch in source.batches() for row in batch] == [(1, 2, 3)]


def test_a_column_may_have_any_name(engine: sa.Engine) -> None:
    """Targets with dots, blanks and per cent signs arrive as they were written."""
    name = "custom.Lifetime Value %"
    quote = "`" if engine.dialect.name == "mysql" else '"'

    for parameters in (None, {"x": 1}):
        sql = f"SELECT {'1' if parameters is None else ':x'} AS {quote}{name}{quote}"
        with read_source(engine, sql, parameters, batch_size=10, name="warehouse") as source:
            assert source.columns == (name,)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELEC 1", "(SELEC|selec)"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT nothing FROM customers", "nothing"),
        ("UPDATE customers SET id = 1", "no rows set|syntax error"),
        ("CREATE TABLE made (a INT)", "no rows set|syntax error"),
        ("", "no rows set|empty"),
    ],
)
def test_sql_that_can_not_be_read_is_refused(warehouse: sa.Engine, sql: str, said: str) -> None:
    """A person must change the SQL: the error names the connection and shows the driver's first line."""
    with pytest.raises(SourceError, match=f"source 'warehouse' .*(?:{said})|Source 'warehouse' .*(?:{said})") as raised:
        rows(warehouse, sql)

    assert "\n" not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert rows(warehouse, "SELECT count(*) AS n FROM customers WHERE id = 1") == [(1,)]
    with warehouse.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS made")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FORM customers WHERE email = :email",
        "SELECT 1 AS a FROM nowhere WHERE email = :email",
        "SELECT * FROM customers WHERE :email email",
    ],
)
def test_no_parameter_reaches_an_error(warehouse: sa.Engine, sql: str) -> None:
    """A driver that formats parameters itself quotes them in its errors; ours hide them."""
    with pytest.raises(SourceError) as raised:
        rows(warehouse, sql, {"email": "secret@example.com"})

    assert "secret" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_no_value_of_a_row_reaches_an_error(postgres_url: sa.URL) -> None:
    """PostgreSQL quotes the text that is no number, here after the first batch: only the kind of error is told."""
    sql = "SELECT CASE WHEN i < 5000 THEN i ELSE ('secret' || i)::int END AS a FROM generate_series(1, 6000) i"

    with pytest.raises(SourceError, match="InvalidTextRepresentation") as raised:
        rows(sa.create_engine(postgres_url, poolclass=sa.NullPool), sql)

    assert "secret" not in str(raised.value)


def test_text_in_no_encoding_is_not_quoted(tmp_path: Path) -> None:
    """SQLite keeps any bytes as text: the error names the column, not the value."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'latin1.db'}")

    with pytest.raises(SourceError, match=r"UTF-8 column 'name'$") as raised:
        rows(engine, "SELECT CAST(x'736563726574e9' AS TEXT) AS name")

    assert "secret" not in str(raised.value)


def test_a_parameter_that_no_driver_knows(engine: sa.Engine) -> None:
    """A parameter of another type than databases have is the DAG's mistake, on every driver."""
    with pytest.raises(SourceError, match="warehouse"):
        rows(engine, "SELECT :a AS a", {"a": {"b": 1}})


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg2://someone:secret@127.0.0.1:1/warehouse",
        "mysql+pymysql://someone:secret@127.0.0.1:1/warehouse",
        "sqlite:////nowhere/at/all/warehouse.db",
    ],
)
def test_a_database_out_of_reach(address: str) -> None:
    """A later attempt may succeed; the error names the connection and no password."""
    with pytest.raises(SourceUnavailableError, match=r"'warehouse' can't be reached: .*(refused|unable)") as raised:
        rows(sa.create_engine(address), "SELECT 1 AS a")

    assert "secret" not in str(raised.value)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("server", "kill"), [("postgres_url", "SELECT pg_terminate_backend({})"), ("mariadb_url", "KILL {}")]
)
def test_a_connection_that_breaks_off(request: pytest.FixtureRequest, server: str, kill: str) -> None:
    """The server goes away between two batches: that is for a later attempt, not for a person."""
    engine = sa.create_engine(request.getfixturevalue(server), poolclass=sa.NullPool)
    sql = MANY_ROWS[engine.dialect.name].replace("SELECT", f"SELECT {SESSION[engine.dialect.name]} AS session,", 1)

    with read_source(engine, sql, None, batch_size=10, name="warehouse") as source:
        batches = source.batches()
        (session, *_), *_ = next(batches)
        with engine.connect() as other:
            other.exec_driver_sql(kill.format(session))

        with pytest.raises(SourceUnavailableError, match="'warehouse' broke off: "):
            list(batches)

    # pymysql's cursor reads from its closed socket when it is collected: an unraisable error, ignored here.
    del source, batches
    gc.collect()


def test_a_locked_source_is_for_later(tmp_path: Path) -> None:
    """SQLite calls a lock and a missing table the same kind of error; they are not."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'busy.db'}", connect_args={"timeout": 0})
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE customers (id INTEGER)")
    with engine.connect() as writer:
        writer.exec_driver_sql("BEGIN EXCLUSIVE")

        with pytest.raises(SourceUnavailableError, match="'warehouse' broke off: database is locked"):
            rows(engine, "SELECT * FROM customers")
    engine.dispose()


def test_the_callers_errors_are_its_own(engine: sa.Engine, recwarn: pytest.WarningsRecorder) -> None:
    """An error that is raised while rows are handled passes as it is, and the connection goes back clean."""

    def fail_at_the_first_batch() -> None:
        with read_source(engine, MANY_ROWS[engine.dialect.name], None, batch_size=10, name="warehouse") as source:
            next(source.batches())
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fail_at_the_first_batch()

    assert not list(recwarn)
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # every engine here has a QueuePool
