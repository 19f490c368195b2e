"""Incremental syncs through the operator: what each run reads, and what moves the watermark."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.policies import RemovalPolicy
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import Warehouse, operator, sync

CHANGED = """
    SELECT id, email, first_name FROM customers
    WHERE country >= :since AND country < :until ORDER BY id
"""
"""The column `country` of the tests' table holds the time of a row's last change, as the bounds are written."""
DAY = datetime(2026, 11, 2, tzinfo=UTC)


def changed_at(hour: int, minute: int = 0) -> str:
    """Return the time of a change, as the bounds are written."""
    return f"2026-11-02 {hour:02}:{minute:02}:00+00:00"


def hourly(hour: int, **arguments: Any) -> dict[str, Any]:
    """Run the task for the hour that ends then."""
    chosen: dict[str, Any] = {"sql": CHANGED, "incremental": True} | arguments
    run_id = chosen.pop("run_id", f"hour {hour}")
    return sync(run_id, as_of=DAY + timedelta(hours=hour), since=DAY + timedelta(hours=hour - 1), **chosen)


def add(warehouse: Warehouse, number: int, at: str, name: str = "Ann") -> None:
    """Add a customer, or change one, at that time."""
    with sqlite3.connect(warehouse.file) as database:
        database.execute("DELETE FROM customers WHERE id = ?", [number])
        row = (number, f"p{number}@example.com", name, None, at)
        database.execute("INSERT INTO customers VALUES (?, ?, ?, ?, ?)", row)


def emails(sandbox: SandboxServer) -> set[str | None]:
    """Return the e-mails of the account's contacts."""
    return {contact.email for contact in sandbox.account.contacts}


def test_each_run_reads_on_where_the_last_one_ended(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The first reads everything, the next what changed since; the report names the watermark."""
    add(warehouse, 1, "2019-05-05 00:00:00+00:00")
    add(warehouse, 2, changed_at(6, 30))
    assert hourly(7)["created"] == 2
    add(warehouse, 3, changed_at(7, 30))
    report = hourly(8)
    assert (report["read"], report["created"], report["watermark"]) == (1, 1, "2026-11-02T08:00:00+00:00")
    assert len(emails(sandbox)) == 3


def test_an_hour_that_failed_before_it_read_leaves_no_gap(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The source was out of order for an hour; the next run reads that hour, too."""
    hourly(6)
    add(warehouse, 1, changed_at(6, 30))
    warehouse.run("ALTER TABLE customers RENAME TO away")
    with pytest.raises(Exception, match="no such table"):
        hourly(7)
    warehouse.run("ALTER TABLE away RENAME TO customers")
    add(warehouse, 2, changed_at(7, 30))
    assert hourly(8)["created"] == 2
    assert emails(sandbox) == {"p1@example.com", "p2@example.com"}


def test_a_pause_leaves_no_gap(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Hours without any run are read by the next one."""
    hourly(6)
    for number, hour in enumerate((6, 9, 13), start=1):
        add(warehouse, number, changed_at(hour, 30))
    assert hourly(15)["created"] == 3
    assert len(emails(sandbox)) == 3


def test_an_overlap_finds_rows_that_come_late(warehouse: Warehouse) -> None:
    """A row becomes visible when its hour was read already."""
    hourly(7)
    add(warehouse, 1, changed_at(6, 45))
    assert hourly(8, overlap=timedelta(0))["read"] == 0
    assert hourly(9, overlap=timedelta(hours=3))["created"] == 1


def test_a_backfill_reads_its_own_interval_and_moves_no_watermark(warehouse: Warehouse) -> None:
    """It comes behind newer runs, and changes nothing of what the next one reads."""
    add(warehouse, 1, changed_at(3, 30))
    add(warehouse, 2, changed_at(8, 30))
    hourly(9)
    report = hourly(4, full_resync=False)
    assert (report["read"], report["watermark"]) == (1, "2026-11-02T09:00:00+00:00")
    assert hourly(10)["read"] == 0


def test_a_dry_run_moves_nothing_and_its_review_does(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """What a review lets through is delivered, and then counts as read."""
    hourly(6)
    add(warehouse, 1, changed_at(6, 30))
    planned = hourly(7, dry_run=True, sync_name="customers.sync", run_id="plan")
    assert (planned["pending"], planned["watermark"]) == (1, "2026-11-02T06:00:00+00:00")
    assert emails(sandbox) == set()
    assert hourly(7, dry_run=True, run_id="plan again")["pending"] == 1
    again = hourly(7, dry_run=True, run_id="third plan")
    report = hourly(7, reviewed_run=again["run_id"], run_id="deliver")
    assert (report["created"], report["watermark"]) == (1, "2026-11-02T07:00:00+00:00")
    assert hourly(8)["read"] == 0


def test_a_full_resync_starts_anew(warehouse: Warehouse) -> None:
    """Everything is read and sent again."""
    add(warehouse, 1, changed_at(3, 30))
    hourly(4)
    report = hourly(5, full_resync=True)
    assert (report["read"], report["updated"]) == (1, 1)


def test_a_query_without_bounds_reads_what_it_says(warehouse: Warehouse) -> None:
    """A query with bounds of its own needs neither; a name that nobody binds is an error."""
    add(warehouse, 1, changed_at(3, 30))
    own = "SELECT id, email FROM customers WHERE country >= :mine"
    assert hourly(4, sql=own, parameters={"mine": changed_at(3)})["created"] == 1
    with pytest.raises(Exception, match=":other"):
        hourly(5, sql="SELECT id, email FROM customers WHERE country >= :since AND id > :other")


def test_removal_needs_a_whole_read() -> None:
    """The two together are an error when the DAG is parsed; so is an overlap without incremental."""
    with pytest.raises(ConfigurationError, match="incremental"):
        operator(incremental=True, removal=RemovalPolicy("delete"))
    with pytest.raises(ConfigurationError, match="overlap"):
        operator(overlap=timedelta(hours=1))


def test_absence_says_nothing_in_a_partial_read(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Keys 1 and 2 share an e-mail; partial reads of 1 and 2, then 2, then 1: one key holds it, stably."""
    shared = "SELECT id, email, first_name FROM customers WHERE country >= :since AND country < :until ORDER BY id"
    with sqlite3.connect(warehouse.file) as database:
        rows = [(n, "ann@example.com", name, None, changed_at(1)) for n, name in ((1, "Ann"), (2, "Bobby"))]
        database.executemany("INSERT INTO customers VALUES (?, ?, ?, ?, ?)", rows)
    assert hourly(2, sql=shared)["created"] == 1
    for hour, number, name in ((3, 2, "Bobby"), (4, 1, "Annie"), (5, 2, "Bob")):
        with sqlite3.connect(warehouse.file) as database:
            changed = (name, changed_at(hour - 1, 30), number)
            database.execute("UPDATE customers SET first_name = ?, country = ? WHERE id = ?", changed)
        hourly(hour, sql=shared)
    [contact] = sandbox.account.contacts
    assert contact.first_name == "Annie"


def test_a_whole_read_that_is_far_too_small_counts_as_partial(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Less than half of at least 20 rows: the warning names both numbers and the argument, and nobody gives way."""
    warehouse.fill(*((n, f"p{n}@example.com", None, None, None) for n in range(1, 31)))
    sync("one")
    warehouse.fill(*((n, f"p{n}@example.com", None, None, None) for n in range(1, 11)))
    with caplog.at_level("WARNING"):
        sync("two")
    assert "returned 10 rows" in caplog.text
    assert "30 rows that have a contact" in caplog.text
    assert "incremental=True" in caplog.text
