"""What can go wrong with the state's database, and the errors."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import ConnectionSettingsError, StateUnavailableError
from leadway_provider.store.state import StateStore
from leadway_provider.sync.request import SyncIdentity
from tests.services import MYSQL_DRIVER, POSTGRES_DRIVER
from tests.store.sample import begin, planned, sealed

SYNC = SyncIdentity("customers", "https://api.example.com", "loc1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state file that has one sealed run."""
    path = tmp_path / "state.db"
    state = StateStore.open_file(path)
    sealed(state, SYNC, "a")
    state.close()
    return path


@pytest.fixture
def writer(path: Path) -> Iterator[sa.Connection]:
    """Another process that holds the write lock."""
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
    engine.dispose()


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql+{POSTGRES_DRIVER}://someone:secret@127.0.0.1:1/state",
        f"mysql+{MYSQL_DRIVER}://someone:secret@127.0.0.1:1/state",
        "sqlite:////nowhere/at/all/state.db",
    ],
)
def test_a_database_out_of_reach(address: str) -> None:
    """A later attempt may succeed; the error names the connection and the driver's cause, and no password."""
    with pytest.raises(StateUnavailableError, match=r"State store 'state_conn': \S+") as raised:
        StateStore.open(sa.create_engine(address), "state_conn")

    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def impatient_engine(path: Path) -> sa.Engine:
    """An engine on a SQLite file that waits for no lock, as its connection says."""
    return sa.create_engine(sa.URL.create("sqlite", database=str(path)), connect_args={"timeout": 0})


def test_a_locked_file(path: Path, writer: sa.Connection) -> None:
    """Readers are not blocked by a writer; a second writer fails after a while, and the error says why."""
    state = StateStore.open(impatient_engine(path), str(path))

    with pytest.raises(StateUnavailableError, match=r"state\.db.*database is locked"):
        begin(state, SYNC)

    writer.rollback()
    run = begin(state, SYNC)
    assert [row.source_key for row in run.outbox(0, 10)] == ["a"]
    state.close()


def test_a_new_file_that_is_locked(tmp_path: Path) -> None:
    """A file that another program has locked can't be given tables."""
    path = tmp_path / "theirs.db"
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")

        with pytest.raises(StateUnavailableError, match="database is locked"):
            StateStore.open(impatient_engine(path), str(path))
    engine.dispose()


def test_a_read_only_file(path: Path) -> None:
    """State that can't be written is found out before anything is planned."""
    state = StateStore.open(sa.create_engine(f"sqlite:///file:{path}?mode=ro&uri=true"), "state_conn")

    with pytest.raises(StateUnavailableError, match="'state_conn': attempt to write a readonly database"):
        begin(state, SYNC)
    state.close()


def test_a_file_that_is_not_a_database(tmp_path: Path) -> None:
    """Another kind of file stays as it is."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database " * 100)

    with pytest.raises(StateUnavailableError, match="file is not a database"):
        StateStore.open_file(path)

    assert path.read_text() == "not a database " * 100


def test_a_folder_that_can_not_be_created(tmp_path: Path) -> None:
    """A state file whose folder is a file names itself in the error."""
    (tmp_path / "file").touch()

    with pytest.raises(StateUnavailableError, match=r"file/state\.db'"):
        StateStore.open_file(tmp_path / "file" / "state.db")


def test_a_new_file_is_its_owners(tmp_path: Path) -> None:
    """The outbox holds contacts: no other user may read the file, nor its write-ahead log."""
    path = tmp_path / "new" / "folder" / "state.db"
    state = StateStore.open_file(path)
    sealed(state, SYNC, "a")

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    state.close()

    assert modes["state.db"] == modes["state.db-wal"] == 0o600


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true", "sqlite:///file:a.db?mode=memory&uri=true"],
)
def test_state_in_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """A state that ends with the process would send every contact at every run."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConnectionSettingsError, match="'state_conn' is SQLite in memory"):
        StateStore.open(sa.create_engine(url), "state_conn")
    assert not list(tmp_path.iterdir())


def test_no_value_reaches_an_error(state: StateStore, sync: SyncIdentity, engine: sa.Engine) -> None:
    """SQLAlchemy's errors show parameters, which are contacts here; ours don't, nor do the errors chained to them."""
    run = begin(state, sync)
    rows = [planned(run, "a key", "Ann's secret")]
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE leadway_outbox RENAME TO leadway_lost")
    try:
        with pytest.raises(StateUnavailableError) as raised:
            run.write(rows, [])
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE leadway_lost RENAME TO leadway_outbox")

    assert "leadway_outbox" in str(raised.value)
    assert "secret" not in str(raised.value)
    assert "INSERT" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_a_refused_value_is_not_quoted(state: StateStore, sync: SyncIdentity) -> None:
    """A driver's text about a bad value quotes it: only the kind of error is shown."""
    run = begin(state, sync)
    row = planned(run, "a", "Ann's secret")

    with pytest.raises(StateUnavailableError) as raised:
        run.write([row, row], [])

    kinds = ("IntegrityError", "IntegrityError 1062", "UniqueViolation")
    assert str(raised.value).startswith(tuple(f"State store 'state': {kind}. " for kind in kinds))
    assert "secret" not in str(raised.value)
