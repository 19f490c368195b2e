"""Rows that leave the warehouse, over a real state database and an account over HTTP."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.exceptions import UnavailableError
from leadway_provider.policies import ContactRules, GuardPolicy, RemovalPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.faults.instant import ACKNOWLEDGING, at
from tests.operators.people import counted
from tests.operators.task import NEVER_AGAIN, Row, TaskInstance, Warehouse, sync

DELETE = RemovalPolicy("delete", max_removed=100)
TAG = RemovalPolicy("tag", ("left",), max_removed=100)
UNTAG = RemovalPolicy("untag", ("customer",), max_removed=100)
TAGGED: dict[str, Any] = {"sql": "SELECT id, email, first_name, 'Customer' AS tags FROM customers ORDER BY id"}


def people(*numbers: int) -> list[Row]:
    """A row for each number."""
    return [(number, f"p{number}@example.com", f"P{number}", None, None) for number in numbers]


def emails(sandbox: SandboxServer) -> set[str | None]:
    """Who has a contact."""
    found = {contact.email for contact in sandbox.account.contacts}
    assert len(found) == len(sandbox.account)
    return found


def tags(sandbox: SandboxServer) -> dict[str | None, list[str]]:
    """Who has which tags."""
    return {contact.email: contact.tags for contact in sandbox.account.contacts}


def calls(sandbox: SandboxServer) -> list[tuple[str, str]]:
    """Method and path of the calls that change contacts."""
    return [(call.method, call.path) for call in sandbox.journal.calls if call.method != "GET"]


@pytest.fixture
def ten(warehouse: Warehouse, sandbox: SandboxServer) -> Warehouse:
    """A warehouse whose ten people have been synced."""
    warehouse.fill(*people(*range(10)))
    assert counted(sync("set-up", **TAGGED)) == {"created": 10}
    sandbox.journal.clear()
    return warehouse


def test_contacts_of_rows_that_left_are_deleted(ten: Warehouse, sandbox: SandboxServer) -> None:
    """One call each, and none in the next run."""
    ten.fill(*people(*range(2, 10)))
    assert counted(sync("one", removal=DELETE, **TAGGED)) == {"unchanged": 8, "removed": 2}
    assert emails(sandbox) == {f"p{number}@example.com" for number in range(2, 10)}
    assert [method for method, _ in calls(sandbox)] == ["DELETE", "DELETE"]
    sandbox.journal.clear()
    assert counted(sync("two", removal=DELETE, **TAGGED)) == {"unchanged": 8}
    assert calls(sandbox) == []


@pytest.mark.parametrize(
    ("policy", "kind", "left"), [(TAG, "add", ["customer", "left"]), (UNTAG, "remove", [])], ids=["tag", "untag"]
)
def test_contacts_of_rows_that_left_change_their_tags(
    ten: Warehouse, sandbox: SandboxServer, policy: RemovalPolicy, kind: str, left: list[str]
) -> None:
    """All in one call; the others keep theirs."""
    ten.fill(*people(*range(2, 10)))
    assert counted(sync("one", removal=policy, **TAGGED)) == {"unchanged": 8, "removed": 2}
    assert calls(sandbox) == [("POST", f"/contacts/bulk/tags/update/{kind}")]
    found = tags(sandbox)
    assert (found.pop("p0@example.com"), found.pop("p1@example.com")) == (left, left)
    assert all(held == ["customer"] for held in found.values())


@pytest.mark.parametrize("policy", [None, RemovalPolicy()])
def test_nothing_is_removed_unless_asked_for(
    ten: Warehouse, sandbox: SandboxServer, policy: RemovalPolicy | None
) -> None:
    """By default a row that leaves the result leaves its contact as it is."""
    ten.fill(*people(0))
    assert counted(sync("one", removal=policy, **TAGGED)) == {"unchanged": 1}
    assert calls(sandbox) == []


@pytest.mark.parametrize("policy", [DELETE, TAG, UNTAG], ids=["delete", "tag", "untag"])
def test_a_row_that_comes_back_is_a_contact_as_before(
    ten: Warehouse, sandbox: SandboxServer, policy: RemovalPolicy
) -> None:
    """Whatever had been done is undone, and the row may leave again."""
    was = tags(sandbox)
    for _ in range(2):
        ten.fill(*people(*range(2, 10)))
        assert sync("away", removal=policy, **TAGGED)["removed"] == 2
        assert tags(sandbox) != was
        ten.fill(*people(*range(10)))
        assert sync("back", removal=policy, **TAGGED)["unchanged"] == 8
        assert tags(sandbox) == was


@pytest.mark.parametrize(
    ("most", "left", "fails"), [(2, 2, False), (2, 3, True), (0.3, 3, False), (0.3, 4, True), (0.05, 1, True)]
)
def test_more_than_allowed_fail_the_task_before_anything_is_sent(
    ten: Warehouse,
    sandbox: SandboxServer,
    most: float,
    left: int,
    fails: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Neither are contacts removed, nor new rows sent; the message says how many, and which."""
    ten.fill(*people(*range(left, 10), 99))
    policy = RemovalPolicy("delete", max_removed=most)
    if not fails:
        assert counted(sync("one", removal=policy, **TAGGED)) == {"unchanged": 10 - left, "created": 1, "removed": left}
        return
    with pytest.raises(AirflowFailException, match=f"result: {left} of 10 rows .* max_removed is {most},.* keys: 0"):
        sync("one", removal=policy, **TAGGED)
    assert calls(sandbox) == []
    assert len(sandbox.account) == 10
    assert sync("one", removal=DELETE, **TAGGED)["removed"] == left


