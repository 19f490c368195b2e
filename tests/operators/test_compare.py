"""compare="account", over a real state database and an account over HTTP."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from leadway_provider.clock import SYSTEM_CLOCK, utc_now
from leadway_provider.exceptions import ConfigurationError, UnavailableError
from leadway_provider.operators.timing import Timing
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.sync.outcome import COUNTED
from tests.operators.task import NEVER_AGAIN, Row, Warehouse, sync

MANY = int(os.environ.get("LEADWAY_COMPARE_CONTACTS", "1200"))
"""People of a full account: three pages of a search, unless told otherwise."""
LATER = Timing(clock=replace(SYSTEM_CLOCK, now=lambda: utc_now() + timedelta(hours=1)))
"""So long after the last write that the search shows it."""


def people(*numbers: int) -> list[Row]:
    """A row for each number."""
    return [(number, f"p{number}@example.com", f"P{number}", None, None) for number in numbers]


def of_rows(report: dict[str, Any]) -> dict[str, int]:
    """The counts of rows that are not 0, except for those that were read."""
    return {name: report[name] for name in COUNTED if name != "read" and report[name]}


def compare(run_id: str, timing: Timing = LATER, **arguments: Any) -> dict[str, Any]:
    """Run the task, comparing with the account."""
    return sync(run_id, compare="account", timing=timing, **arguments)


def add(sandbox: SandboxServer, number: int, **fields: Any) -> str:
    """Add the contact of a person by hand, and return its id."""
    body = {"email": f"p{number}@example.com", "firstName": f"P{number}", **fields}
    return sandbox.account.upsert(body)[1].id


def id_of(sandbox: SandboxServer, number: int) -> str:
    """Return the id of a person's contact."""
    found = sandbox.account.holder("email", f"p{number}@example.com")
    assert found is not None
    return found.id


def writes(sandbox: SandboxServer) -> list[tuple[str, str]]:
    """Method and path of the calls that change contacts."""
    reads = ("/contacts/search",)
    return [
        (call.method, call.path) for call in sandbox.journal.calls if call.method != "GET" and call.path not in reads
    ]


