"""A query whose rows name their accounts: one read, and each account as if it had a task of its own."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, Asset, AssetAlias, TaskDeferred
from airflow.sdk.execution_time.context import OutletEventAccessors

from leadway_provider.cli import main
from leadway_provider.exceptions import TransientError
from leadway_provider.policies import RemovalPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from leadway_provider.store.state import StateStore
from leadway_provider.sync.request import ALL_ACCOUNTS, SyncIdentity
from tests.agency import agency_connection
from tests.operators.task import NEVER_AGAIN, TaskInstance, Warehouse, operator, sync
from tests.operators.test_quota import DAY, tomorrow

SQL = "SELECT id, email, first_name, country AS location_id FROM customers ORDER BY id"
NORTH, SOUTH, EAST = "north", "south", "east"
Row = tuple[int, str | None, str, None, str | None]


def row(number: int, account: str | None, name: str = "Ann") -> Row:
    """A customer of an account."""
    return (number, f"p{number}@example.com", name, None, account)


@pytest.fixture
def daily() -> Quota | None:
    """The calls that each account grants a day."""
    return None


@pytest.fixture
def sandbox(daily: Quota | None) -> Iterator[SandboxServer]:
    """An agency with three accounts."""
    with SandboxServer(Settings(burst=None, daily=daily, more_locations=(NORTH, SOUTH, EAST))) as server:
        yield server


@pytest.fixture
def agency(warehouse: Warehouse, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A warehouse, and an agency's connection that names no account."""
    connection = agency_connection(sandbox, state_conn_id="state", quota_requests=10_000)
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(connection))
    return warehouse


def emails(sandbox: SandboxServer, account: str) -> set[str | None]:
    """Whom an account holds."""
    return {contact.email for contact in sandbox.service.accounts[account].contacts}


