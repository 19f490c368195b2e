"""A sample that can't be read to its end, or that something writes to meanwhile: nothing is concluded in doubt."""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from leadway_provider.exceptions import StoppedError, UnavailableError
from leadway_provider.policies import QuotaPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.agency import agency_connection
from tests.operators.forks import Nursery, nursery
from tests.operators.task import NEVER_AGAIN, TaskInstance, Warehouse, operator, sync
from tests.operators.test_compare import connect, id_of, of_rows, people
from tests.operators.test_quota import DAY, timing_of_days, tomorrow
from tests.operators.test_sample import figures, read_by_id, sampled

__all__ = ["nursery"]

SAMPLE: dict[str, Any] = {"compare": "account", "dry_run": True, "sample": 20}


def comparisons(warehouse: Warehouse) -> int:
    """Return how many runs have kept what they found in the account."""
    with closing(sqlite3.connect(warehouse.state)) as database:
        found: int = database.execute("SELECT count(*) FROM leadway_run WHERE comparison IS NOT NULL").fetchone()[0]
        return found


def test_an_account_that_can_not_be_reached_concludes_nothing(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The task fails, and its retry makes a new choice."""
    warehouse.fill(*people(*range(40)))
    sync("set-up")
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, times=None, after=12, path="/contacts/*", method="GET"))

    with pytest.raises(UnavailableError, match="GET /contacts/"):
        sampled("sample", 20, NEVER_AGAIN)

    assert comparisons(warehouse) == 0
    sandbox.faults.clear()
    assert sampled("sample", 20)["sampled"] == 20


def test_calls_are_in_flight_together_and_no_more_after_a_failure(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """As many as the task may have in flight."""
    warehouse.fill(*people(*range(40)))
    sync("set-up")
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, times=None, path="/contacts/*", method="GET"))
    sandbox.journal.clear()

    with pytest.raises(UnavailableError):
        sampled("sample", 40, NEVER_AGAIN, max_in_flight=4)

    assert len(read_by_id(sandbox)) <= 4


def test_the_task_defers_where_the_days_quota_ends(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is concluded until then; afterwards it plans anew."""
    with SandboxServer(Settings(burst=None, daily=Quota(60, DAY, "fixed"))) as account:
        connect(account, monkeypatch)
        warehouse.fill(*people(*range(45)))
        sync("set-up")
        sandbox_calls = account.journal.total
        assert sandbox_calls == 46

        with pytest.raises(TaskDeferred):
            sync("sample", **SAMPLE)

        assert (account.journal.total, comparisons(warehouse)) == (60, 0)
        assert set(account.journal.statuses) == {200, 201}
        tomorrow(warehouse, account)
        report = sync("sample", **SAMPLE)
        assert (report["sampled"], report["sampled_equal"], report["sampled_of"]) == (20, 20, 45)


def test_a_quota_that_is_waited_for_reads_what_is_left(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the worker slot the reading goes on where it was: no contact is read twice."""
    with SandboxServer(Settings(burst=None, daily=Quota(60, DAY, "fixed"))) as account:
        connect(account, monkeypatch)
        warehouse.fill(*people(*range(45)))
        sync("set-up")
        account.journal.clear()
        timing, waited = timing_of_days(warehouse, account)

        report = sync("sample", timing=timing, deferrable=False, **SAMPLE)

        read = read_by_id(account)
        assert len(read) == len(set(read)) == 20
        assert (report["sampled"], report["calls"], sum(waited) > 0) == (20, 21, True)


def test_a_sample_that_no_day_grants_is_an_error(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read in one go, so it would never end; what is left to others is not granted."""
    with SandboxServer(Settings(burst=None, daily=Quota(60, DAY, "fixed"))) as account:
        connect(account, monkeypatch)
        warehouse.fill(*people(*range(45)))
        sync("set-up")
        tomorrow(warehouse, account)

        with pytest.raises(AirflowFailException, match=r"sample of task sync needs 41 calls, .+ grants 40 a day"):
            sync("sample", **SAMPLE | {"sample": 40}, quota=QuotaPolicy(daily_reserve=20))

        tomorrow(warehouse, account)
        assert sync("sample", **SAMPLE | {"sample": 40}, quota=QuotaPolicy(daily_reserve=19))["sampled"] == 40


def test_a_task_that_is_stopped_concludes_nothing(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """No new call is sent after the signal."""
    warehouse.fill(*people(*range(45)))
    sync("set-up")
    task = operator(**SAMPLE, max_in_flight=1)
    sandbox.journal.clear()
    served = sandbox.service.clock

    def clock() -> float:
        if len(read_by_id(sandbox)) == 5:
            task.on_kill()
        return served()

    sandbox.service.clock = clock
    context: Any = {"ti": TaskInstance(run_id="sample")}
    with pytest.raises(StoppedError):
        task.execute(context)
    assert (len(read_by_id(sandbox)) <= 6, comparisons(warehouse)) == (True, 0)


def test_killed_while_contacts_are_read(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, nursery: Nursery
) -> None:
    """Nothing is left of it but a plan that counts for nothing."""
    with SandboxServer(Settings(burst=None, daily=None, latency=0.005)) as account:
        connect(account, monkeypatch)
        warehouse.fill(*people(*range(100)))
        sync("set-up")
        sandbox_calls = account.journal.total
        arguments = SAMPLE | {"sample": 90, "max_in_flight": 2}

        assert nursery.attempt("sample", lambda: len(read_by_id(account)) > 30, **arguments) is None

        assert 30 < account.journal.total - sandbox_calls < 90
        assert comparisons(warehouse) == 0
        report = nursery.attempt("sample", **arguments)
        assert report is not None
        assert (report["sampled"], report["sampled_equal"], report["sampled_of"]) == (90, 90, 100)
        assert of_rows(sync("state")) == {"unchanged": 100}


def test_what_is_written_meanwhile_counts_neither_way(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A row whose state has changed since it was chosen says nothing of what was acknowledged."""
    warehouse.fill(*people(*range(10)))
    sync("set-up")
    sandbox.account.update(id_of(sandbox, 3), {"firstName": "Edited"})
    sandbox.account.update(id_of(sandbox, 4), {"firstName": "Edited"})
    served = sandbox.service.clock

    def clock() -> float:
        if len(read_by_id(sandbox)) > 1:
            with closing(sqlite3.connect(warehouse.state)) as database, database:
                database.execute(
                    "UPDATE leadway_row SET updated_at = updated_at + 1 WHERE contact_id = ?", [id_of(sandbox, 3)]
                )
        return served()

    sandbox.service.clock = clock
    caplog.set_level(logging.INFO)

    report = sampled("sample", 10, max_in_flight=1)

    assert (report["sampled"], report["sampled_of"], report["drifted"]) == (9, 10, 1)
    assert (report["sampled_share_low"], report["sampled_share_high"]) == (0.8, 0.9)
    assert "Of 9 contacts chosen at random, 8 (88.9%) are as acknowledged." in caplog.text


def test_each_of_many_accounts_has_a_sample_of_its_own(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The report has how many were read in all, and no share: accounts of different sizes have none in common."""
    with SandboxServer(Settings(burst=None, daily=None, more_locations=("north", "south"))) as agency:
        connection = agency_connection(agency, state_conn_id="state", quota_requests=10_000)
        monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(connection))
        sql = "SELECT id, email, first_name, country AS location_id FROM customers ORDER BY id"
        places = ["north"] * 8 + ["south"] * 4
        warehouse.fill(*((number, f"p{number}@example.com", "Ann", None, at) for number, at in enumerate(places)))
        sync("set-up", sql=sql)
        for number in (8, 9):
            contact = agency.service.accounts["south"].holder("email", f"p{number}@example.com")
            assert contact is not None
            agency.service.accounts["south"].update(contact.id, {"firstName": "Edited"})
        agency.journal.clear()
        caplog.set_level(logging.INFO)

        report = sync("sample", sql=sql, **SAMPLE | {"sample": 5})

        assert figures(report) == {"sampled": 9, "sampled_of": 12, "sampled_equal": 7}
        assert (report["accounts"], report["unchanged"], report["drifted"]) == (2, 12, 2)
        assert len(read_by_id(agency)) == 9
        assert "Of 5 contacts chosen at random, 5 (100%) are as acknowledged." in caplog.text
        assert "All 4 contacts were read, so the share is exact: 2 (50.0%) are as acknowledged." in caplog.text
