"""A state store is opened for reading: nothing is created, upgraded or changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadway_provider import __version__
from leadway_provider.exceptions import ConfigurationError, StateMissingError, StateUnavailableError, StateVersionError
from leadway_provider.hooks.database import open_state_for_reading
from leadway_provider.store.database import Database
from leadway_provider.store.reading.reader import StateReader
from leadway_provider.store.schema import REVISIONS, VERSION_TABLE, require_schema
from leadway_provider.store.state import StateStore
from leadway_provider.sync.outcome import RowState
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import sealed, write

SYNC = SyncIdentity("customers", "https://api.example.com", "loc1")


@pytest.fixture
def empty_engine(empty_url: sa.URL) -> Iterator[sa.Engine]:
    """An engine on a database without tables."""
    engine = sa.create_engine(empty_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    yield engine
    engine.dispose()


def test_what_a_store_has_can_be_read(empty_engine: sa.Engine) -> None:
    """A reader of its own sees what was committed, also while the store stays open."""
    with closing(StateStore.open(empty_engine, "state")) as state:
        run = sealed(state, SYNC, "a", "b")

        with closing(StateReader.open(sa.create_engine(empty_engine.url), "state_conn")) as reader:
            [sync] = reader.syncs().known()
            assert (sync.id, sync.name) == (run.sync_id, "customers")
            page = reader.rows_of_sync(sync.id).page(RowState.PENDING)
            assert [row.source_key for row in page.records] == ["a", "b"]


def test_a_database_without_a_state_store_is_left_as_it_is(empty_engine: sa.Engine) -> None:
    """The error names the connection; no table is created."""
    if empty_engine.dialect.name == "sqlite":
        Path(str(empty_engine.url.database)).touch()

    with pytest.raises(StateMissingError, match="'state_conn' has no tables of leadway-provider"):
        StateReader.open(empty_engine, "state_conn")

    assert sa.inspect(empty_engine).get_table_names() == []


def test_a_database_of_another_program_is_left_as_it_is(empty_engine: sa.Engine) -> None:
    """A database with other tables is not a state store."""
    with empty_engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE customers (id INTEGER)")

    with pytest.raises(StateMissingError, match="no tables of leadway-provider"):
        StateReader.open(empty_engine, "state_conn")

    assert sa.inspect(empty_engine).get_table_names() == ["customers"]


def test_an_older_schema_is_not_upgraded(empty_engine: sa.Engine) -> None:
    """Only a run upgrades it; the error says both versions and what to do."""
    StateStore.open(empty_engine, "state").close()

    with pytest.raises(StateVersionError, match=rf"has schema {REVISIONS[-1]}, and .* reads 9000: the next run"):
        require_schema(Database(empty_engine, "state_conn", read_only=True), revisions=(*REVISIONS, "9000"))

    StateReader.open(empty_engine, "state_conn").close()


def test_a_newer_schema_is_refused(empty_engine: sa.Engine) -> None:
    """The tables may mean something else; the error says both versions."""
    StateStore.open(empty_engine, "state").close()
    with empty_engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '0999'")  # noqa: S608 - a constant

    with pytest.raises(StateVersionError, match=rf"schema 0999.* up to {REVISIONS[-1]}.*upgrade") as raised:
        StateReader.open(empty_engine, "state_conn")

    assert __version__ in str(raised.value)


def test_a_reader_can_not_write_to_a_file(tmp_path: Path) -> None:
    """SQLite itself refuses it, whatever the code did."""
    path = tmp_path / "state.db"
    StateStore.open_file(path).close()
    database = Database(sa.create_engine(f"sqlite:///{path}"), "state", read_only=True)

    with pytest.raises(StateUnavailableError, match="readonly database"), database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM leadway_run")


@pytest.mark.parametrize("name", ["state.db", "a state 100%#1?.db"])
def test_a_file_is_read(tmp_path: Path, name: str) -> None:
    """Whatever its name, and while another process is writing it."""
    path = tmp_path / name
    with closing(StateStore.open_file(path)) as state:
        run = sealed(state, SYNC, "a")
        with closing(StateReader.open_file(path)) as reader, closing(sqlite3.connect(path)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            assert [each.id for each in reader.runs().of_sync(run.sync_id).records] == [run.id]


def test_a_file_that_does_not_exist_is_not_created(tmp_path: Path) -> None:
    """Neither by its path nor through a connection."""
    path = tmp_path / "folder" / "state.db"

    with pytest.raises(ConfigurationError, match=r"no state store at .*state\.db"):
        StateReader.open_file(path)
    with pytest.raises(ConfigurationError, match="no state store at 'state_conn'"):
        StateReader.open(sa.create_engine(f"sqlite:///{tmp_path / 'state.db'}"), "state_conn")

    assert list(tmp_path.iterdir()) == []


def test_the_default_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a connection it is the file beside the Airflow home, which is not created either."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"leadway_state\.db"):
        open_state_for_reading(None)
    assert not list(tmp_path.glob("*.db"))  # Airflow itself makes a folder for its logs
    StateStore.open_file(tmp_path / "leadway_state.db").close()

    with closing(open_state_for_reading(None)) as reader:
        assert reader.syncs().known() == []


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "näh", "W10", "WzFd", "WyJhIiwiYiJd", "W251bGxd", "W3RydWVd", "e30", "W1tbW1tbW1tb"],
    ids=["blank", "text", "no ASCII", "no value", "a number", "two values", "null", "true", "an object", "nested"],
)
def test_a_cursor_of_another_list_is_refused(state: StateStore, sync: SyncIdentity, cursor: str) -> None:
    """A page's address may be changed by hand; the error shows the cursor."""
    run = sealed(state, sync)
    write(run, "a")

    with pytest.raises(ValueError, match="is not a cursor of this list"):
        state.reader().runs().of_sync(run.sync_id, cursor=cursor)


@pytest.mark.parametrize("limit", [-1, 0, 1001])
def test_a_page_has_a_bounded_size(state: StateStore, sync: SyncIdentity, limit: int) -> None:
    """Neither nothing nor everything at once."""
    run = sealed(state, sync)

    with pytest.raises(ValueError, match=f"1 to 1000 records, not {limit}"):
        state.reader().rows_of_sync(run.sync_id).page(RowState.PENDING, limit=limit)
