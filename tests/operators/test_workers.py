"""A run that is planned once and delivered by several tasks at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred
from airflow.sdk import DAG

from leadway_provider.clock import SYSTEM_CLOCK
from leadway_provider.exceptions import ConfigurationError, UnavailableError
from leadway_provider.operators.timing import Timing
from leadway_provider.policies import RemovalPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.sync.lease import LeaseTiming
from leadway_provider.task_groups import leadway_sync
from tests.faults.instant import at
from tests.operators.task import NEVER_AGAIN, TaskInstance, Warehouse, sync

ROWS = 60
OUTCOMES = ("unchanged", "invalid", "superseded", "skipped", "created", "updated", "refused", "unknown", "pending")


def fill(warehouse: Warehouse, name: str = "Ann", rows: int = ROWS) -> None:
    """Let there be so many customers of that name."""
    warehouse.fill(*((n, f"p{n}@example.com", name, None, None) for n in range(1, rows + 1)))


def plan(run_id: str = "first", **arguments: Any) -> str:
    """Plan, and return the run."""
    ti = TaskInstance(run_id=run_id, task_id="plan")
    return str(sync(ti=ti, sync_name="people", dry_run=True, max_rejected=1000, **arguments)["run_id"])


def work(number: int, reviewed_run: str | None, run_id: str = "first", **arguments: Any) -> dict[str, Any]:
    """Be a worker."""
    ti = TaskInstance(run_id=run_id, task_id="deliver", map_index=number)
    return sync(ti=ti, sync_name="people", worker=number, reviewed_run=reviewed_run, **arguments)


def work_together(workers: int, reviewed_run: str, **arguments: Any) -> list[dict[str, Any]]:
    """Be several workers at a time."""
    with ThreadPoolExecutor(workers) as threads:
        return [*threads.map(lambda number: work(number, reviewed_run, **arguments), range(workers))]


def fail(sandbox: SandboxServer, run_id: str, *, workers: Sequence[int]) -> None:
    """Be workers, one after the other, while the account fails for one person."""
    sandbox.faults.add(Fault(FaultKind.SERVER_ERROR, times=None, email="p1@example.com"))
    for number in workers:
        with pytest.raises(UnavailableError):
            work(number, run_id, timing=NEVER_AGAIN)
    sandbox.faults.clear()


def end(reviewed_run: str, run_id: str = "first", **arguments: Any) -> dict[str, Any]:
    """Be the last task; its outcomes add up."""
    ti = TaskInstance(run_id=run_id, task_id="end")
    report = sync(ti=ti, sync_name="people", reviewed_run=reviewed_run, max_rejected=1000, **arguments)
    assert report["read"] + report["carried"] == sum(report[name] for name in OUTCOMES)
    return report


def test_workers_share_the_rows(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Each row is sent once, by one of them; the last task's report has all, and finds nothing left to send."""
    fill(warehouse)
    run_id = plan()
    warehouse.run("DROP TABLE customers")  # nobody reads it again
    reports = work_together(3, run_id)
    assert sum(report["acknowledged"] for report in reports) == ROWS
    assert {report["run_id"] for report in reports} == {run_id}
    sent = len(sandbox.journal.writes)
    report = end(run_id)
    assert (report["created"], report["pending"], report["run_id"]) == (ROWS, 0, run_id)
    assert report["calls"] >= sum(each["calls"] for each in reports)
    assert sent == ROWS == len(sandbox.journal.writes) == len(sandbox.account)


