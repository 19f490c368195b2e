"""The incremental example: each run reads on where the last one ended, and no row is lost between two of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pendulum
import pytest

from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.airflow_version import needs_3_3
from tests.dags.example import OUTCOMES, Warehouse

NAME = "incremental_by_updated_at"
TASK_ID = "sync_changed_customers"
SIX, SEVEN = pendulum.datetime(2026, 11, 2, 6), pendulum.datetime(2026, 11, 2, 7)


def customer(number: int, updated_at: str, **more: object) -> dict[str, object]:
    """Return a row that becomes a contact."""
    return {"customer_id": f"C-{number}", "email": f"c{number}@example.com", "updated_at": updated_at} | more


def report(run: Any) -> dict[str, Any]:
    """Return the counts of a run that succeeded, whose outcomes add up."""
    assert run.state == "success"
    pulled: dict[str, Any] = run.get_task_instance(TASK_ID).xcom_pull(task_ids=TASK_ID)
    assert pulled["read"] + pulled["carried"] == sum(pulled[name] for name in OUTCOMES)
    return pulled


def until(hour: int, day: int = 2) -> pendulum.DateTime:
    """Return the moment at which the run for the hour that ends then is made."""
    return pendulum.datetime(2026, 11, day, hour)


def emails(sandbox: SandboxServer) -> set[str | None]:
    """Return the e-mails of the account's contacts."""
    return {contact.email for contact in sandbox.account.contacts}


