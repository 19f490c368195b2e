"""What a dry run tells is what the run that delivers it then does, and what it costs."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

import pytest

from leadway_provider.policies import QuotaPolicy, RemovalPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.sync.dry_run import sum_of
from tests.operators.task import Row, Warehouse, sync
from tests.operators.test_compare import LATER, add, connect, id_of, people, writes

FIGURES = ("creates", "updates", "removals", "calls_needed")
SETTINGS: dict[str, Any] = {"removal": RemovalPolicy("delete", max_removed=9), "max_rejected": 9}


def figures(report: dict[str, Any]) -> tuple[int, ...]:
    """Creates, updates, removals and calls."""
    return tuple(report[name] for name in FIGURES)


def fields(report: dict[str, Any]) -> dict[str, int]:
    """How many rows would change which field."""
    return {name.removeprefix("fields."): rows for name, rows in report.items() if name.startswith("fields.")}


def sent_fields(sandbox: SandboxServer) -> Counter[str]:
    """How many calls that write a contact have sent which field."""
    sent: Counter[str] = Counter()
    for call in sandbox.journal.calls:
        if call.method in ("POST", "PUT") and call.path != "/contacts/search":
            sent.update(name for name in call.body or () if name != "locationId")
    return sent


def test_a_dry_run_tells_what_is_then_delivered(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """New, changed, invalid, departed and unchanged rows, and one that an earlier run left."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=1, email="p5@example.com"))
    warehouse.fill(*people(*range(1, 9)))
    sync("first", **SETTINGS)
    changed: Row = (1, "p1@example.com", "Renamed", None, None)
    warehouse.fill(changed, *people(2, 3, 4, 5, 21, 22, 23), (24, None, "Nobody", None, None))

    told = sync("plan", dry_run=True, **SETTINGS)

    assert figures(told) == (4, 1, 3, 4 + 1 + 3)  # 21, 22, 23 and the refused row; 1; 6, 7, 8
    assert fields(told) == {"email": 5, "first_name": 5}
    assert (told["pending"], told["carried"]) == (5, 0)
    sandbox.journal.clear()
    delivered = sync("deliver", reviewed_run=told["run_id"], **SETTINGS)
    assert (delivered["created"], delivered["updated"], delivered["removed"]) == figures(told)[:3]
    assert len(writes(sandbox)) == told["calls_needed"]
    assert not {"creates", "calls_needed", "fields.email"} & delivered.keys()


def test_what_an_earlier_run_left_is_told_too(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """An incremental plan that does not read the row carries it, so it counts as one that would be sent."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, times=1, email="p2@example.com"))
    warehouse.fill(*people(1, 2))
    sync("first", max_rejected=9)
    query = "SELECT id, email, first_name FROM customers WHERE id = 3"
    warehouse.fill(*people(1, 2, 3))

    told = sync("plan", sql=query, incremental=True, dry_run=True)

    assert (told["carried"], told["pending"]) == (1, 2)
    assert figures(told) == (2, 0, 0, 2)
    assert fields(told) == {"email": 2, "first_name": 2}
    assert sync("deliver", sql=query, incremental=True, reviewed_run=told["run_id"])["created"] == 2


def test_a_comparison_tells_the_fields_that_differ(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a contact that a row lives on, and of one that the account would match; others are sent whole."""
    warehouse.fill(*people(1, 2, 3))
    sync("set-up")
    sandbox.account.update(id_of(sandbox, 1), {"firstName": "Edited"})
    sandbox.account.delete(id_of(sandbox, 2))
    add(sandbox, 4)
    add(sandbox, 5, firstName="Other")
    warehouse.fill(*people(1, 2, 3, 4, 5, 6))
    caplog.set_level(logging.INFO)

    told = sync("plan", compare="account", dry_run=True, timing=LATER)

    # 2 is gone, which its first call shows; 6 is new. 1 and 5 have another name. 4 is adopted.
    assert figures(told) == (2, 2, 0, 3 + 2)
    assert (told["adopted"], told["drifted"], told["missing"]) == (1, 1, 1)
    assert fields(told) == {"email": 2, "first_name": 4}
    assert "Would create 2 contacts, update 2 contacts and treat 0 departed rows" in caplog.text
    assert "By field: first_name 4, email 2" in caplog.text
    sandbox.journal.clear()
    delivered = sync("deliver", compare="account", reviewed_run=told["run_id"], timing=LATER)
    assert (delivered["created"], delivered["updated"]) == (2, 2)
    assert len(writes(sandbox)) == told["calls_needed"]
    upserted = [call.body for call in sandbox.journal.calls if call.body and "email" in call.body]
    assert {body["firstName"] for body in upserted} == {"P2", "P5", "P6"}  # a contact that is matched gets all fields


def test_only_fields_that_a_call_sends_are_told(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The state has no values, so each field that the calls send counts."""
    warehouse.fill(*people(1, 2))
    sync("first", constants={"city": "Oslo"})
    warehouse.fill(*people(1), (2, "p2@example.com", "Renamed", None, None), *people(3))
    told = sync("plan", dry_run=True, constants={"city": "Oslo"})
    sandbox.journal.clear()
    sync("deliver", reviewed_run=told["run_id"], constants={"city": "Oslo"})
    assert fields(told) == {"city": 2, "email": 2, "first_name": 2}
    assert sent_fields(sandbox) == {"city": 2, "email": 2, "firstName": 2}


def test_time_and_days_come_from_the_quota_of_the_account(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """100 calls in 10 s; of 30 calls a day, each run leaves 10 to others, and the plan itself has used some."""
    settings = Settings(daily=Quota(30, 86_400.0, "fixed"))
    with SandboxServer(settings) as sandbox:
        connect(sandbox, monkeypatch)
        warehouse.fill(*people(*range(50)))
        caplog.set_level(logging.INFO)
        told = sync("plan", dry_run=True, quota=QuotaPolicy(daily_reserve=10))
        used = len(sandbox.journal.calls)
    assert told["calls_needed"] == 50
    assert told["seconds_needed"] == pytest.approx(50 * 10 / 100)
    today = 30 - 10 - used
    assert told["days_needed"] == 1 + -(-(50 - today) // 20)
    assert f"That needs 50 calls: 5 s at full speed, within the quota of {told['days_needed']} days" in caplog.text


def test_accounts_side_by_side_need_what_the_slowest_needs() -> None:
    """Counts are added up; days are not known where one account does not say them."""
    one = {"creates": 1, "calls_needed": 7, "seconds_needed": 0.7, "days_needed": 1, "fields.email": 1, "read": 9}
    two = {"creates": 2, "calls_needed": 3, "seconds_needed": 0.9, "days_needed": 3, "fields.phone": 2, "run_id": "x"}
    assert sum_of([one, two]) == {
        "creates": 3,
        "calls_needed": 10,
        "seconds_needed": 0.9,
        "days_needed": 3,
        "fields.email": 1,
        "fields.phone": 2,
    }
    assert "days_needed" not in sum_of([one, {"creates": 1}])
