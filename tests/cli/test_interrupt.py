"""Ctrl-C in a command that is at work, sent to a real process."""

from __future__ import annotations

import gc
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.types import ASGIApp, Receive, Scope, Send

from leadway_provider.commands.screen import Screen
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.cli.test_plan import dag_file
from tests.operators.task import SQL, Warehouse, sync
from tests.services import airflow_connection, mariadb_database

STATE = ("--state-conn-id", "state")
ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT i AS id, 'p' || i || '@example.com' AS email FROM n"
)
PATIENCE = 120


class InterruptingServer(SandboxServer):
    """A sandbox that sends Ctrl-C to a process at a call, before it answers.

    Attributes:
        process: the process.
        method: of the call.
        path: the pattern of the whole path of the call.
        after: as many such calls are answered before.
    """

    def __init__(self) -> None:
        super().__init__(Settings(burst=None, daily=None))
        self.process: subprocess.Popen[str] | None = None
        self.method = self.path = ""
        self.after = 0

    def application(self) -> ASGIApp:
        """Return the sandbox's application behind what interrupts."""
        app = super().application()

        async def interrupt(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["method"] == self.method and re.fullmatch(self.path, scope["path"]) and self.process:
                self.after -= 1
                if self.after == -1:
                    self.process.send_signal(signal.SIGINT)
            await app(scope, receive, send)

        return interrupt


@pytest.fixture
def sandbox() -> Iterator[InterruptingServer]:
    """An account whose calls can interrupt the command."""
    with InterruptingServer() as server:
        yield server


@contextmanager
def started(
    *arguments: str, server: InterruptingServer | None = None, **options: Any
) -> Iterator[subprocess.Popen[str]]:
    """Start a command, and let the sandbox know it."""
    command = [sys.executable, "-m", "leadway_provider.cli", *arguments]
    with subprocess.Popen(
        command,
        **{"stdin": subprocess.DEVNULL, **options},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        if server:
            server.process = process
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()


def interrupted(server: InterruptingServer, *arguments: str) -> str:
    """Run a command that the sandbox interrupts, and return the one line that it says; nothing was printed."""
    with started(*arguments, server=server) as process:
        out, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (130, ""), errors
    [line] = errors.splitlines()
    return str(line)


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    give_up_at = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def test_a_command_that_asks_the_account_ends(warehouse: Warehouse, sandbox: InterruptingServer) -> None:
    """While the account is asked, before any row is read."""
    assert warehouse
    sandbox.method, sandbox.path = "GET", "/locations/.*/customFields"
    assert interrupted(sandbox, "fields") == "leadway fields: interrupted: nothing was sent, and nothing was changed."


def test_a_preview_ends_while_it_reads(warehouse: Warehouse, sandbox: InterruptingServer) -> None:
    """The query has no end, and is open when the account is asked for its custom fields."""
    assert warehouse
    sandbox.method, sandbox.path = "GET", "/locations/.*/customFields"
    said = interrupted(sandbox, "preview", "--sql", ENDLESS, "--source-conn-id", "warehouse", "--key", "id")
    assert said == "leadway preview: interrupted: nothing was sent, and nothing was changed."


def test_a_plan_ends_while_it_reads_the_account(
    warehouse: Warehouse, sandbox: InterruptingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two pages of contacts; the copy of the state is deleted, and the state is as it was."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    warehouse.fill(*((n, f"p{n}@example.com", "Pat", None, None) for n in range(5)))
    sync("first")
    before = warehouse.state.read_bytes()
    sandbox.method, sandbox.path = "POST", "/contacts/search"
    said = interrupted(sandbox, "plan", "customers.sync", "--dags", str(dag_file(tmp_path, "compare='account'")))
    assert said == "leadway plan: interrupted: nothing was sent, and nothing is left in the state."
    assert warehouse.state.read_bytes() == before
    assert list(folder.iterdir()) == []


def test_the_second_one_ends_a_command_that_waits_for_its_database(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver lets Python notice nothing before the query has ended; no copy of the state is left behind."""
    assert warehouse
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with mariadb_database() as url:
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", airflow_connection(url.set(drivername="mysql+mysqldb")))
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        waiting = sa.text(
            "SELECT count(*) FROM information_schema.processlist WHERE state = 'User sleep' AND db = DATABASE()"
        )

        def waits() -> bool:
            with engine.connect() as connection:
                return bool(connection.scalar(waiting))

        query = "SELECT 1 AS id, 'ann@example.com' AS email FROM (SELECT sleep(60)) AS slept"
        with started(
            "plan", "--sql", query, "--source-conn-id", "warehouse", "--key", "id", *STATE, start_new_session=True
        ) as process:
            until(waits)
            assert [each.name for each in tmp_path.glob("leadway-plan-*")]
            process.send_signal(signal.SIGINT)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=1)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    said = "leadway plan: ended at once: nothing was sent, and nothing is left in the state."
    assert errors.splitlines() == [said]
    assert list(tmp_path.glob("leadway-plan-*")) == []


def test_a_revert_ends_in_good_order_and_goes_on(warehouse: Warehouse, sandbox: InterruptingServer) -> None:
    """Calls in flight are finished and counted, no other one is sent, and the next command sends the rest only."""
    for number in range(80):
        sandbox.account.upsert({"email": f"p{number}@example.com", "firstName": "Old"})
    warehouse.fill(*((number, f"p{number}@example.com", "New", None, None) for number in range(80)))
    run_id = str(sync("kept", sql=SQL, keep_before=True)["run_id"])
    command = ("revert", "--run", run_id, "--yes", *STATE)
    sandbox.method, sandbox.path, sandbox.after = "PUT", "/contacts/.*", 20
    sandbox.journal.clear()

    with started(*command, server=sandbox) as process:
        _, errors = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130, errors
    [said] = re.findall(
        r"^leadway revert: interrupted: (\d+) of 80 rows delivered, and the same command goes on there\.$",
        errors,
        re.MULTILINE,
    )
    assert len(errors.splitlines()) == 1
    restored = sum(each.first_name == "Old" for each in sandbox.account.contacts)
    assert 20 <= restored < 80
    assert int(said) == restored == len(puts(sandbox))
    with started(*command) as process:
        out, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    assert "was reverted" in out
    assert all(each.first_name == "Old" for each in sandbox.account.contacts)
    assert len(puts(sandbox)) == 80


def puts(sandbox: InterruptingServer) -> list[str]:
    """The paths of the calls that wrote a contact by its id."""
    return [call.path for call in sandbox.journal.calls if call.method == "PUT"]


def test_an_export_says_that_rows_are_missing(warehouse: Warehouse) -> None:
    """Nobody reads its output when the pipe is full."""
    warehouse.fill(*((n, f"p{n}@example.com", "Pat", None, None) for n in range(1500)))
    sync("first", dry_run=False)
    with started("state", "export", *STATE) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("sync,")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert errors == "leadway state export: interrupted: not all rows were printed.\n"


def test_a_question_can_be_answered_with_it(warehouse: Warehouse) -> None:
    """Nothing is deleted."""
    warehouse.fill((1, "ann@example.com", "Ann", None, None))
    sync("first")
    before = warehouse.state.read_bytes()
    ours, theirs = pty.openpty()
    try:
        with started("state", "reset", "--sync", "customers.sync", *STATE, stdin=theirs) as process:
            assert process.stderr
            shown = ""
            while not shown.endswith("[y/N] "):
                shown += process.stderr.read(1)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=PATIENCE)
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode == 130
    assert errors.strip() == "leadway state reset: interrupted: nothing was sent, and nothing was changed."
    assert warehouse.state.read_bytes() == before


def test_one_that_python_reports_and_forgets_ends_the_command_at_its_next_batch() -> None:
    """It came while a garbage collection called back, so nothing raised it."""
    screen = Screen(stdin=StringIO(), pause=lambda _: None)

    def collecting(*_: object) -> None:
        raise KeyboardInterrupt

    with screen.interrupts.watched(lambda _: None), screen.counting("Reading rows") as counting:
        gc.callbacks.append(collecting)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(collecting)
        with pytest.raises(KeyboardInterrupt):
            counting(1000)