def short(report: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a report that are not zero, without those that differ from run to run."""
    return {name: each for name, each in report.items() if each and name not in ("calls", "seconds", "run_id")}


def test_each_row_reaches_its_account(agency: Warehouse, sandbox: SandboxServer) -> None:
    """One key in two accounts is two rows; the next run sends what changed, with one exchange of tokens an account."""
    agency.fill(row(1, NORTH), row(2, NORTH), row(1, SOUTH))
    report = sync(sql=SQL)
    assert short(report) == {"read": 3, "created": 3, "accounts": 2}
    assert emails(sandbox, NORTH) == {"p1@example.com", "p2@example.com"}
    assert emails(sandbox, SOUTH) == {"p1@example.com"}
    agency.fill(row(1, NORTH), row(2, NORTH, "Bea"), row(1, SOUTH))
    sandbox.journal.clear()
    report = sync("second", sql=SQL)
    assert short(report) == {"read": 3, "unchanged": 2, "updated": 1, "accounts": 2}
    paths = Counter(call.path.rsplit("/", 1)[-1] for call in sandbox.journal.calls)
    assert paths["locationToken"] == 2


def test_a_forgotten_key_is_left_alone_in_every_account(agency: Warehouse, sandbox: SandboxServer) -> None:
    """That of one account only if it is named; otherwise also in an account that gets the key later."""
    agency.fill(row(1, NORTH), row(1, SOUTH), row(2, NORTH), row(2, SOUTH))
    sync(sql=SQL)
    forget = ["forget", "--in-crm", "--yes", "--state-conn-id", "state", "--key"]
    assert main([*forget, "1", "--location", NORTH]) == 0
    assert emails(sandbox, NORTH) == {"p2@example.com"}
    assert main([*forget, "2"]) == 0
    agency.fill(*(row(number, account, "Bea") for number in (1, 2) for account in (NORTH, SOUTH, EAST)))
    assert short(sync("second", sql=SQL)) == {"read": 6, "skipped": 4, "created": 1, "updated": 1, "accounts": 3}
    assert (emails(sandbox, NORTH), emails(sandbox, EAST)) == (set(), {"p1@example.com"})


def test_each_account_is_verified_by_itself(
    agency: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command has all of them, and no other; its status is 1 until each has been found as the source says."""

    def shown(status: int) -> dict[str, int | None]:
        capsys.readouterr()
        assert main(["verify", "--sync", "customers.sync", "--json", "--state-conn-id", "state"]) == status
        found = json.loads(capsys.readouterr().out)
        return {each["location_id"]: each["verified"] and each["verified"]["rows"] for each in found}

    agency.fill(row(1, NORTH), row(2, NORTH), row(1, SOUTH))
    sync(sql=SQL)
    contact = sandbox.service.accounts[SOUTH].contacts[0]
    sandbox.service.accounts[SOUTH].update(contact.id, {"firstName": "Edited"})
    sync("second", sql=SQL, compare="account")
    assert shown(status=1) == {NORTH: 2, SOUTH: None}
    sync("third", sql=SQL, compare="account")
    assert shown(status=0) == {NORTH: 2, SOUTH: 1}


def test_rows_without_an_account_are_invalid(agency: Warehouse, sandbox: SandboxServer) -> None:
    """Blank, malformed and not installed: each row is rejected with its reason, and all others are sent."""
    agency.fill(
        row(1, NORTH), row(2, None), row(3, " "), row(4, "no such\naccount"), row(5, "elsewhere"), row(6, "elsewhere")
    )
    with pytest.raises(AirflowFailException, match="5 of 6 rows name no account") as failed:
        sync(sql=SQL)
    assert "account_out_of_reach" not in str(failed.value)
    report = sync("second", sql=SQL, max_rejected=5)
    assert short(report) == {"read": 6, "unchanged": 1, "invalid": 5, "accounts": 1}
    assert emails(sandbox, NORTH) == {"p1@example.com"}


def test_an_account_that_fails_holds_up_no_other(agency: Warehouse, sandbox: SandboxServer) -> None:
    """The others are served, the task names the one, and its retry does what is left without a second read."""
    agency.fill(row(1, NORTH), row(2, SOUTH), row(3, EAST))
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, email="p2@example.com"))
    with pytest.raises(TransientError, match=r"1 of 3 accounts not finished \(south\)"):
        sync(sql=SQL, timing=NEVER_AGAIN)
    assert emails(sandbox, NORTH) == {"p1@example.com"}
    assert emails(sandbox, EAST) == {"p3@example.com"}
    agency.run("DROP TABLE customers")
    assert short(sync(sql=SQL)) == {"read": 3, "created": 3, "accounts": 3}
    assert emails(sandbox, SOUTH) == {"p2@example.com"}


def test_each_account_has_its_own_removal_and_guards(agency: Warehouse, sandbox: SandboxServer) -> None:
    """A row that moves to another account departs from the one; where too many depart, only that account fails."""
    agency.fill(*(row(number, NORTH) for number in range(10)), *(row(number, SOUTH) for number in range(10, 20)))
    removal = RemovalPolicy("tag", removed_tags=("gone",), max_removed=1)
    sync(sql=SQL, removal=removal)
    agency.fill(
        *(row(number, NORTH) for number in range(9)), row(9, SOUTH), *(row(number, SOUTH) for number in range(13, 20))
    )
    with pytest.raises(AirflowFailException, match=r"1 of 2 accounts not finished \(south\)"):
        sync("second", sql=SQL, removal=removal)
    gone = {contact.email for contact in sandbox.service.accounts[NORTH].contacts if "gone" in contact.tags}
    assert gone == {"p9@example.com"}
    assert not [contact for contact in sandbox.service.accounts[SOUTH].contacts if "gone" in contact.tags]


