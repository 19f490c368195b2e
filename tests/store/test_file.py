"""A SQLite state store's file is its owner's alone, however it is named, and reading creates nothing."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import ConfigurationError, ConnectionSettingsError
from leadway_provider.hooks.database import open_state, open_state_for_reading
from leadway_provider.store.file import protect_file
from leadway_provider.store.state import StateStore
from leadway_provider.sync.request import SyncIdentity

SYNC = SyncIdentity("customers.sync", "https://crm.example.com", "loc")


@contextmanager
def open_to_all() -> Iterator[None]:
    """Let new files be readable by everybody."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def modes(path: Path) -> dict[str, str]:
    """The permissions of a database and of the files beside it."""
    return {each.name: f"{stat.S_IMODE(each.stat().st_mode):o}" for each in path.parent.glob(f"{path.name}*")}


@pytest.mark.parametrize("query", ["", "?timeout=7", "?mode=rwc"])
def test_a_connections_file_is_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    """The database, its WAL and its shared memory, from their creation on."""
    path = tmp_path / "state.db"
    extra = dict([query[1:].split("=")]) if query else {}
    connection = {"conn_type": "sqlite", "host": str(path), "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_STATE", json.dumps(connection))
    with open_to_all(), closing(open_state("state")) as state:
        state.lease(SYNC)
        assert modes(path) == {"state.db": "600", "state.db-wal": "600", "state.db-shm": "600"}


@pytest.mark.parametrize(
    ("host", "extra"),
    [
        ("{folder}/state.db", {}),
        ("{folder}/a b%41#ü?.db", {}),
        ("{folder}/a b%41#ü?.db", {"timeout": "7"}),
        ("a%41#b.db", {"mode": "rwc", "cache": "private"}),
        ("file:state.db", {}),
        ("file:state.db", {"timeout": "7"}),
        ("file:state.db", {"uri": "true"}),
        ("file:{folder}/a%20b.db", {"uri": "true", "timeout": "7"}),
        ("file://{folder}/state.db", {"uri": "true", "mode": "rwc"}),
        ("{folder}/link.db", {}),
        ("link.db", {"timeout": "7"}),
        ("file:{folder}/sub/../link.db", {"uri": "true"}),
    ],
)
def test_every_file_of_a_state_store_is_its_owners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, extra: dict[str, str]
) -> None:
    """However the connection writes the file: as a path, an address or a link, with signs that addresses have."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "sub" / "target.db")
    monkeypatch.chdir(tmp_path)
    connection = {"conn_type": "sqlite", "host": host.format(folder=tmp_path), "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_STATE", json.dumps(connection))
    with open_to_all(), closing(open_state("state")) as state:
        state.lease(SYNC)
        found = [each for each in tmp_path.rglob("*") if each.is_file()]
        assert any(each.name.endswith("-wal") for each in found)
        assert {f"{stat.S_IMODE(each.stat().st_mode):o}" for each in found} == {"600"}


def test_what_was_left_beside_a_linked_file_is_tightened(tmp_path: Path) -> None:
    """SQLite writes its log beside the file that the link leads to."""
    (tmp_path / "sub").mkdir()
    path = tmp_path / "sub" / "target.db"
    with open_to_all(), closing(StateStore.open_file(path)) as state:
        state.lease(SYNC)
        for each in path.parent.iterdir():
            each.chmod(0o644)
        (tmp_path / "link.db").symlink_to(path)
        with closing(StateStore.open_file(tmp_path / "link.db")):
            assert modes(path) == {"target.db": "600", "target.db-wal": "600", "target.db-shm": "600"}


def test_a_file_named_by_nobody_is_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file in the Airflow home too."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    with open_to_all(), closing(open_state(None)) as state:
        state.lease(SYNC)
        assert set(modes(tmp_path / "leadway_state.db").values()) == {"600"}


def test_a_file_that_others_can_read_is_tightened(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once; what SQLite left beside it is tightened too."""
    path = tmp_path / "state.db"
    with open_to_all(), closing(StateStore.open_file(path)) as state:
        state.lease(SYNC)
        for each in tmp_path.iterdir():
            each.chmod(0o644)
        with closing(StateStore.open_file(path)):
            assert set(modes(path).values()) == {"600"}
    assert "other users could read" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING), closing(StateStore.open_file(path)):
        assert not caplog.text


def test_a_file_that_can_not_be_tightened_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the file, and says what its owner must do; nothing is written."""
    path = tmp_path / "state.db"
    path.touch(mode=0o644)
    path.chmod(0o644)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(ConnectionSettingsError, match=r"state.db.*0644.*chmod 600"):
        StateStore.open_file(path)
    assert path.stat().st_size == 0


@pytest.mark.parametrize("scheme", ["", "file:"])
def test_reading_creates_no_file(tmp_path: Path, scheme: str) -> None:
    """A file that does not exist is an error, also where it is named by an address."""
    from leadway_provider.store.reading.reader import StateReader

    name = f"{scheme}{tmp_path / 'state.db'}"
    query = {"uri": "true"} if scheme else {}
    with pytest.raises(ConfigurationError, match="no state store"):
        StateReader.open(sa.create_engine(sa.URL.create("sqlite", database=name, query=query)), "state")
    assert not list(tmp_path.iterdir())


def test_reading_an_empty_database_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database without tables stays without tables."""
    path = tmp_path / "other.db"
    path.touch()
    monkeypatch.setenv("AIRFLOW_CONN_STATE", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    with pytest.raises(ConfigurationError, match="no tables"):
        open_state_for_reading("state")
    assert [each.name for each in tmp_path.iterdir()] == ["other.db"]
    assert path.stat().st_size == 0


def test_a_file_that_is_protected_again_keeps_its_locks(tmp_path: Path) -> None:
    """SQLite's locks are the process's: to open and close the file beside it would end them, and break the file."""
    path = tmp_path / "state.db"
    protect_file(path, "state")
    with path.open("r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        protect_file(path, "state")
        other = f"import fcntl; fcntl.lockf(open({str(path)!r}, 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        ended = subprocess.run([sys.executable, "-c", other], stderr=subprocess.PIPE, text=True, check=False)
    assert "BlockingIOError" in ended.stderr
