"""What a run leaves in the outbox: the sync's next run delivers it, tries it again, or drops it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leadway_provider.clock import Clock
from leadway_provider.exceptions import UnavailableError
from leadway_provider.operators.timing import Timing
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.people import counted
from tests.operators.task import NEVER_AGAIN, Row, Warehouse, sync

ANN: Row = (1, "ann@example.com", "Ann", None, None)
BOB: Row = (2, "bob@example.com", "Bob", None, None)
BOBBY: Row = (2, "bob@example.com", "Bobby", None, None)
EVE: Row = (3, "eve@example.com", "Eve", None, None)
RETRY_REFUSED = 5
"""The default of `retry_refused`."""


def partial(run_id: str, **arguments: Any) -> dict[str, Any]:
    """Run a task whose query reads only some rows; rejected rows do not fail it."""
    return sync(run_id, **({"incremental": True, "max_rejected": 9} | arguments))


def lose(sandbox: SandboxServer, run_id: str = "lost", **arguments: Any) -> None:
    """Let a run fail after its seal, at its first call for a contact, and let the API recover afterwards."""
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, times=None, path="/contacts/*"))
    with pytest.raises(UnavailableError):
        partial(run_id, timing=NEVER_AGAIN, **arguments)
    sandbox.faults.clear()
    sandbox.journal.clear()


def names(sandbox: SandboxServer) -> dict[str | None, str | None]:
    """Return the first names of the account's contacts by e-mail."""
    return {contact.email: contact.first_name for contact in sandbox.account.contacts}


def kill_when(condition: Callable[[], bool], run_id: str, **arguments: Any) -> None:
    """Run the task in a process of its own, and send it SIGKILL when the condition holds."""
    command = [sys.executable, "-m", "tests.operators.attempt", run_id, json.dumps(arguments)]
    child = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    while child.poll() is None and not condition():
        time.sleep(0.001)
    assert child.poll() is None
    child.kill()
    child.communicate()