def test_a_query_without_rows_removes_nothing(
    ten: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Where `min_rows` allows it, it is warned about, and the task succeeds, whatever `max_removed` says."""
    ten.fill()
    for policy in (DELETE, RemovalPolicy("delete", max_removed=0)):
        assert counted(sync("one", removal=policy, guards=GuardPolicy(min_rows=0), **TAGGED)) == {}
    assert "returned no rows at all, so nothing is removed" in caplog.text
    assert calls(sandbox) == []


def test_only_own_contacts_are_touched(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Contacts of others stay as they are; one that the sync came to is tagged, and never deleted."""
    for email in ("p1@example.com", "stranger@example.com"):
        sandbox.account.upsert({"email": email})
    warehouse.fill(*people(1, 2, 3))
    assert counted(sync("one", removal=DELETE)) == {"created": 2, "updated": 1}
    warehouse.fill(*people(3))
    assert counted(sync("two", removal=DELETE)) == {"unchanged": 1, "removed": 1}
    assert emails(sandbox) == {"p1@example.com", "stranger@example.com", "p3@example.com"}
    assert counted(sync("three", removal=TAG)) == {"unchanged": 1, "removed": 1}
    assert tags(sandbox) == {"p1@example.com": ["left"], "stranger@example.com": [], "p3@example.com": []}


@pytest.mark.parametrize("rule", ["separate", "invalid", "send"])
@pytest.mark.parametrize("policy", [DELETE, TAG], ids=["delete", "tag"])
def test_a_contact_that_another_row_stands_on_is_left_alone(
    warehouse: Warehouse, sandbox: SandboxServer, policy: RemovalPolicy, rule: Any
) -> None:
    """Of two rows with one e-mail the first leaves: the second has the contact, until it leaves too."""
    arguments: dict[str, Any] = {
        "rules": ContactRules(on_shared_identity=rule),
        "removal": policy,
        "max_rejected": 1,
    }
    twin: Row = (2, "p1@example.com", "Twin", None, None)
    warehouse.fill(*people(1), twin, *people(3))
    sync("one", **arguments)
    assert len(sandbox.account) == 2
    warehouse.fill(twin, *people(3))
    assert sync("two", **arguments)["removed"] == 1
    assert sandbox.account.contacts[0].first_name == "Twin"
    assert tags(sandbox) == {"p1@example.com": [], "p3@example.com": []}
    warehouse.fill(*people(3))
    assert sync("three", **arguments)["removed"] == 1
    left = {} if policy is DELETE else {"p1@example.com": ["left"]}
    assert tags(sandbox) == {**left, "p3@example.com": []}


def test_a_key_that_changes_keeps_its_contact(ten: Warehouse, sandbox: SandboxServer) -> None:
    """The same person under another key is no row that left; later the contact is known to be of this sync's making."""
    ten.run("UPDATE customers SET id = 77 WHERE id = 7")
    before = [contact.id for contact in sandbox.account.contacts]
    report = sync("one", removal=DELETE, **TAGGED)
    assert (report["updated"], report["removed"], report["unchanged"]) == (1, 1, 9)
    assert [contact.id for contact in sandbox.account.contacts] == before
    ten.run("DELETE FROM customers WHERE id = 77")
    assert counted(sync("two", removal=DELETE, **TAGGED)) == {"unchanged": 9, "removed": 1}
    assert "p7@example.com" not in emails(sandbox)


def test_upserts_come_first(ten: Warehouse, sandbox: SandboxServer) -> None:
    """No contact is removed before every other row is delivered."""
    ten.fill(*people(*range(2, 10), 20, 21))
    sync("one", removal=DELETE, **TAGGED)
    assert [method for method, path in calls(sandbox) if "tags" not in path] == ["POST", "POST", "DELETE", "DELETE"]


def test_a_failed_upsert_holds_removals_back(ten: Warehouse, sandbox: SandboxServer) -> None:
    """The attempt fails without a deletion, and the retry first delivers what was left."""
    ten.fill(*people(*range(2, 10), 20, 21))
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, email="p20@example.com"))
    with pytest.raises(UnavailableError):
        sync("one", timing=NEVER_AGAIN, removal=DELETE, **TAGGED)
    assert not [method for method, _ in calls(sandbox) if method == "DELETE"]
    assert counted(sync("one", removal=DELETE, **TAGGED)) == {"unchanged": 8, "created": 2, "removed": 2}


