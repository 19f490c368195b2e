"""Any query of any database, in batches, and the errors when it can't be read."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import SourceError, SourceUnavailableError
from leadway_provider.source.cells import Row
from leadway_provider.source.query import read_source
from tests.services import MYSQL_DRIVER, POSTGRES_DRIVER
from tests.source.drivers import DRIVERS, MANY, MANY_ROWS, MARIADB_DRIVERS, POSTGRES_DRIVERS, engine_of

ROWS = 2500
SESSION = {
    "postgresql": ("pg_backend_pid()", "SELECT pg_terminate_backend({})"),
    "mysql": ("connection_id()", "KILL {}"),
}
"""A session's number, and the statement that ends it."""


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
    assert [row[0] for batch in batches for row in batch] == list(range(ROWS))


def test_an_empty_result_has_no_batch(warehouse: sa.Engine) -> None:
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

    assert rows(warehouse, sql, {"email": "ann7@example.com", "below": 10}) == [(7, "100%", "12:30")]
    assert rows(warehouse, sql, {"email": "' OR '1' = '1", "below": 10}) == []


def test_a_missing_parameter_is_named(engine: sa.Engine) -> None:
    """The error names what the SQL uses and parameters lacks."""
    with pytest.raises(SourceError, match="'warehouse' names :since, :until, which is missing in parameters"):
        rows(engine, "SELECT 1 AS a WHERE :since < :until AND :given = 1", {"given": 1})


def test_two_columns_of_one_name_are_both_returned(engine: sa.Engine) -> None:
    """The mapping decides what they mean."""
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
        ("UPDATE customers SET id = 1", "does not return rows|syntax error"),
        ("CREATE TABLE new_table (a INT)", "does not return rows|syntax error"),
        ("", "is empty"),
        (" ;\n", "is empty"),
    ],
)
def test_sql_that_can_not_be_read_is_refused(warehouse: sa.Engine, sql: str, said: str) -> None:
    """A person must change the SQL: the error names the connection and shows the first line of the driver's error."""
    with pytest.raises(SourceError, match=f"source 'warehouse' .*(?:{said})|Source 'warehouse' .*(?:{said})") as raised:
        rows(warehouse, sql)

    assert "\n" not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert rows(warehouse, "SELECT count(*) AS n FROM customers WHERE id = 1") == [(1,)]
    with warehouse.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS new_table")


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
    """PostgreSQL quotes the text that is not a number, here after the first batch: the error shows only its kind."""
    sql = "SELECT CASE WHEN i < 5000 THEN i ELSE ('secret' || i)::int END AS a FROM generate_series(1, 6000) i"

    with pytest.raises(SourceError, match="InvalidTextRepresentation") as raised:
        rows(sa.create_engine(postgres_url, poolclass=sa.NullPool), sql)

    assert "secret" not in str(raised.value)


def test_a_parameter_that_no_driver_supports(engine: sa.Engine) -> None:
    """A parameter of a type that databases do not have is an error of the DAG, on every driver."""
    with pytest.raises(SourceError, match="warehouse"):
        rows(engine, "SELECT :a AS a", {"a": {"b": 1}})


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql+{POSTGRES_DRIVER}://someone:secret@127.0.0.1:1/warehouse",
        f"mysql+{MYSQL_DRIVER}://someone:secret@127.0.0.1:1/warehouse",
        "sqlite:////nowhere/at/all/warehouse.db",
    ],
)
def test_a_database_out_of_reach(address: str) -> None:
    """A later attempt may succeed; the error names the connection and no password."""
    with pytest.raises(
        SourceUnavailableError, match=r"'warehouse' can't be reached: .*(refused|unable|Can't connect)"
    ) as raised:
        rows(sa.create_engine(address), "SELECT 1 AS a")

    assert "secret" not in str(raised.value)


@contextmanager
def killed_in_the_middle(engine: sa.Engine) -> Iterator[Iterator[Sequence[Row]]]:
    """The batches of a long result, whose connection the server has closed after the first one."""
    session, kill = SESSION[engine.dialect.name]
    sql = MANY_ROWS[engine.dialect.name].replace("SELECT", f"SELECT {session} AS session,", 1)
    with read_source(engine, sql, None, batch_size=10, name="warehouse") as source:
        batches = source.batches()
        (number, *_), *_ = next(batches)
        with engine.connect() as other:
            other.exec_driver_sql(kill.format(number))
        yield batches


