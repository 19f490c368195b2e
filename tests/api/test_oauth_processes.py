"""Worker processes that share a database and one refresh token."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadway_provider.api.oauth import LEASE
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.services import mariadb_database, postgres_database


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """Serve an account that needs a moment for an answer, so that the workers meet."""
    with SandboxServer(Settings(burst=None, daily=None, latency=0.03)) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Create an empty database of each kind."""
    with ExitStack() as stack:
        match request.param:
            case "sqlite":
                url = sa.URL.create("sqlite", database=str(tmp_path / "state.db"))
            case "postgresql":
                url = stack.enter_context(postgres_database())
            case _:
                url = stack.enter_context(mariadb_database())
        yield url.render_as_string(hide_password=False)


def start(sandbox: SandboxServer, database: str, *, ahead: float = 0.0, dies: bool = False) -> subprocess.Popen[str]:
    """Start a worker, which waits for `go`."""
    arguments = [sandbox.url, database, json.dumps({"ahead": ahead, "dies": dies})]
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.api.worker", *arguments],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "READY\n"
    return child


def go(*children: subprocess.Popen[str]) -> list[str]:
    """Let all of them continue, and return what they print at the end."""
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    return [child.communicate()[0] for child in children]


def renewals(sandbox: SandboxServer) -> int:
    """Return how many calls with a refresh token arrived."""
    return sum(call.path == "/oauth/token" for call in sandbox.journal.calls)


def test_processes_that_start_together_make_one_renewal(sandbox: SandboxServer, database: str) -> None:
    """With an empty store one of two workers renews, the other waits, and both make their call."""
    workers = [start(sandbox, database) for _ in range(2)]
    assert go(*workers) == ["DONE\n"] * 2
    assert renewals(sandbox) == 1
    assert sandbox.journal.statuses == {200: 3}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_process_killed_between_renewal_and_storage(sandbox: SandboxServer, database: str) -> None:
    """A worker that starts when the lease is over gets the same tokens."""
    dying = start(sandbox, database, dies=True)
    assert go(dying) == [""]
    assert go(start(sandbox, database, ahead=LEASE)) == ["DONE\n"]
    assert renewals(sandbox) == 2
    assert go(start(sandbox, database, ahead=LEASE)) == ["DONE\n"]
    assert renewals(sandbox) == 2
    assert sandbox.journal.statuses == {200: 4}