def test_a_crash_in_the_middle_costs_nothing(ten: Warehouse, sandbox: SandboxServer) -> None:
    """Killed after calls that were not acknowledged: the retry does the rest, without looking at the source."""
    ten.fill(*people(8, 9))

    def kill(_: object) -> None:
        raise KeyboardInterrupt

    with at(ACKNOWLEDGING, kill, after=1), pytest.raises(KeyboardInterrupt):
        sync("one", removal=DELETE, max_in_flight=2, **TAGGED)
    assert len(sandbox.account) == 6
    ten.fill()
    assert counted(sync("one", removal=DELETE, max_in_flight=2, **TAGGED)) == {"unchanged": 2, "removed": 8}
    assert emails(sandbox) == {"p8@example.com", "p9@example.com"}
    assert len(calls(sandbox)) == 8 + 2


def test_another_run_finds_anew_who_left(ten: Warehouse, sandbox: SandboxServer) -> None:
    """What an unfinished run had noted is not held against a row that has come back."""
    ten.fill(*people(*range(3, 10)))
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, method="DELETE", times=None))
    with pytest.raises(AirflowFailException, match="leadway_default"):
        sync("one", removal=DELETE, **TAGGED)
    sandbox.faults.clear()
    ten.fill(*people(*range(1, 10)))
    assert counted(sync("two", removal=DELETE, **TAGGED)) == {"unchanged": 7, "updated": 2, "removed": 1}
    assert len(sandbox.account) == 9


def test_an_account_out_of_reach_leaves_the_rest_for_the_retry(ten: Warehouse, sandbox: SandboxServer) -> None:
    """A lost answer may mean that the contact is gone; the retry finds it so and counts it once."""
    ten.fill(*people(*range(3, 10)))
    sandbox.faults.add(Fault(FaultKind.CLOSE, method="DELETE", written=True))
    with pytest.raises(UnavailableError):
        sync("one", timing=NEVER_AGAIN, removal=DELETE, **TAGGED)
    assert counted(sync("one", removal=DELETE, **TAGGED)) == {"unchanged": 7, "removed": 3}
    assert len(sandbox.account) == 7


@pytest.mark.parametrize("policy", [DELETE, TAG], ids=["delete", "tag"])
def test_a_contact_that_somebody_else_deleted_counts_as_removed(
    ten: Warehouse, sandbox: SandboxServer, policy: RemovalPolicy
) -> None:
    """There is nothing left to do for it, and the next run does not try."""
    sandbox.account.delete(sandbox.account.contacts[0].id)
    ten.fill(*people(*range(2, 10)))
    assert counted(sync("one", removal=policy, **TAGGED)) == {"unchanged": 8, "removed": 2}
    sandbox.journal.clear()
    assert counted(sync("two", removal=policy, **TAGGED)) == {"unchanged": 8}
    assert calls(sandbox) == []


def test_a_refused_removal_fails_the_task_and_is_tried_again(
    ten: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """It counts as rejected, with key and reason; every other contact is removed."""
    sandbox.faults.add(Fault(FaultKind.UNPROCESSABLE, method="DELETE"))
    ten.fill(*people(*range(2, 10)))
    ti = TaskInstance(run_id="one")
    with pytest.raises(AirflowFailException, match="1 departed, whose contact the API refused"):
        sync(ti=ti, removal=DELETE, max_in_flight=1, **TAGGED)
    assert "Rejected: key 0 (unremoved): Unprocessable Entity" in caplog.text
    assert counted(ti.pushed["return_value"]) == {"unchanged": 8, "removed": 1, "unremoved": 1}
    assert counted(sync("two", removal=DELETE, **TAGGED)) == {"unchanged": 8, "removed": 1}
    assert len(sandbox.account) == 8


def test_dry_run_tells_who_left_and_removes_nothing(
    ten: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says how many would be removed; the run after it removes them."""
    caplog.set_level(logging.INFO)
    ten.fill(*people(*range(2, 10)))
    assert counted(sync("dry", removal=DELETE, dry_run=True, **TAGGED)) == {"unchanged": 8}
    assert "Departed: 2 rows with a contact; on_removed is 'delete'" in caplog.text
    assert calls(sandbox) == []
    assert counted(sync("real", removal=DELETE, **TAGGED)) == {"unchanged": 8, "removed": 2}


def test_another_policy_plans_anew(ten: Warehouse, sandbox: SandboxServer) -> None:
    """A retry that asks for something else does not go on with what was asked before."""
    ten.fill(*people(*range(2, 10)))
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, method="DELETE", times=None))
    with pytest.raises(AirflowFailException):
        sync("one", removal=DELETE, **TAGGED)
    sandbox.journal.clear()
    assert counted(sync("one", **TAGGED)) == {"unchanged": 8}
    assert calls(sandbox) == []