def test_a_dry_run_is_delivered_as_it_was_reviewed(agency: Warehouse, sandbox: SandboxServer) -> None:
    """The review's run names the plan of every account; what the source holds by then is not read."""
    agency.fill(row(1, NORTH), row(2, SOUTH), row(3, None))
    planned = sync(sql=SQL, dry_run=True, max_rejected=1)
    told = {"creates": 2, "calls_needed": 2, "days_needed": 1, "fields.email": 2, "fields.first_name": 2}
    del planned["seconds_needed"]
    assert short(planned) == {"read": 3, "pending": 2, "invalid": 1, "accounts": 2, **told}
    assert not sandbox.journal.upserts
    agency.run("DROP TABLE customers")
    report = sync("second", sql=SQL, reviewed_run=planned["run_id"], max_rejected=1)
    assert short(report) == {"read": 3, "created": 2, "invalid": 1, "accounts": 2}
    assert emails(sandbox, SOUTH) == {"p2@example.com"}


def test_the_plan_of_each_account_is_written(agency: Warehouse, tmp_path: Path) -> None:
    """A table has the account of each row; a file is one account's, and its name says whose."""
    agency.fill(row(1, NORTH), row(2, SOUTH), row(3, SOUTH), row(4, None))
    for run_id, plan_to in (("table", "warehouse:plan"), ("file", str(tmp_path / "plan.csv"))):
        sync(run_id, sql=SQL, dry_run=True, max_rejected=1, plan_to=plan_to)
    with sqlite3.connect(agency.file) as database:
        found = database.execute("SELECT location_id, source_key FROM plan ORDER BY source_key").fetchall()
    assert found == [(NORTH, "1"), (SOUTH, "2"), (SOUTH, "3")]
    files = {each.name: len(each.read_text().splitlines()) for each in tmp_path.glob("*.csv")}
    assert files == {f"plan.{NORTH}.csv": 1 + 1, f"plan.{SOUTH}.csv": 1 + 2}


def test_only_keys_touch_no_other_row(agency: Warehouse, sandbox: SandboxServer) -> None:
    """A key is found in each account that has it; nothing else is sent or departs."""
    agency.fill(row(1, NORTH), row(1, SOUTH), row(2, NORTH))
    assert short(sync(sql=SQL, only_keys=["1"])) == {"read": 2, "created": 2, "accounts": 2}
    with pytest.raises(AirflowFailException, match="names keys that the query did not return: 7"):
        sync("second", sql=SQL, only_keys=["1", "7"])
    assert emails(sandbox, NORTH) == {"p1@example.com"}


def test_what_waits_for_an_account_without_rows_is_delivered(agency: Warehouse, sandbox: SandboxServer) -> None:
    """Rows that a dead run left are sent by the next run, also where its partial read has no row of that account."""
    agency.fill(row(1, NORTH), row(2, SOUTH))
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, email="p2@example.com"))
    with pytest.raises(TransientError):
        sync(sql=SQL, timing=NEVER_AGAIN, incremental=True)
    agency.fill(row(1, NORTH, "Bea"))
    report = sync("second", sql=SQL, incremental=True)
    assert short(report) == {"read": 1, "updated": 1, "created": 1, "carried": 1, "accounts": 2}


def test_the_watermark_waits_for_every_account(agency: Warehouse, sandbox: SandboxServer) -> None:
    """It moves when all accounts are planned and delivered, so that a run that failed in one leaves no gap in it."""
    sql = f"{SQL.split(' ORDER', maxsplit=1)[0]} WHERE first_name >= :since AND first_name < :until"
    agency.fill(row(1, NORTH, "2026-11-01 12:00"), row(2, SOUTH, "2026-11-01 13:00"))
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 3)]
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, path=f"/locations/{SOUTH}/customFields"))
    with pytest.raises(TransientError, match="1 of 2 accounts not finished"):
        sync(sql=sql, incremental=True, since=days[0], as_of=days[1], timing=NEVER_AGAIN)
    agency.run("UPDATE customers SET first_name = '2026-11-01 14:00' WHERE id = 2")
    report = sync("second", sql=sql, incremental=True, since=days[1], as_of=days[2])
    assert report["read"] == 2
    assert sync("third", sql=sql, incremental=True, since=days[1], as_of=days[2])["read"] == 0


