"""`only_keys`: a test on some customers says and changes nothing of all others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.policies import GuardPolicy, RemovalPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.people import counted
from tests.operators.task import NEVER_AGAIN, Row, Warehouse, sync
from tests.operators.test_watermark import add, changed_at, hourly


def people(*numbers: int, name: str = "Ann") -> list[Row]:
    """Return a row for each number."""
    return [(number, f"p{number}@example.com", name, None, None) for number in numbers]


def names(sandbox: SandboxServer) -> dict[str | None, str | None]:
    """Return the first name of each contact, by e-mail."""
    return {contact.email: contact.first_name for contact in sandbox.account.contacts}


@pytest.mark.parametrize("keys", [[2], ["2"], (2, "2"), '["2"]', "[2]", "['2']"])
def test_only_these_rows_are_sent(warehouse: Warehouse, sandbox: SandboxServer, keys: Any) -> None:
    """A number and its text are one key, and a rendered list is one."""
    warehouse.fill(*people(1, 2, 3))
    report = sync("test", only_keys=keys, batch_size=1)
    assert report["read"] == 1
    assert counted(report) == {"created": 1}
    assert list(names(sandbox)) == ["p2@example.com"]
    assert counted(sync("all")) == {"created": 2, "unchanged": 1}


def test_nobody_departs(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """All other rows are absent from what is synced, and present in the source."""
    warehouse.fill(*people(*range(30)))
    sync("all", removal=RemovalPolicy("delete", max_removed=0))
    warehouse.fill(*people(*range(30), name="Bob"))
    report = sync("test", only_keys=[7], removal=RemovalPolicy("delete", max_removed=0))
    assert counted(report) == {"updated": 1}
    assert len(sandbox.account.contacts) == 30
    assert [email for email, name in names(sandbox).items() if name == "Bob"] == ["p7@example.com"]


def test_what_an_earlier_run_left_stays_until_the_next_whole_run(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Rows that wait in the outbox are neither sent nor dropped, those of another source included."""
    warehouse.fill(*people(1, 2, 3))
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, path="/contacts/upsert", times=3))
    with pytest.raises(Exception, match="leadway_default"):
        sync("one", timing=NEVER_AGAIN, max_in_flight=1, batch_size=1)
    sandbox.faults.clear()
    report = sync("test", only_keys=[2])
    assert counted(report) == {"created": 1}
    assert list(names(sandbox)) == ["p2@example.com"]
    warehouse.run("DELETE FROM customers WHERE id <> 2")
    later = sync("next", incremental=True)  # it does not read what was left
    assert (later["carried"], later["created"], later["unchanged"]) == (2, 2, 1)


def test_a_dry_run_of_one_customer_counts_that_one(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """What others left is not counted as carried; what was reviewed is delivered, and nothing else."""
    warehouse.fill(*people(1, 2))
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, path="/contacts/upsert", times=3))
    with pytest.raises(Exception, match="leadway_default"):
        sync("one", timing=NEVER_AGAIN, max_in_flight=1, sync_name="people")
    sandbox.faults.clear()
    dry = sync("plan", only_keys=[2], dry_run=True, sync_name="people")
    assert counted(dry) == {"pending": 1}
    assert counted(sync("deliver", reviewed_run=dry["run_id"], sync_name="people")) == {"created": 1}
    assert list(names(sandbox)) == ["p2@example.com"]


def test_no_watermark_moves(warehouse: Warehouse) -> None:
    """The next incremental run reads what this one did not send; the full result is read with full_resync."""
    add(warehouse, 1, changed_at(3, 30))
    add(warehouse, 2, changed_at(6, 30))
    hourly(6)
    report = hourly(7, only_keys=[2])
    assert (report["read"], report["watermark"]) == (1, "2026-11-02T06:00:00+00:00")
    assert counted(hourly(7, run_id="old", only_keys=[1], full_resync=True))["updated"] == 1
    add(warehouse, 3, changed_at(6, 45))
    assert hourly(8)["created"] == 1


def test_the_guards_hold_for_these_rows(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """`min_rows` is for the whole result, and the others are for what would be sent."""
    warehouse.fill(*people(1, 2, 3))
    assert counted(sync("test", only_keys=[1], guards=GuardPolicy(min_rows=3, max_new=1))) == {"created": 1}
    with pytest.raises(AirflowFailException, match="max_new is 0"):
        sync("again", only_keys=[2], guards=GuardPolicy(max_new=0))
    assert len(sandbox.account.contacts) == 1


def test_a_key_that_is_not_there_is_an_error(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Each is named, and nothing is sent, also for the keys that are there."""
    warehouse.fill(*people(1, 2))
    with pytest.raises(AirflowFailException, match=r"only_keys .* did not return: 8, 9\. Nothing was sent"):
        sync("test", only_keys=[1, 8, 9])
    assert not sandbox.journal.writes


@pytest.mark.parametrize("key", [["2", "Ann"], ("2", "Ann"), '["2","Ann"]', [2, "Ann"]])
def test_a_key_of_several_columns_is_a_list(warehouse: Warehouse, key: Any) -> None:
    """It may also be the text that the log shows."""
    warehouse.fill(*people(1, 2))
    assert counted(sync("test", key=("id", "first_name"), only_keys=[key])) == {"created": 1}


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ([], "one or more keys"),
        ("2", "one or more keys"),
        ("all", "one or more keys"),
        ([None], "None"),
        ([" "], "' '"),
        ("[NaN]", "one or more keys"),
        ("[2, Infinity]", "one or more keys"),
    ],
)
def test_what_is_no_list_of_keys_is_an_error(warehouse: Warehouse, keys: Any, says: str) -> None:
    """An empty list is not taken for all rows."""
    warehouse.fill(*people(1, 2))
    with pytest.raises(Exception, match=says):
        sync("test", only_keys=keys)


def test_an_older_interval_is_left_alone(warehouse: Warehouse) -> None:
    """A test for an older day does not change what a newer one sent."""
    day = datetime(2026, 11, 2, tzinfo=UTC)
    warehouse.fill(*people(1, 2))
    sync("new", as_of=day)
    warehouse.fill(*people(1, 2, name="Bob"))
    assert counted(sync("old", as_of=day - timedelta(days=1), only_keys=[1])) == {"superseded": 1}