def test_what_a_killed_run_left_is_carried_although_the_query_no_longer_has_it(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """A process dies in its second call; the next run reads another row, and delivers what was left beside it."""
    warehouse.fill(ANN, BOB)
    sandbox.faults.add(Fault(FaultKind.HANG, email="bob@example.com"))
    kill_when(lambda: len(sandbox.journal.upserts) == 2, "lost", incremental=True, max_in_flight=1)
    sandbox.journal.clear()
    warehouse.fill(EVE)
    report = partial("next")
    assert counted(report) == {"carried": 1, "created": 2, "watermark": report["watermark"]}
    assert report["read"] == 1
    assert names(sandbox) == {"ann@example.com": "Ann", "bob@example.com": "Bob", "eve@example.com": "Eve"}
    assert {call.body["email"] for call in sandbox.journal.upserts if call.body} == {
        "bob@example.com",
        "eve@example.com",
    }
    assert partial("after that")["carried"] == 0


def test_a_row_that_is_read_again_is_sent_as_it_is_now(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """What the next run plans for a row is newer than what an earlier run left for it."""
    warehouse.fill(ANN, BOB)
    lose(sandbox)
    warehouse.fill(BOBBY)
    report = partial("next")
    assert (report["read"], report["carried"], report["created"]) == (1, 1, 2)
    assert names(sandbox) == {"ann@example.com": "Ann", "bob@example.com": "Bobby"}


def test_a_row_that_a_whole_read_does_not_have_is_not_delivered(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The row has departed before it was ever delivered."""
    warehouse.fill(ANN, BOB)
    lose(sandbox, incremental=False)
    warehouse.fill(ANN)
    assert counted(partial("next", incremental=False)) == {"created": 1}
    assert names(sandbox) == {"ann@example.com": "Ann"}


def test_a_dry_run_counts_what_would_be_carried(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """It sends nothing and takes nothing over: the next run carries the same rows."""
    warehouse.fill(ANN, BOB)
    lose(sandbox)
    warehouse.fill(EVE)
    report = partial("dry", dry_run=True)
    assert (report["read"], report["carried"], report["pending"]) == (1, 2, 3)
    assert not sandbox.journal.writes
    report = partial("next")
    assert (report["read"], report["carried"], report["created"]) == (1, 2, 3)


def test_another_query_of_the_same_source_carries_what_was_left(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A changed query plans anew what it reads; what it does not read is delivered as it was planned."""
    warehouse.fill(ANN, BOB)
    lose(sandbox)
    changed = "SELECT id, email, upper(first_name) AS first_name FROM customers WHERE id = 2"
    report = partial("lost", sql=changed)
    assert (report["read"], report["carried"], report["created"]) == (1, 1, 2)
    assert names(sandbox) == {"ann@example.com": "Ann", "bob@example.com": "BOB"}


def test_a_refused_row_is_tried_again_by_later_runs_that_do_not_read_it(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """Later runs carry it, at most so many as `retry_refused` says; then it waits without a call."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=None, email="bob@example.com"))
    warehouse.fill(BOB)
    assert counted(partial("first"))["refused"] == 1
    warehouse.fill()
    reports = [partial(f"again {number}") for number in range(RETRY_REFUSED + 2)]
    carried = [report["carried"] for report in reports]
    assert carried == [report["refused"] for report in reports] == sorted(carried, reverse=True)
    assert sum(carried) == len(sandbox.journal.upserts) - 1
    assert sum(carried) == RETRY_REFUSED
    sandbox.faults.clear()
    assert partial("recovered")["carried"] == 0
    assert not names(sandbox)


def test_a_refused_row_is_tried_again_by_later_runs_that_read_it(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """After that it counts as refused in each run without a call, until a full resync sends it once more."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=None, email="bob@example.com"))
    warehouse.fill(BOB)
    whole: dict[str, Any] = {"incremental": False, "retry_refused": 2}
    for number in range(5):
        assert counted(partial(f"run {number}", **whole)) == {"refused": 1}
    assert len(sandbox.journal.upserts) - 1 == whole["retry_refused"]
    sandbox.faults.clear()
    assert counted(partial("later", **whole)) == {"refused": 1}
    assert counted(partial("resync", full_resync=True, **whole)) == {"created": 1}


def test_a_refused_row_is_not_tried_again_where_the_task_says_so(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """With `retry_refused=0` it waits at once."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, email="bob@example.com"))
    warehouse.fill(BOB)
    partial("first", retry_refused=0)
    warehouse.fill()
    assert partial("next", retry_refused=0)["carried"] == 0
    assert not names(sandbox)


def test_a_refused_row_is_delivered_by_the_next_run_when_the_api_takes_it(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """A passing refusal costs one run; the row is no longer in the query by then."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, email="bob@example.com"))
    warehouse.fill(BOB)
    partial("first")
    warehouse.fill()
    report = partial("next")
    assert (report["read"], report["carried"], report["created"]) == (0, 1, 1)
    assert names(sandbox) == {"bob@example.com": "Bob"}


@pytest.mark.parametrize("runs", [1, RETRY_REFUSED + 2])
def test_a_refused_row_that_has_changed_is_sent_as_it_is_now(
    warehouse: Warehouse, sandbox: SandboxServer, runs: int
) -> None:
    """It is sent once, and not as it was refused; also when it waited until it changes."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=None, email="bob@example.com"))
    warehouse.fill(BOB)
    for number in range(runs):
        partial(f"run {number}")
    sandbox.faults.clear()
    sandbox.journal.clear()
    warehouse.fill(BOBBY)
    report = partial("changed")
    assert (report["read"], report["carried"], report["created"]) == (1, 0, 1)
    assert [call.body["firstName"] for call in sandbox.journal.upserts if call.body] == ["Bobby"]
    assert partial("after that")["carried"] == 0


@pytest.fixture
def staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """Another database with the same table, behind a connection of its own, `staging`."""
    file = tmp_path / "staging.db"
    other = Warehouse(file, tmp_path / "state.db")
    other.run("CREATE TABLE customers (id INTEGER, email TEXT, first_name TEXT, phone TEXT, country TEXT)")
    monkeypatch.setenv("AIRFLOW_CONN_STAGING", json.dumps({"conn_type": "sqlite", "host": str(file)}))
    return other


@pytest.mark.parametrize("run_id", ["lost", "next"], ids=["the same task run", "the next one"])
def test_what_was_planned_from_staging_is_never_delivered_from_elsewhere(
    warehouse: Warehouse,
    staging: Warehouse,
    sandbox: SandboxServer,
    caplog: pytest.LogCaptureFixture,
    run_id: str,
) -> None:
    """After `sql_conn_id` changed, the rows are dropped for good, and a warning says how many and where from."""
    staging.fill(ANN, BOB)
    lose(sandbox, sql_conn_id="staging")
    warehouse.fill(EVE)
    with caplog.at_level("WARNING"):
        report = partial(run_id)
    assert (report["read"], report["carried"], report["created"]) == (1, 0, 1)
    assert "2 rows" in caplog.text
    assert "Dropped and not delivered" in caplog.text
    assert "staging (" in caplog.text
    staging.fill()
    assert partial("staging again", sql_conn_id="staging")["carried"] == 0
    assert names(sandbox) == {"eve@example.com": "Eve"}


def test_what_was_planned_before_the_connection_was_pointed_elsewhere_is_never_delivered(
    warehouse: Warehouse, staging: Warehouse, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection's id is the same, and its database is another one."""
    staging.fill(ANN, BOB)
    with monkeypatch.context() as pointed:
        pointed.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps({"conn_type": "sqlite", "host": str(staging.file)}))
        lose(sandbox)
    warehouse.fill(EVE)
    report = partial("lost")
    assert (report["carried"], report["created"]) == (0, 1)
    assert names(sandbox) == {"eve@example.com": "Eve"}


def test_what_was_planned_with_another_key_is_never_delivered(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The same person would have two rows."""
    warehouse.fill(ANN, BOB)
    lose(sandbox)
    warehouse.fill(EVE)
    report = partial("next", key="email", sql="SELECT email, first_name FROM customers")
    assert (report["carried"], report["created"]) == (0, 1)
    assert names(sandbox) == {"eve@example.com": "Eve"}


def test_what_staging_was_refused_is_not_tried_again_from_elsewhere(
    warehouse: Warehouse, staging: Warehouse, sandbox: SandboxServer
) -> None:
    """A refused row that waits is dropped with the others."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, email="bob@example.com"))
    staging.fill(BOB)
    partial("first", sql_conn_id="staging")
    warehouse.fill(EVE)
    assert partial("next")["carried"] == 0
    staging.fill()
    assert partial("staging again", sql_conn_id="staging")["carried"] == 0
    assert names(sandbox) == {"eve@example.com": "Eve"}


def test_rows_that_wait_are_logged_however_a_run_ends(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A run that fails in delivery logs them, and so does one whose plan fails."""
    warehouse.fill(ANN, BOB)
    with caplog.at_level("INFO", logger="leadway_provider"):
        lose(sandbox)
        assert "2 rows wait since" in caplog.text
        assert "planned and not delivered; the next attempt or run does that" in caplog.text
        caplog.clear()
        warehouse.run("ALTER TABLE customers RENAME TO away")
        with pytest.raises(Exception, match="no such table"):
            partial("next")
        assert "2 rows wait since" in caplog.text
        assert "planned and not delivered; the next attempt or run does that" in caplog.text
        caplog.clear()
        warehouse.run("ALTER TABLE away RENAME TO customers")
        partial("at last")
        assert "rows wait since" not in caplog.text
    assert len(names(sandbox)) == 2


@pytest.mark.parametrize(("hours", "level"), [(23, "INFO"), (25, "WARNING"), (49, "WARNING")])
def test_rows_that_wait_for_more_than_a_day_are_a_warning_in_each_run(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture, hours: int, level: str
) -> None:
    """Whatever a run does otherwise; also a row that the API refused waits."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=None, email="bob@example.com"))
    warehouse.fill(BOB)
    partial("first", retry_refused=0)
    warehouse.fill()
    later = Timing(clock=Clock(now=lambda: datetime.now(UTC) + timedelta(hours=hours)))
    for run_id in ("next", "and next"):
        caplog.clear()
        with caplog.at_level("INFO", logger="leadway_provider"):
            partial(run_id, retry_refused=0, timing=later)
        [waiting] = [record for record in caplog.records if "row waits since" in record.getMessage()]
        assert (waiting.levelname, "refused by the API" in waiting.getMessage()) == (level, True)


def test_a_reviewed_run_delivers_what_the_review_counted(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """What earlier runs left and the review counted goes out with it, although the source has changed meanwhile."""
    warehouse.fill(ANN, BOB)
    lose(sandbox)
    warehouse.fill(EVE)
    review = partial("review", dry_run=True)
    warehouse.fill((4, "zoe@example.com", "Zoe", None, None))
    report = partial("deliver", reviewed_run=review["run_id"])
    assert [review[name] for name in ("read", "carried", "pending")] == [1, 2, 3]
    assert [report[name] for name in ("read", "carried", "created", "pending")] == [1, 2, 3, 0]
    assert set(names(sandbox)) == {"ann@example.com", "bob@example.com", "eve@example.com"}