def test_the_account_must_be_named_somewhere(agency: Warehouse) -> None:
    """Without a location on the task, on the connection or in the rows, the error says where one can be named."""
    agency.fill(row(1, NORTH))
    with pytest.raises(AirflowFailException, match="return one column location_id"):
        sync()


class TestQuota:
    """Accounts that grant five calls a day each."""

    @pytest.fixture
    def daily(self) -> Quota | None:
        """That quota."""
        return Quota(5, DAY, "fixed")

    def test_only_what_waits_is_deferred(self, agency: Warehouse, sandbox: SandboxServer) -> None:
        """Every account with quota is finished before the task defers; the next day only the rest is delivered."""
        agency.fill(*(row(number, NORTH) for number in range(8)), row(99, SOUTH))
        with pytest.raises(TaskDeferred):
            sync(sql=SQL)
        assert emails(sandbox, SOUTH) == {"p99@example.com"}
        agency.run("DROP TABLE customers")
        sandbox.journal.clear()
        tomorrow(agency, sandbox)
        assert short(sync(sql=SQL)) == {"read": 9, "created": 9, "accounts": 2}
        assert not [call for call in sandbox.journal.writes if call.body and call.body["email"] == "p99@example.com"]
        assert 429 not in sandbox.journal.statuses


def test_lineage_and_events_are_per_account(agency: Warehouse) -> None:
    """OpenLineage has an output for each account, and an alias among the outlets an event with its counts."""
    agency.fill(row(1, NORTH), row(2, SOUTH), row(3, SOUTH))
    alias = AssetAlias("contacts")
    task = operator(sql=SQL, outlets=[alias, Asset(uri=f"leadway://{EAST}/contacts")])
    events = OutletEventAccessors()
    context: Any = {"ti": TaskInstance(), "outlet_events": events}
    task.execute(context)
    told = {each.dest_asset_key.uri: each.extra["created"] for each in events[alias].asset_alias_events}
    assert told == {f"leadway://{NORTH}/contacts": 1, f"leadway://{SOUTH}/contacts": 2}
    assert task.outlets == [alias]
    facets = task.get_openlineage_facets_on_complete(None)
    assert facets is not None
    assert [each.namespace for each in facets.outputs] == [f"leadway://{NORTH}", f"leadway://{SOUTH}"]


def test_a_full_resync_of_all_accounts_can_be_asked_for(agency: Warehouse, sandbox: SandboxServer) -> None:
    """What a person asks on the page for the sync of all accounts, each account's run follows, once."""
    agency.fill(row(1, NORTH), row(2, SOUTH))
    sync(sql=SQL)
    with closing(StateStore.open_file(agency.state)) as store:
        store.syncs().ask_full_resync(store.syncs().ensure(SyncIdentity("customers.sync", sandbox.url, ALL_ACCOUNTS)))
    assert short(sync("second", sql=SQL)) == {"read": 2, "updated": 2, "accounts": 2}
    assert short(sync("third", sql=SQL)) == {"read": 2, "unchanged": 2, "accounts": 2}


def test_a_wrong_token_touches_nothing_of_the_sync(
    agency: Warehouse, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that waits in the outbox is still there for its retry after a task that may not write has failed."""
    agency.fill(row(1, NORTH), row(2, SOUTH))
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, email="p2@example.com"))
    with pytest.raises(TransientError):
        sync(sql=SQL, timing=NEVER_AGAIN)
    right = os.environ["AIRFLOW_CONN_LEADWAY_DEFAULT"]
    wrong = {"conn_type": "leadway", "host": sandbox.url, "password": "wrong"}
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(wrong))
    with pytest.raises(AirflowFailException):
        sync("second", sql=SQL)
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", right)
    agency.run("DROP TABLE customers")
    assert short(sync(sql=SQL)) == {"read": 2, "created": 2, "accounts": 2}