def test_departed_rows_come_last(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Workers leave them; an e-mail that a departed row had goes to the row that wants it now."""
    fill(warehouse)
    end(plan())
    warehouse.run("UPDATE customers SET first_name = 'Bea'")
    warehouse.run("UPDATE customers SET email = 'p60@example.com' WHERE id = 1")
    warehouse.run("DELETE FROM customers WHERE id > 57")
    removal = RemovalPolicy("delete", max_removed=10)
    run_id = plan("second", removal=removal)
    work_together(2, run_id, run_id="second")
    assert not [call for call in sandbox.journal.calls if call.method == "DELETE"]
    report = end(run_id, "second", removal=removal)
    assert (report["updated"], report["removed"]) == (57, 3)
    assert {contact.first_name for contact in sandbox.account.contacts} == {"Bea"}
    assert "p60@example.com" in {contact.email for contact in sandbox.account.contacts}


def test_rows_that_swap_keep_their_contacts(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """E-mails that go round over the whole outbox are delivered by workers as one task delivers them."""
    fill(warehouse)
    end(plan())
    homes = {contact.email: contact.id for contact in sandbox.account.contacts}
    warehouse.run(f"UPDATE customers SET email = 'p' || (id % {ROWS} + 1) || '@example.com'")  # noqa: S608 - a test's own
    run_id = plan("second")
    work_together(3, run_id, run_id="second")
    assert end(run_id, "second")["updated"] == ROWS
    moved = {contact.email: contact.id for contact in sandbox.account.contacts}
    assert all(moved[f"p{n % ROWS + 1}@example.com"] == homes[f"p{n}@example.com"] for n in range(1, ROWS + 1))


def test_a_failed_worker_gives_its_parts_back(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Another one delivers what it can; the retry of the failed one, or the last task, delivers the rest."""
    fill(warehouse)
    run_id = plan()
    fail(sandbox, run_id, workers=[1, 2])
    assert work(1, run_id)["acknowledged"] > 0
    assert end(run_id)["created"] == ROWS
    assert len(sandbox.account) == ROWS


def test_what_workers_never_reached_is_the_last_tasks(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """It needs no worker at all; a worker that comes after it has nothing to do."""
    fill(warehouse)
    run_id = plan()
    fail(sandbox, run_id, workers=[1])
    assert end(run_id)["created"] == ROWS
    sent = len(sandbox.journal.writes)
    assert work(2, run_id)["acknowledged"] == 0
    assert len(sandbox.journal.writes) == sent


def test_a_newer_run_takes_over(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """What workers left is carried by the sync's next run, and a worker that comes then is told so."""
    fill(warehouse)
    run_id = plan()
    fail(sandbox, run_id, workers=[1])
    report = sync("second", sync_name="people")
    assert report["carried"] == 0  # the source has every row, and the newer plan stands for it
    assert report["unchanged"] + report["created"] == ROWS
    attempts: list[Callable[[], object]] = [lambda: work(1, run_id), lambda: end(run_id)]
    for attempt in attempts:
        with pytest.raises(AirflowFailException, match=r"another run of the sync has begun\. Plan and review anew"):
            attempt()
    with closing(sqlite3.connect(warehouse.state)) as state:
        assert state.execute("SELECT count(*) FROM leadway_part").fetchone() == (0,)
        assert state.execute("SELECT count(*) FROM leadway_worker").fetchone() == (0,)
    assert len(sandbox.account) == ROWS


class TestQuota:
    """An account whose day grants fewer calls than there are rows."""

    @pytest.fixture
    def sandbox(self) -> Iterator[SandboxServer]:
        """A day that is long."""
        with SandboxServer(Settings(burst=None, daily=Quota(40, 3600.0, "fixed"))) as server:
            yield server

    def test_the_workers_lease_is_kept_until_the_quota_returns(self, warehouse: Warehouse) -> None:
        """A worker defers, and another run of the sync does not begin meanwhile."""
        fill(warehouse)
        run_id = plan()
        for number in (1, 2):
            with pytest.raises(TaskDeferred):
                work(number, run_id)
        with closing(sqlite3.connect(warehouse.state)) as state:
            lease, held_until = state.execute("SELECT lease, held_until FROM leadway_sync").fetchone()
        assert lease == f"run {run_id}"
        assert held_until is not None
        with pytest.raises(TaskDeferred):
            sync("second", sync_name="people")


class TestAtOnce:
    """An account that takes its time, and workers that begin at the same instant."""

    @pytest.fixture
    def sandbox(self) -> Iterator[SandboxServer]:
        """Every answer takes a while."""
        with SandboxServer(Settings(burst=None, daily=None, latency=0.03)) as server:
            yield server

    def test_a_worker_joins_as_soon_as_another_one_has_split_the_outbox(self, warehouse: Warehouse) -> None:
        """It waits for that in its worker slot, and then delivers beside it."""
        fill(warehouse)
        run_id = plan()
        waits = Event()

        async def sleep(seconds: float) -> None:
            waits.set()
            await SYSTEM_CLOCK.sleep(seconds)

        often = LeaseTiming(heartbeat_every=0.01, look_every=0.01)
        with ThreadPoolExecutor(1) as threads:
            late: list[Future[dict[str, Any]]] = []

            def come_late(_: object) -> None:
                timing = Timing(clock=replace(SYSTEM_CLOCK, sleep=sleep), lease=often)
                late.append(threads.submit(work, 2, run_id, max_in_flight=1, timing=timing))
                assert waits.wait(30)

            with at("INSERT INTO leadway_part", come_late):
                first = work(1, run_id, max_in_flight=1, timing=Timing(lease=often))
            second = late[0].result()
        assert first["acknowledged"] + second["acknowledged"] == ROWS
        assert min(first["acknowledged"], second["acknowledged"]) > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"reviewed_run": None}, "has a `worker`, but no `reviewed_run`"),
        ({"reviewed_run": "0123456789ab"}, "is not one of sync 'people'"),
    ],
)
@pytest.mark.usefixtures("sandbox")
def test_a_worker_needs_a_plan(warehouse: Warehouse, arguments: dict[str, Any], says: str) -> None:
    """Without one, it says what to do, and sends nothing."""
    fill(warehouse)
    with pytest.raises(AirflowFailException, match=says):
        work(1, **arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"worker": "first"}, "worker of task sync is 'first'"),
        ({"worker": 1, "dry_run": True}, "both dry_run and worker"),
    ],
)
def test_a_wrong_argument_is_an_error_of_the_dag_file(
    warehouse: Warehouse, arguments: dict[str, Any], says: str
) -> None:
    """It comes while the DAG is parsed."""
    assert warehouse.file.exists()
    with pytest.raises(ConfigurationError, match=says):
        sync(**arguments)


def test_the_group_with_workers() -> None:
    """`plan` comes first, `deliver` is mapped over the workers, and `sync` and `verify` end the run."""
    with DAG("customers", schedule=None) as dag:
        leadway_sync("people", workers=3, sql="SELECT 1", sql_conn_id="warehouse", key="id")
    tasks: dict[str, Any] = {task_id.removeprefix("people."): task for task_id, task in dag.task_dict.items()}
    before = {name: task.upstream_task_ids for name, task in tasks.items()}
    assert before == {
        "plan": set(),
        "deliver": {"people.plan"},
        "sync": {"people.deliver"},
        "verify": {"people.sync"},
    }
    deliver = tasks["deliver"]
    assert deliver.expand_input.value == {"worker": [1, 2, 3]}
    wanted = "{{ ti.xcom_pull(task_ids='people.plan')['run_id'] }}"
    assert deliver.partial_kwargs["reviewed_run"] == wanted
    assert {tasks[name].sync_name for name in ("plan", "sync")} == {"customers.people.sync"}
    assert tasks["plan"].dry_run is True
    with pytest.raises(ConfigurationError, match="workers of task group people is 0"), DAG("other", schedule=None):
        leadway_sync("people", workers=0, sql="SELECT 1", sql_conn_id="warehouse", key="id")