@pytest.mark.parametrize("driver", [*POSTGRES_DRIVERS, *MARIADB_DRIVERS])
@pytest.mark.parametrize("reader", ["reads on", "stops"])
def test_a_connection_that_is_lost(driver: str, reader: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A later attempt may succeed; neither the log nor a driver writes a traceback, also where nobody reads on.

    pytest makes an error of what a driver raises while its objects are deleted.
    """
    caplog.set_level("INFO")

    with killed_in_the_middle(engine_of(driver, tmp_path)) as batches:
        if reader == "reads on":
            with pytest.raises(SourceUnavailableError, match="'warehouse' broke off: "):
                list(batches)
    del batches
    gc.collect()

    assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"]
    said = [record.getMessage() for record in caplog.records if record.name.startswith("leadway_provider")]
    expected = (
        []
        if reader == "reads on" or driver == "mysqlconnector"
        else ["The connection to source 'warehouse' was lost before"]
    )
    assert [each.partition(" it was closed: ")[0] for each in said] == expected
    assert not any("\n" in each for each in said)


@pytest.mark.parametrize("driver", [*POSTGRES_DRIVERS, *MARIADB_DRIVERS])
def test_a_connection_that_is_lost_after_the_last_row(
    driver: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything was read: the log says it in one line, and nothing fails."""
    engine = engine_of(driver, tmp_path)
    number, kill = SESSION[engine.dialect.name]
    caplog.set_level("INFO")

    with read_source(engine, f"SELECT {number} AS session", None, batch_size=10, name="warehouse") as source:
        (((session,),),) = source.batches()
        with engine.connect() as other:
            other.exec_driver_sql(kill.format(session))

    (said,) = [record.getMessage() for record in caplog.records if record.name.startswith("leadway_provider")]
    assert said.startswith("The connection to source 'warehouse' was lost before it was closed: ")
    assert "\n" not in said


FAILS_LATE: Final = {
    "sqlite": "SELECT CASE WHEN i < 5000 THEN 1 ELSE abs(-9223372036854775808) END AS a FROM ({many}) t",
    "postgresql": "SELECT CASE WHEN i < 5000 THEN 1 ELSE 1 / (i - i) END AS a FROM ({many}) t",
    "duckdb": "SELECT CASE WHEN i < 5000 THEN 1 ELSE error('too late') END AS a FROM ({many}) t",
    "mysql": "SELECT CASE WHEN i < 5000 THEN 1 ELSE (SELECT 1 UNION SELECT 2 FROM dual WHERE i > 1) END AS a "
    "FROM ({many}) t",
}


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_query_that_fails_at_a_later_row(driver: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A person must change the SQL: the error says what is wrong with it, and the log has nothing more."""
    engine = engine_of(driver, tmp_path)
    sql = FAILS_LATE[engine.dialect.name].format(many=MANY_ROWS[engine.dialect.name])

    with pytest.raises(SourceError, match=r"'warehouse' refuses the SQL: .*(overflow|Zero|late|more than 1|1242)"):
        rows(engine, sql, batch_size=100)

    assert not [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"]


def test_a_locked_source_is_for_later(tmp_path: Path) -> None:
    """SQLite raises the same kind of error for a lock and for a missing table; only the lock is for a later attempt."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'busy.db'}", connect_args={"timeout": 0})
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE customers (id INTEGER)")
    with engine.connect() as writer:
        writer.exec_driver_sql("BEGIN EXCLUSIVE")

        with pytest.raises(SourceUnavailableError, match="'warehouse' broke off: database is locked"):
            rows(engine, "SELECT * FROM customers")
    engine.dispose()


def test_errors_of_the_caller_pass_unchanged(engine: sa.Engine, recwarn: pytest.WarningsRecorder) -> None:
    """An error that is raised while rows are handled passes as it is, and the connection goes back clean."""

    def fail_at_the_first_batch() -> None:
        with read_source(engine, MANY_ROWS[engine.dialect.name], None, batch_size=10, name="warehouse") as source:
            next(source.batches())
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fail_at_the_first_batch()

    # From Python 3.13 on, connections that other tests left to be collected are warned about too.
    assert not [warning for warning in recwarn if issubclass(warning.category, sa.exc.SAWarning)]
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # every engine here has a QueuePool
