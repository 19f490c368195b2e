"""A SQLite state file that is locked, read-only or full, or whose disk is full."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import StateUnavailableError
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.store import database as database_module
from tests.faults.instant import ACKNOWLEDGING, COMPARING, PLANNING, SENDING, Statement, at
from tests.faults.promise import ROWS, acknowledged, assert_kept, attempt, failed, state_of
from tests.operators.task import Warehouse

GOES_ON = "The task's retry goes on from the last acknowledged contact"
LOCKED = ("State store 'state': database is locked", "Another program holds it .*: end that one", GOES_ON)
NOBODY = "SELECT id, email FROM customers WHERE id < 0"
IN_THE_MIDDLE: dict[str, tuple[Statement, int]] = {"planning": (PLANNING, 1), "acknowledging": (ACKNOWLEDGING, 1)}
"""The moments at which a state that was good goes bad: how many such statements went well before."""


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock is not waited for."""
    monkeypatch.setattr(database_module, "_BUSY_SECONDS", 0)


class OtherProgram:
    """Somebody else who has the state file open."""

    def __init__(self, state: Path) -> None:
        self._connection = sqlite3.connect(state, timeout=5, isolation_level=None, check_same_thread=False)

    def lock(self, _: object = None) -> bool:
        """Take the file for writing, as soon as nobody writes it; False where that takes too long."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True

    def close(self) -> None:
        """Leave the file."""
        self._connection.close()


def pragma(setting: str) -> Any:
    """What changes a setting on the very connection that is about to write; it ends with the attempt."""
    return lambda connection: connection.connection.driver_connection.execute(f"PRAGMA {setting}")


def broken_off(sandbox: SandboxServer, people: Warehouse, moment: str) -> None:
    """A plan that broke off has sent nothing; a delivery that broke off has kept what it acknowledged."""
    before = acknowledged(state_of(people))
    if moment == "planning":
        assert (before, len(sandbox.journal.upserts)) == (0, 0)
    else:
        assert 0 < before < ROWS
        assert len(sandbox.journal.upserts) - before <= 4  # those in flight


@pytest.mark.parametrize(
    ("moment", "reading"), [("planning", COMPARING), ("acknowledging", SENDING)], ids=IN_THE_MIDDLE
)
def test_locked_in_the_middle(sandbox: SandboxServer, people: Warehouse, moment: str, reading: str) -> None:
    """Another program takes the file and keeps it: the attempt ends, and goes on once the file is free."""
    attempt("an earlier run", sql=NOBODY)
    with closing(OtherProgram(people.state)) as other:
        with at(reading, other.lock, after=1) as done:
            failed(StateUnavailableError, *LOCKED, batch_size=5)
        assert done
        broken_off(sandbox, people, moment)
    assert_kept(sandbox, attempt())


def test_locked_from_the_beginning(sandbox: SandboxServer, people: Warehouse) -> None:
    """Found out before anything is planned."""
    attempt("an earlier run", sql=NOBODY)
    with closing(OtherProgram(people.state)) as other:
        assert other.lock()
        failed(StateUnavailableError, *LOCKED)
    assert not sandbox.journal.upserts
    assert_kept(sandbox, attempt())


@pytest.mark.parametrize("moment", IN_THE_MIDDLE)
def test_read_only_in_the_middle(sandbox: SandboxServer, people: Warehouse, moment: str) -> None:
    """The file can't be written any more: the attempt ends, and goes on once it can."""
    statement, passed = IN_THE_MIDDLE[moment]
    with at(statement, pragma("query_only = ON"), after=passed) as done:
        failed(
            StateUnavailableError,
            "State store 'state': attempt to write a readonly database",
            "Let the task's user write there",
            GOES_ON,
            batch_size=5,
        )
    assert done
    broken_off(sandbox, people, moment)
    assert_kept(sandbox, attempt())


def test_full(sandbox: SandboxServer, people: Warehouse) -> None:
    """A database that may not grow takes no plan; once it may, the retry plans anew."""
    limited = []

    def limit(connection: sa.Connection) -> bool:
        """Use the pages that upgrades of the schema left free, and let this connection, and the next one, add none."""
        driver: Any = connection.connection.driver_connection
        (free,) = driver.execute("PRAGMA freelist_count").fetchone()
        driver.execute(f"CREATE TABLE IF NOT EXISTS filler AS SELECT zeroblob({4096 * (free + 1)}) AS bytes")
        limited.append(driver.execute("PRAGMA max_page_count = 1").fetchone())
        return False

    with at(PLANNING, limit, after=1):
        failed(
            StateUnavailableError,
            "State store 'state': database or disk is full",
            "Make room on its disk",
            GOES_ON,
            batch_size=5,
        )
    assert limited
    broken_off(sandbox, people, "planning")
    assert_kept(sandbox, attempt())


@pytest.fixture
def disk() -> Iterator[Any]:
    """What ends the disk: no file of this process can become longer than the state's log is now, and a little."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def end(connection: sa.Connection) -> None:
        log = Path(f"{connection.engine.url.database}-wal")
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 4096, hard))

    yield end
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("moment", IN_THE_MIDDLE)
def test_the_disk_is_full(sandbox: SandboxServer, people: Warehouse, disk: Any, moment: str) -> None:
    """No byte more can be written: the attempt ends with what the disk said, and goes on once there is room."""
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    statement, passed = IN_THE_MIDDLE[moment]
    with at(statement, disk, after=passed) as done:
        failed(
            StateUnavailableError,
            "State store 'state': (disk I/O error|database or disk is full)",
            "Make room on its disk",
            GOES_ON,
            batch_size=5,
        )
    assert done
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    broken_off(sandbox, people, moment)
    assert_kept(sandbox, attempt())
