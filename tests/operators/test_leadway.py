"""The operator over a real warehouse, a real state database and an account over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException

from leadway_provider.clock import Clock
from leadway_provider.exceptions import ConfigurationError, SourceUnavailableError, UnavailableError
from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.operators.timing import Timing
from leadway_provider.policies import GuardPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import NEVER_AGAIN, SQL, Row, TaskInstance, Warehouse, operator, sync

ANN: Row = (1, "ann@example.com", "Ann", "+12025550101", "US")
BOB: Row = (2, "bob@example.com", "Bob", "+12025550102", "US")
EVE: Row = (3, "eve@example.com", "Eve", None, None)
NO_AT: Row = (4, "nobody at example", "Nat", None, None)
OUTCOMES = ("unchanged", "invalid", "superseded", "skipped", "created", "updated", "refused", "unknown", "pending")
REMARKS = ("withheld", "not_kept", "collisions", "identity_taken", "edited_in_crm", "adopted", "drifted", "missing")
LEFT = ("removed", "unremoved")


def outcomes(report: dict[str, Any]) -> dict[str, int]:
    """The outcomes of a report that are not zero, which add up to what was read and carried."""
    assert report["read"] + report["carried"] == sum(report[name] for name in OUTCOMES)
    return {name: report[name] for name in OUTCOMES if report[name]}


def test_rows_become_contacts(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A first run creates every contact with what its columns hold, and reports counts without any contact's data."""
    warehouse.fill(ANN, BOB, EVE)
    report = sync()
    assert outcomes(report) == {"created": 3}
    assert report["calls"] == 4  # one for set-up
    assert {contact.email for contact in sandbox.account.contacts} == {str(row[1]) for row in (ANN, BOB, EVE)}
    assert set(report) == {"read", "carried", *OUTCOMES, *REMARKS, *LEFT, "calls", "seconds", "run_id"}
    assert "ann" not in json.dumps(report)


