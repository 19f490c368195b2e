"""Two transactions that wait for each other: the one that the database rolls back is repeated."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from leadway_provider.store.database import Database, repeated_after_deadlock

COUNTER = sa.Table("counter", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))


DRIVERS = (
    "postgresql+psycopg",
    "postgresql+psycopg2",
    "mysql+mysqldb",
    "mysql+pymysql",
    "mysql+mysqlconnector",
)


@pytest.fixture(params=DRIVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A server with two counters at 0, by each driver that a connection can name."""
    kind = request.param.partition("+")[0]
    url: sa.URL = request.getfixturevalue({"postgresql": "postgres_url", "mysql": "mariadb_url"}[kind])
    database = Database(sa.create_engine(url.set(drivername=request.param)), "state")
    with database.writing() as connection:
        COUNTER.create(connection)
        connection.execute(sa.insert(COUNTER), [{"id": 1, "n": 0}, {"id": 2, "n": 0}])
    yield database
    with database.writing() as connection:
        COUNTER.drop(connection)
    database.close()


def test_a_deadlock_is_repeated(server: Database) -> None:
    """Each of two transactions has what the other one needs; both are complete in the end, and count once."""
    both_hold_one = threading.Barrier(2)
    attempts: list[int] = []

    @repeated_after_deadlock
    def count(first: int, second: int) -> None:
        attempts.append(first)
        with server.writing() as connection:
            for number in (first, second):
                connection.execute(sa.update(COUNTER).where(COUNTER.c.id == number).values(n=COUNTER.c.n + 1))
                if number == first and attempts.count(first) == 1:
                    both_hold_one.wait(timeout=30)

    threads = [threading.Thread(target=count, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(attempts) >= 3  # a repetition may meet the other one again
    with server.reading() as connection:
        assert list(connection.scalars(sa.select(COUNTER.c.n))) == [2, 2]
