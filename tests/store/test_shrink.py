"""A SQLite file returns the pages that it does not use any more."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from leadway_provider.store.database import Database
from leadway_provider.store.state import StateStore


def test_a_file_returns_what_an_outbox_has_left(tmp_path: Path) -> None:
    """Where most pages of a file are unused, they are returned, and the next time there is nothing to do."""
    file = tmp_path / "state.db"
    engine = sa.create_engine(f"sqlite:///{file}")
    with closing(StateStore.open(engine, "state")):
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE filler (text TEXT)")
            connection.exec_driver_sql("INSERT INTO filler VALUES (?)", [("x" * 4000,)] * 3000)
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM filler")

        Database(engine, "state").shrink()

        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA freelist_count").scalar_one() < 1000
            assert connection.exec_driver_sql("PRAGMA page_count").scalar_one() < 1200


def test_a_tenth_of_a_large_file_is_returned_too(tmp_path: Path) -> None:
    """A first plan's outbox is about a tenth of what its delivery leaves."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'state.db'}")
    pages = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 11000) SELECT i, zeroblob(4000) "
    with closing(StateStore.open(engine, "state")):
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE filler (id INTEGER PRIMARY KEY, bytes BLOB)")
            connection.exec_driver_sql(f"INSERT INTO filler {pages} FROM n")
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM filler WHERE id <= 1100")

        Database(engine, "state").shrink()

        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA freelist_count").scalar_one() < 1000
            assert connection.exec_driver_sql("SELECT count(*) FROM filler").scalar_one() == 9900