def test_a_second_run_without_changes_makes_only_the_call_for_set_up(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """What the account acknowledged is not sent again."""
    warehouse.fill(ANN, BOB, EVE)
    sync("first")
    sandbox.journal.clear()
    assert outcomes(sync("second")) == {"unchanged": 3}
    assert [(call.method, call.path) for call in sandbox.journal.calls] == [
        ("GET", "/locations/sandbox-location/customFields")
    ]


def test_one_changed_row_is_one_call(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Only the row that changed is sent, to its contact."""
    warehouse.fill(ANN, BOB, EVE)
    sync("first")
    sandbox.journal.clear()
    warehouse.run("UPDATE customers SET first_name = 'Robert' WHERE id = 2")
    assert outcomes(sync("second")) == {"unchanged": 2, "updated": 1}
    bob = sandbox.account.holder("email", "bob@example.com")
    assert bob
    assert [(call.method, call.path) for call in sandbox.journal.writes] == [("PUT", f"/contacts/{bob.id}")]
    assert bob.first_name == "Robert"


def test_a_changed_mapping_sends_everything_again(warehouse: Warehouse) -> None:
    """The same rows mean something else under another mapping."""
    warehouse.fill(ANN, BOB)
    sync("first")
    assert outcomes(sync("second", mapping={"first_name": "last_name"})) == {"updated": 2}


def test_another_account_shares_no_state(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The same sync to another location sends everything to that one."""
    warehouse.fill(ANN)
    sync("first")
    with pytest.raises(AirflowFailException, match="another-location"):
        sync("second", location_id="another-location")
    assert outcomes(sync("third")) == {"unchanged": 1}
    assert len(sandbox.account.contacts) == 1


def test_rejected_rows_fail_the_task_after_the_good_ones_are_delivered(warehouse: Warehouse) -> None:
    """The task fails for good, names the count and where the reasons are, and the counts are pushed all the same."""
    warehouse.fill(ANN, NO_AT, BOB)
    ti = TaskInstance()
    with pytest.raises(
        AirflowFailException, match=r"1 of 3 rows rejected .* max_rejected is 0\..*`leadway rejected"
    ) as caught:
        sync(ti=ti)
    assert "nobody at example" not in str(caught.value)
    assert outcomes(ti.pushed["return_value"]) == {"created": 2, "invalid": 1}


@pytest.mark.parametrize(("allowed", "fails"), [(0, True), (1, False), (0.3, True), (0.4, False)])
def test_rejected_rows_are_allowed_by_number_or_by_share(
    warehouse: Warehouse,
    allowed: float,
    fails: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A whole number counts rows; below 1 it is a share of the rows read."""
    warehouse.fill(ANN, NO_AT, BOB)
    if fails:
        with pytest.raises(AirflowFailException):
            sync(max_rejected=allowed)
    else:
        assert outcomes(sync(max_rejected=allowed)) == {"created": 2, "invalid": 1}


def test_a_rejected_row_is_tried_again_when_it_is_put_right(warehouse: Warehouse) -> None:
    """It stays unsent until then, and is not taken for unchanged."""
    warehouse.fill(ANN, NO_AT)
    sync("first", max_rejected=1)
    assert outcomes(sync("second", max_rejected=1)) == {"unchanged": 1, "invalid": 1}
    warehouse.fill(ANN, (4, "nat@example.com", "Nat", None, None))
    assert outcomes(sync("third")) == {"unchanged": 1, "created": 1}


def test_a_bad_value_beside_a_good_email_is_withheld(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """An impossible phone and an unknown country are left out, counted, and the row is sent without them."""
    warehouse.fill((1, "ann@example.com", "Ann", "12", "Atlantis"))
    report = sync()
    assert (outcomes(report), report["withheld"]) == ({"created": 1}, 1)
    sent = sandbox.journal.upserts[0].body
    assert sent == {"email": "ann@example.com", "firstName": "Ann", "locationId": "sandbox-location"}


def test_strict_makes_such_a_row_invalid(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """With strict=True a row is sent whole or not at all."""
    warehouse.fill((1, "ann@example.com", "Ann", "12", "US"))
    assert outcomes(sync(strict=True, max_rejected=1)) == {"invalid": 1}
    assert not sandbox.journal.writes


def test_a_null_key_is_invalid_and_repeated_keys_are_superseded(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Of rows with one key the last wins; a row without a key is invalid and named by its number."""
    warehouse.fill((None, "nul@example.com", "Nul", None, None), ANN, (1, "ann@example.com", "Anna", None, None))
    ti = TaskInstance()
    with pytest.raises(AirflowFailException, match="1 of 3 rows rejected"):
        sync(
            ti=ti,
            sql="SELECT id, email, first_name FROM customers ORDER BY rowid",
            guards=GuardPolicy(max_repeated=1),
        )
    assert "Rejected: row 1 of the result (invalid): The key (id) is null" in caplog.text
    assert outcomes(ti.pushed["return_value"]) == {"invalid": 1, "superseded": 1, "created": 1}
    assert [contact.email for contact in sandbox.account.contacts] == ["ann@example.com"]


def test_a_row_the_api_refuses_is_refused_with_its_reasons(
    warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The CRM's no is an outcome with its reasons, and the others are delivered."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, email="bob@example.com"))
    warehouse.fill(ANN, BOB, EVE)
    ti = TaskInstance()
    with pytest.raises(AirflowFailException, match="1 refused by the API"):
        sync(ti=ti)
    assert "Rejected: key 2 (refused): Unprocessable Entity" in caplog.text
    assert outcomes(ti.pushed["return_value"]) == {"created": 2, "refused": 1}


def test_dry_run_says_what_would_be_sent_and_sends_nothing(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A dry run plans only; the run after it finds everything to do."""
    warehouse.fill(ANN, BOB, NO_AT)
    assert outcomes(sync("dry", dry_run=True, max_rejected=1)) == {"pending": 2, "invalid": 1}
    assert not sandbox.journal.writes
    assert outcomes(sync("real", max_rejected=1)) == {"created": 2, "invalid": 1}


def test_a_retry_goes_on_with_the_outbox(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """After a failure in delivery, the next attempt sends only what is left, and its report covers all attempts."""
    warehouse.fill(ANN, BOB, EVE)
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, email="eve@example.com"))
    with pytest.raises(AirflowFailException, match="leadway_default"):
        sync("one", max_in_flight=1)
    warehouse.fill()  # the retry does not read the warehouse
    report = sync("one", max_in_flight=1)
    assert outcomes(report) == {"created": 3}
    assert len(sandbox.journal.upserts) == 4
    assert report["calls"] == 6  # each attempt proves its token


def test_another_run_plans_anew_what_was_left(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The outbox of an unfinished run is not another run's: that one reads the warehouse as it is now."""
    warehouse.fill(ANN, BOB)
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, email="bob@example.com"))
    with pytest.raises(AirflowFailException):
        sync("one", max_in_flight=1)
    warehouse.fill(ANN, (2, "bob@example.org", "Bob", None, None))

    # Bob may have been created by the call that failed, so the second run looks for him until a minute has passed.
    ahead = timedelta()

    async def skip(seconds: float) -> None:
        nonlocal ahead
        ahead += timedelta(seconds=seconds)

    clock = Clock(now=lambda: datetime.now(UTC) + ahead, sleep=skip)
    report = sync("two", timing=Timing(clock=clock))
    assert ahead > timedelta(seconds=59)
    assert outcomes(report) == {"unchanged": 1, "created": 1}
    assert {contact.email for contact in sandbox.account.contacts} == {"ann@example.com", "bob@example.org"}


def test_an_account_out_of_reach_leaves_everything_pending(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """An unreachable API is a failure that a retry may cure, so Airflow is not told to give up."""
    warehouse.fill(ANN)
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, path="/contacts/upsert"))
    with pytest.raises(UnavailableError):
        sync("one", timing=NEVER_AGAIN)
    assert outcomes(sync("one")) == {"created": 1}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            {"sql": "SELECT id, email, first_name AS frist_name FROM customers"},
            "first_name",
        ),
        ({"key": "customer_id"}, "customer_id"),
        ({"sql": "SELECT id, email, email FROM customers"}, "email"),
        ({"sql": "UPDATE customers SET email = NULL"}, "warehouse"),
        ({"sql": "SELECT id, email FROM customer"}, "customer"),
        ({"sql": "SELECT id, email FROM customers WHERE id = :wanted", "parameters": {"other": 1}}, "wanted"),
        ({"mapping": {"nickname": "first_name"}}, "nickname"),
        ({"sql": "SELECT id, email, phone AS 'custom.Shoe size' FROM customers"}, "Shoe size"),
        ({"location_id": "elsewhere"}, "elsewhere"),
    ],
)
def test_bad_input_is_an_error_before_anything_is_sent(
    warehouse: Warehouse, sandbox: SandboxServer, arguments: dict[str, Any], says: str
) -> None:
    """Whatever a person must put right is named, without a retry, and no contact is touched."""
    warehouse.fill(ANN)
    with pytest.raises(AirflowFailException, match=says):
        sync(**arguments)
    assert not sandbox.journal.writes
    assert len(sandbox.account.contacts) == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"password": "wrong-token"}, "leadway_default"),
        ({"password": None}, "password"),
        ({"extra": {}}, "location_id"),
        ({"extra": {"location_id": "sandbox-location", "quota_requests": 0}}, "quota_requests"),
        ({"extra": {"location_id": "sandbox-location", "quota_seconds": "often"}}, "quota_seconds"),
    ],
)
def test_a_connection_that_can_not_work_is_an_error_before_anything_is_sent(
    warehouse: Warehouse,
    sandbox: SandboxServer,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
    says: str,
) -> None:
    """Wrong token, no location, bad quota values: named, without the token, and no contact is touched."""
    warehouse.fill(ANN)
    connection = {
        "conn_type": "leadway",
        "host": sandbox.url,
        "password": "sandbox-token",
        "extra": {"location_id": "sandbox-location"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(connection | change))
    with pytest.raises(AirflowFailException, match=says) as caught:
        sync()
    assert "wrong-token" not in str(caught.value)
    assert not sandbox.journal.writes


def test_an_unreachable_warehouse_may_be_reached_by_the_retry(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's absence is named by its connection, and is worth a retry."""
    warehouse.fill(ANN)
    nowhere = {"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "schema": "none", "login": "nobody"}
    monkeypatch.setenv("AIRFLOW_CONN_NOWHERE", json.dumps(nowhere))
    with pytest.raises(SourceUnavailableError, match="nowhere"):
        sync(sql_conn_id="nowhere")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"max_in_flight": 0}, "max_in_flight"),
        ({"max_rejected": -1}, "max_rejected"),
        ({"max_rejected": 1.5}, "max_rejected of task sync is 1.5"),
        ({"max_rejected": 1.0}, "max_rejected of task sync is 1.0"),
        ({"max_rejected": True}, "max_rejected"),
        ({"dry_run": "maybe"}, "dry_run of task sync is 'maybe'; it can be true or false"),
        ({"only_keys": []}, "only_keys"),
        ({"guards": {"max_knew": 1}}, "guards of task sync.*max_new, max_changed, min_rows, max_repeated"),
        ({"ledger_days": 0}, "ledger_days"),
        ({"mapping": {"a": "frist_name"}}, "first_name"),
    ],
)
def test_bad_arguments_fail_while_the_dag_is_parsed(arguments: dict[str, Any], says: str) -> None:
    """What needs no connection is checked before anything runs."""
    with pytest.raises(ConfigurationError, match=says):
        LeadwayUpsertContactsOperator(task_id="sync", sql=SQL, sql_conn_id="warehouse", key="id", **arguments)


