"""The incremental example: which rows a run reads, and that none is lost between two of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pendulum
import pytest

from leadway_provider.sandbox.server import SandboxServer
from tests.airflow_version import needs_3_3
from tests.dags.example import Warehouse, report

NAME = "incremental_by_updated_at"
TASK_ID = "sync_changed_customers"
SIX, SEVEN = pendulum.datetime(2026, 11, 2, 6), pendulum.datetime(2026, 11, 2, 7)


def customer(number: int, updated_at: str, **more: object) -> dict[str, object]:
    """A row that becomes a contact."""
    return {"customer_id": f"C-{number}", "email": f"c{number}@example.com", "updated_at": updated_at} | more


def test_a_run_reads_what_changed_in_its_hour(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """From the overlap's first moment up to the hour's end, which the next run begins with."""
    warehouse.insert(
        "customers",
        customer(1, "2026-11-01 23:59:59"),
        customer(2, "2026-11-02 00:00:00"),  # six hours before six: still within the overlap
        customer(3, "2026-11-02 06:00:00"),
        customer(4, "2026-11-02 06:59:59"),
        customer(5, "2026-11-02 07:00:00"),
    )
    dag = example(NAME)
    assert report(dag.test(logical_date=SEVEN), TASK_ID)["created"] == 3
    assert {contact.email for contact in sandbox.account.contacts} == {f"c{number}@example.com" for number in (2, 3, 4)}
    sandbox.journal.clear()
    following = report(dag.test(logical_date=SEVEN.add(hours=1)), TASK_ID)
    assert (following["created"], following["unchanged"]) == (1, 2)
    assert len(sandbox.journal.upserts) == 1


def test_a_late_row_is_still_found(example: Callable[[str], Any], warehouse: Warehouse) -> None:
    """A row that becomes visible when its hour was read already comes with a later run."""
    warehouse.insert("customers", customer(1, "2026-11-02 06:10:00"))
    dag = example(NAME)
    assert report(dag.test(logical_date=SEVEN), TASK_ID)["created"] == 1
    warehouse.insert("customers", customer(2, "2026-11-02 06:20:00"))
    later = report(dag.test(logical_date=SEVEN.add(hours=3)), TASK_ID)
    assert (later["created"], later["unchanged"]) == (1, 1)


def test_an_hour_that_is_made_up_for_sends_nothing_old(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """The run of an earlier hour finds a row as it is now, or not at all: it can't undo a later one."""
    warehouse.insert("customers", customer(1, "2026-11-02 06:10:00", first_name="Before"))
    dag = example(NAME)
    warehouse.run("UPDATE customers SET first_name = 'After', updated_at = '2026-11-02 20:10:00'")
    report(dag.test(logical_date=SEVEN.add(hours=14)), TASK_ID)
    assert report(dag.test(logical_date=SEVEN), TASK_ID)["read"] == 0
    [contact] = sandbox.account.contacts
    assert contact.first_name == "After"
    assert dag.catchup
    assert dag.max_active_runs == 1


def test_since_brings_the_first_load(example: Callable[[str], Any], warehouse: Warehouse) -> None:
    """Triggered with a day, the run reads everything from there on; a word that is no day is refused."""
    from airflow.providers.common.compat.sdk import ParamValidationError

    warehouse.insert("customers", customer(1, "2018-12-31 23:59:59"), customer(2, "2019-01-01 00:00:00"))
    dag = example(NAME)
    assert report(dag.test(logical_date=SEVEN, run_conf={"since": "2019-01-01"}), TASK_ID)["created"] == 1
    with pytest.raises(ParamValidationError):
        dag.test(logical_date=SEVEN, run_conf={"since": "yesterday"})


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