def test_a_first_sync_into_a_full_account_sends_what_differs(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """All others are adopted: acknowledged without a call, so that the next run sends nothing either."""
    for number in range(MANY):
        add(sandbox, number, **({"firstName": "Old"} if number in (7, 700) else {}))
    warehouse.fill(*people(*range(MANY + 3)))

    report = compare("first")

    assert of_rows(report) == {"unchanged": MANY - 2, "created": 3, "updated": 2, "adopted": MANY - 2}
    assert (report["contacts"], report["unmatched"]) == (MANY, 0)
    assert len(writes(sandbox)) == 5
    sandbox.journal.clear()
    assert of_rows(sync("second")) == {"unchanged": MANY + 3}
    assert of_rows(compare("third")) == {"unchanged": MANY + 3}
    assert writes(sandbox) == []


def test_what_was_changed_by_hand_is_put_right(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """30 of many contacts, with the fields that differ only; what no column maps stays as people left it."""
    warehouse.fill(*people(*range(MANY)))
    sync("set-up")
    for number in range(20):
        sandbox.account.update(id_of(sandbox, number), {"firstName": "Edited", "city": "Oslo"})
    deleted = [id_of(sandbox, number) for number in range(30, 40)]
    for contact_id in deleted:
        sandbox.account.delete(contact_id)
    add(sandbox, MANY + 1)
    sandbox.journal.clear()

    report = compare("weekly")

    assert of_rows(report) == {"unchanged": MANY - 30, "created": 10, "updated": 20, "drifted": 20, "missing": 10}
    assert (report["contacts"], report["unmatched"], report["drifted.first_name"]) == (MANY - 9, 1, 20)
    for number in range(40):
        contact = sandbox.account.contact(id_of(sandbox, number))
        assert contact is not None
        assert (contact.first_name, contact.fields.get("city")) == (f"P{number}", "Oslo" if number < 20 else None)
    upserts = [call for call in writes(sandbox) if call[0] == "POST"]
    assert len(upserts) == 10
    sandbox.journal.clear()
    assert of_rows(compare("again")) == {"unchanged": MANY}
    assert writes(sandbox) == []


def test_a_dry_run_verifies(warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture) -> None:
    """It tells the same, sends nothing, and leaves no trace."""
    warehouse.fill(*people(1, 2, 3, 4))
    sync("set-up")
    sandbox.account.update(id_of(sandbox, 1), {"firstName": "Edited"})
    sandbox.account.delete(id_of(sandbox, 2))
    add(sandbox, 5)
    add(sandbox, 77)
    warehouse.fill(*people(1, 2, 3, 4, 5))
    sandbox.journal.clear()
    caplog.set_level(logging.INFO)

    report = compare("verify", dry_run=True)

    assert of_rows(report) == {"pending": 2, "unchanged": 3, "adopted": 1, "drifted": 1, "missing": 1}
    assert (report["contacts"], report["unmatched"], report["drifted.first_name"]) == (5, 1, 1)
    assert writes(sandbox) == []
    assert "1 row adopted, 1 drifted, 1 whose contact is missing, 1 contact of no row" in caplog.text
    assert "Drifted: first_name 1" in caplog.text
    assert snapshots(warehouse) == 0
    assert of_rows(sync("state")) == {"unchanged": 4, "updated": 1}


def test_what_was_written_lately_is_looked_up(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search does not show yet what the sync has just written, which is neither different nor missing."""
    with SandboxServer(Settings(burst=None, daily=None, search_lag=60)) as sandbox:
        connect(sandbox, monkeypatch)
        warehouse.fill(*people(1, 2))
        sync("set-up")
        warehouse.fill((1, "p1@example.com", "Renamed", None, None), *people(2))
        sync("renamed")
        sandbox.journal.clear()

        assert of_rows(compare("just now", Timing())) == {"unchanged": 2}

        looked_up = [call.path for call in sandbox.journal.calls if call.method == "GET" and "/contacts/" in call.path]
        assert sorted(looked_up) == sorted(f"/contacts/{id_of(sandbox, number)}" for number in (1, 2))
        assert writes(sandbox) == []


def test_an_account_that_is_not_read_to_its_end_concludes_nothing(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The task fails and nothing is left of it; its retry reads the account anew."""
    for number in range(MANY):
        add(sandbox, number)
    warehouse.fill(*people(*range(5)))
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, times=None, after=2, path="/contacts/search"))

    with pytest.raises(UnavailableError, match="POST /contacts/search"):
        compare("first", replace(LATER, retry=NEVER_AGAIN.retry))

    assert writes(sandbox) == []
    assert snapshots(warehouse) == 0
    sandbox.faults.clear()
    assert of_rows(compare("first")) == {"unchanged": 5, "adopted": 5}


def test_an_answer_without_a_next_page_is_an_error(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Half of an answer is not taken for the account's end."""
    for number in range(MANY):
        add(sandbox, number)
    warehouse.fill(*people(1))
    sandbox.faults.add(Fault(FaultKind.HALF, times=None, after=1, path="/contacts/search"))

    with pytest.raises(UnavailableError):
        compare("first", replace(LATER, retry=NEVER_AGAIN.retry))

    assert writes(sandbox) == []


def test_an_incremental_run_compares_what_it_read(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Other contacts are neither put right nor said to be of no row."""
    warehouse.fill(*people(1, 2))
    sync("set-up")
    for number in (1, 2):
        sandbox.account.update(id_of(sandbox, number), {"firstName": "Edited"})

    report = compare("some", sql="SELECT id, email, first_name FROM customers WHERE id = 1", incremental=True)

    assert of_rows(report) == {"updated": 1, "drifted": 1}
    assert "unmatched" not in report
    assert of_rows(compare("all")) == {"updated": 1, "unchanged": 1, "drifted": 1}


def test_a_stranger_with_the_phone_of_a_row_is_left_alone(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The row was written without it, which is known; once the stranger is gone, it gets its phone."""
    stranger = sandbox.account.upsert({"phone": "+12025550100", "firstName": "Stranger"})[1].id
    warehouse.fill((1, "p1@example.com", "P1", None, None))
    sync("set-up")
    warehouse.fill((1, "p1@example.com", "P1", "+12025550100", None))
    assert sync("taken")["identity_taken"] == 1
    sandbox.journal.clear()

    assert of_rows(compare("known")) == {"unchanged": 1}
    assert writes(sandbox) == []
    sandbox.account.delete(stranger)
    assert of_rows(compare("free")) == {"updated": 1, "drifted": 1}
    assert sandbox.account.holder("phone", "+12025550100") is not None


def test_both_a_comparison_and_a_full_resync_are_refused(warehouse: Warehouse) -> None:
    """One sends what differs, and the other one everything."""
    warehouse.fill(*people(1))
    with pytest.raises(ConfigurationError, match="compare='account' and full_resync=True"):
        sync(compare="account", full_resync=True)


def snapshots(warehouse: Warehouse) -> int:
    """Return how many contacts the state store has kept of accounts that were read."""
    engine = sa.create_engine(f"sqlite:///{warehouse.state}")
    with engine.connect() as connection:
        found: int = connection.scalar(sa.text("SELECT count(*) FROM leadway_snapshot")) or 0
    engine.dispose()
    return found


def connect(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the account's connection lead to another sandbox."""
    monkeypatch.setenv(
        "AIRFLOW_CONN_LEADWAY_DEFAULT",
        f'{{"conn_type": "leadway", "host": "{sandbox.url}", "password": "sandbox-token", '
        '"extra": {"location_id": "sandbox-location", "quota_requests": 10000, "quota_seconds": 0.5}}',
    )