def test_tags_cost_far_less_than_a_call_a_contact(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Forty new contacts with two tags each get them in a few bulk calls; the next run makes none."""
    warehouse.fill(*((number, f"p{number}@example.com", None, None, None) for number in range(1, 41)))
    tagged: dict[str, Any] = {"sql": "SELECT id, email, 'VIP, New' AS tags FROM customers"}
    assert outcomes(sync("first", **tagged)) == {"created": 40}
    assert all(set(contact.tags) == {"vip", "new"} for contact in sandbox.account.contacts)
    calls = [call.path for call in sandbox.journal.calls if "tags" in call.path]
    assert 0 < len(calls) <= 10
    sandbox.journal.clear()
    assert outcomes(sync("second", **tagged)) == {"unchanged": 40}
    assert len(sandbox.journal.calls) == 1


def test_a_shared_phone_passes_on_when_its_holder_gives_it_up(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Two people with one phone stay two contacts; when the one who held it changes, the other gets it in that run."""
    shared = (2, "bob@example.com", "Bob", "+12025550101", "US")
    warehouse.fill(ANN, shared)
    report = sync("first")
    assert (outcomes(report), report["withheld"], report["collisions"]) == ({"created": 2}, 1, 0)
    assert outcomes(sync("second")) == {"unchanged": 2}
    warehouse.fill((1, "ann@example.com", "Ann", "+12025550199", "US"), shared)
    report = sync("third")
    assert (outcomes(report), report["withheld"], report["not_kept"]) == ({"updated": 2}, 0, 0)
    assert {contact.email: contact.phone for contact in sandbox.account.contacts} == {
        "ann@example.com": "+12025550199",
        "bob@example.com": "+12025550101",
    }


def test_the_query_may_be_a_file(tmp_path: Path) -> None:
    """A `.sql` file of the DAG's template path is read in place of its name."""
    (tmp_path / "customers.sql").write_text(SQL)
    with DAG("customers", schedule=None, template_searchpath=str(tmp_path)):
        task = LeadwayUpsertContactsOperator(task_id="sync", sql="customers.sql", sql_conn_id="warehouse", key="id")
    task.resolve_template_files()
    assert task.sql == SQL


def test_what_was_reviewed_is_what_is_delivered(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A dry run's plan goes out as it is, whatever the source says by then; once, and not after another run."""
    warehouse.fill(ANN, BOB, NO_AT)
    dry = sync("plan", dry_run=True, sync_name="people", max_rejected=1)
    warehouse.fill((1, "ann@example.com", "Later", None, None), EVE)
    deliver = {"reviewed_run": dry["run_id"], "sync_name": "people", "max_rejected": 1}
    report = sync("deliver", **deliver)
    assert outcomes(report) == {"created": 2, "invalid": 1}
    assert report["run_id"] == dry["run_id"]
    assert {contact.first_name for contact in sandbox.account.contacts} == {ANN[2], BOB[2]}
    with pytest.raises(AirflowFailException, match="Plan and review anew"):
        sync("deliver again", **deliver)
    overtaken = sync("plan", dry_run=True, sync_name="people")
    sync("plain", sync_name="people")
    with pytest.raises(AirflowFailException, match="another run of the sync has begun"):
        sync("too late", **deliver | {"reviewed_run": overtaken["run_id"]})


def test_one_task_does_not_plan_and_deliver_a_plan() -> None:
    """dry_run and reviewed_run exclude each other, which is seen while the DAG is parsed."""
    with pytest.raises(ConfigurationError, match="dry_run and reviewed_run"):
        operator(dry_run=True, reviewed_run="1")