def test_the_first_run_loads_everything(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """However old a row is, it is read; a row of the hour that begins then is not."""
    warehouse.insert(
        "customers",
        customer(1, "2003-05-05 10:00:00"),
        customer(2, "2026-11-02 06:59:59"),
        customer(3, "2026-11-02 07:00:00"),
    )
    first = report(example(NAME).test(logical_date=SEVEN))
    assert (first["read"], first["created"]) == (2, 2)
    assert first["watermark"] == "2026-11-02T07:00:00+00:00"
    assert emails(sandbox) == {"c1@example.com", "c2@example.com"}


def test_the_next_run_reads_on_and_six_hours_more(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """From the overlap's first moment up to the hour's end; what did not change costs no call."""
    dag = example(NAME)
    warehouse.insert("customers", customer(1, "2026-11-02 00:59:59"), customer(2, "2026-11-02 01:00:00"))
    report(dag.test(logical_date=SEVEN))
    warehouse.insert("customers", customer(3, "2026-11-02 07:00:00"), customer(4, "2026-11-02 08:00:00"))
    sandbox.journal.clear()
    following = report(dag.test(logical_date=until(8)))
    assert (following["read"], following["created"], following["unchanged"]) == (2, 1, 1)
    assert len(sandbox.journal.upserts) == 1


def test_a_late_row_is_still_found(example: Callable[[str], Any], warehouse: Warehouse) -> None:
    """A row that becomes visible when its hour was read already comes with a later run."""
    warehouse.insert("customers", customer(1, "2026-11-02 06:10:00"))
    dag = example(NAME)
    assert report(dag.test(logical_date=SEVEN))["created"] == 1
    warehouse.insert("customers", customer(2, "2026-11-02 06:20:00"))
    later = report(dag.test(logical_date=until(10)))
    assert (later["created"], later["unchanged"]) == (1, 1)


def test_an_hour_that_failed_is_read_by_the_next_run(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """The table was missing for a day; its rows of that day, far older than the overlap, come with the next run."""
    dag = example(NAME)
    report(dag.test(logical_date=SEVEN))
    warehouse.insert("customers", customer(1, "2026-11-02 07:30:00"))
    warehouse.run("ALTER TABLE customers RENAME TO away")
    assert dag.test(logical_date=until(8)).state == "failed"
    warehouse.run("ALTER TABLE away RENAME TO customers")
    made_up = report(dag.test(logical_date=until(8, day=3)))
    assert (made_up["created"], made_up["watermark"]) == (1, "2026-11-03T08:00:00+00:00")
    assert emails(sandbox) == {"c1@example.com"}


def test_a_pause_leaves_no_gap(example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """After a weekend without runs, one run reads all of it; Airflow makes no run for the missed hours."""
    dag = example(NAME)
    report(dag.test(logical_date=SEVEN))
    days = (2, 3, 4)
    warehouse.insert("customers", *(customer(day, f"2026-11-0{day} 12:00:00") for day in days))
    assert not dag.catchup
    assert report(dag.test(logical_date=until(7, day=5)))["created"] == len(days)
    assert emails(sandbox) == {f"c{day}@example.com" for day in days}


def test_a_backfill_reads_its_own_hour_and_moves_nothing(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """An older hour is read alone, it undoes nothing, and the next run reads on from where the newest one ended."""
    dag = example(NAME)
    warehouse.insert("customers", customer(1, "2026-11-02 06:10:00"), customer(2, "2026-11-02 19:10:00"))
    report(dag.test(logical_date=until(20)))
    warehouse.insert("customers", customer(3, "2026-11-02 06:40:00"), customer(4, "2026-11-02 05:40:00"))
    backfilled = report(dag.test(logical_date=SEVEN))
    assert (backfilled["read"], backfilled["created"]) == (2, 1)
    assert backfilled["watermark"] == "2026-11-02T20:00:00+00:00"
    warehouse.insert("customers", customer(5, "2026-11-02 20:10:00"))
    following = report(dag.test(logical_date=until(21)))
    assert (following["read"], following["created"]) == (2, 1)
    assert emails(sandbox) == {f"c{number}@example.com" for number in (1, 2, 3, 5)}


def test_a_dry_run_moves_nothing(example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The run after it, a day later, reads what the dry run read, too."""
    dag = example(NAME)
    report(dag.test(logical_date=SEVEN))
    warehouse.insert("customers", customer(1, "2026-11-02 07:30:00"))
    task = dag.get_task(TASK_ID)
    task.dry_run = True
    planned = report(dag.test(logical_date=until(20)))
    assert (planned["pending"], planned["watermark"]) == (1, "2026-11-02T07:00:00+00:00")
    assert emails(sandbox) == set()
    task.dry_run = False
    delivered = report(dag.test(logical_date=until(20, day=3)))
    assert (delivered["created"], delivered["watermark"]) == (1, "2026-11-03T20:00:00+00:00")


def test_a_refused_row_is_tried_again_although_no_run_reads_it(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """The CRM takes the row two days later; until then it waits in the outbox."""
    dag = example(NAME)
    warehouse.insert("customers", customer(1, "2026-11-01 06:30:00"))
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, path="/contacts/upsert"))
    assert dag.test(logical_date=SEVEN).state == "failed"
    later = report(dag.test(logical_date=until(7, day=4)))
    assert (later["read"], later["carried"], later["created"]) == (0, 1, 1)


@needs_3_3
def test_switching_it_on_begins_one_run(example: Callable[[str], Any]) -> None:
    """Neither a first start, weeks after the start date, nor the end of a long pause makes a run for each hour."""
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables.base import DataInterval, TimeRestriction

    dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(example(NAME)))
    now = pendulum.now("UTC")
    long_ago = now.subtract(days=30)
    restriction = TimeRestriction(earliest=long_ago, latest=None, catchup=dag.catchup)
    for last in (None, DataInterval(long_ago, long_ago.add(hours=1))):
        found = dag.timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        assert found
        assert found.data_interval
        assert found.data_interval.end > now.subtract(hours=2)


@needs_3_3
@pytest.mark.parametrize("create_cron_data_intervals", ["True", "False"])
def test_the_interval_is_an_hour_however_airflow_is_set(
    create_cron_data_intervals: str, example: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler's intervals are whole hours that touch, whatever becomes of bare cron expressions."""
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables.base import DataInterval, TimeRestriction

    monkeypatch.setenv("AIRFLOW__SCHEDULER__CREATE_CRON_DATA_INTERVALS", create_cron_data_intervals)
    timetable = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(example(NAME))).timetable
    restriction = TimeRestriction(earliest=SIX, latest=None, catchup=True)
    first = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
    assert first
    assert first.data_interval == DataInterval(SIX, SEVEN)
    second = timetable.next_dagrun_info(last_automated_data_interval=first.data_interval, restriction=restriction)
    assert second
    assert second.data_interval == DataInterval(SEVEN, SEVEN.add(hours=1))
