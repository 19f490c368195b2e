"""ContactRules(write=…), through the operator: over a real state database and an account over HTTP."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.clock import SYSTEM_CLOCK, utc_now
from leadway_provider.exceptions import MappingError
from leadway_provider.operators.timing import Timing
from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import Warehouse, operator, sync

LATER: Final = Timing(clock=replace(SYSTEM_CLOCK, now=lambda: utc_now() + timedelta(hours=1)))
"""So long after the last write that the search shows it."""
MUCH_LATER: Final = Timing(clock=replace(SYSTEM_CLOCK, now=lambda: utc_now() + timedelta(hours=2)))
SQL: Final = "SELECT id, email, first_name, country AS source, country AS city FROM customers ORDER BY id"
RULES: Final = ContactRules(write={"source": "once", "city": "if_empty"})
GET, PUT, LOOK_UP, UPSERT = "GET", "PUT", "GET duplicate", "POST"


def row(number: int, name: str, where: str | None) -> tuple[Any, ...]:
    """A row whose source and city are the same text."""
    return (number, f"p{number}@example.com", name, None, where)


def run(run_id: str, **arguments: Any) -> dict[str, Any]:
    """Run the sync with both policies."""
    return sync(run_id, **{"sql": SQL, "rules": RULES, **arguments})


def add(sandbox: SandboxServer, number: int, **fields: str) -> str:
    """Add the contact of a person by hand, and return its id."""
    return sandbox.account.upsert({"email": f"p{number}@example.com", "firstName": "Old", **fields})[1].id


def held(sandbox: SandboxServer) -> list[tuple[object, ...]]:
    """First name, source and city of all contacts, the oldest first."""
    return [
        tuple(each.fields.get(name) for name in ("firstName", "source", "city")) for each in sandbox.account.contacts
    ]


def calls(sandbox: SandboxServer) -> list[str]:
    """The calls about contacts since this was asked last, without the search of the whole account."""
    found = [
        "GET duplicate" if call.path.endswith("/duplicate") else call.method
        for call in sandbox.journal.calls
        if call.path.startswith("/contacts/") and call.path != "/contacts/search"
    ]
    sandbox.journal.clear()
    return found


def test_a_new_contact_gets_all_fields_and_keeps_what_policies_leave_to_the_crm(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """Later values are not written: `once` never, and `if_empty` as long as the contact has something."""
    warehouse.fill(row(1, "Ann", "web"))
    assert run("first")["created"] == 1
    assert held(sandbox) == [("Ann", "web", "web")]
    assert calls(sandbox) == [LOOK_UP, UPSERT]

    warehouse.fill(row(1, "Anna", "shop"))
    report = run("second")
    assert (report["updated"], report["not_kept"]) == (1, 0)
    assert held(sandbox) == [("Anna", "web", "web")]
    assert calls(sandbox) == [GET, PUT]


def test_a_value_that_is_left_to_the_crm_makes_no_row_changed(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Another value of such a field costs no call, and a full resync does not write it either."""
    warehouse.fill(row(1, "Ann", "web"))
    run("first")
    calls(sandbox)
    warehouse.fill(row(1, "Ann", "shop"))
    assert run("second")["unchanged"] == 1
    assert calls(sandbox) == []
    assert run("third", full_resync=True)["updated"] == 1
    assert held(sandbox) == [("Ann", "web", "web")]


def test_a_contact_that_was_there_gets_what_it_has_not_and_no_first_values(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """It is looked up before: an upsert would not tell in time who made the contact."""
    add(sandbox, 1, source="by hand")
    add(sandbox, 2, city="Bern")
    warehouse.fill(row(1, "Ann", "web"), row(2, "Bob", "web"), row(3, "Cleo", "web"))
    report = run("first")
    assert (report["created"], report["updated"], report["not_kept"]) == (1, 2, 0)
    assert held(sandbox) == [("Ann", "by hand", "web"), ("Bob", None, "Bern"), ("Cleo", "web", "web")]
    assert sorted(calls(sandbox)) == sorted([LOOK_UP, GET, UPSERT, LOOK_UP, GET, UPSERT, LOOK_UP, UPSERT])


def test_a_field_that_a_person_has_cleared_is_filled_when_the_row_is_sent(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """Not before: the clearing alone is not seen without a comparison."""
    warehouse.fill(row(1, "Ann", "web"))
    run("first")
    [contact] = sandbox.account.contacts
    sandbox.account.update(contact.id, {"city": "", "source": ""})
    assert run("second")["unchanged"] == 1
    warehouse.fill(row(1, "Anna", "shop"))
    run("third")
    assert [each[2] for each in held(sandbox)] == ["shop"]
    assert held(sandbox)[0][1] != "shop"


def test_a_comparison_finds_no_difference_in_what_is_left_to_the_crm(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """Contacts are adopted, hand-made values are no drift, and what was verified has the same hash."""
    add(sandbox, 1, source="by hand", city="Bern")
    warehouse.fill(row(1, "Old", "web"))
    first = run("first", compare="account", timing=LATER)
    assert (first["adopted"], first["unchanged"], first["pending"]) == (1, 1, 0)
    [contact] = sandbox.account.contacts
    sandbox.account.update(contact.id, {"source": "edited", "city": "Basel"})
    warehouse.fill(row(1, "Old", "shop"))
    calls(sandbox)
    second = run("second", compare="account", timing=LATER)
    assert (second["unchanged"], second["drifted"]) == (1, 0)
    assert second["verified_hash"] == first["verified_hash"]
    assert calls(sandbox) == []


def test_a_comparison_fills_what_the_crm_does_not_hold(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The field counts as drifted; one look-up before the update makes sure that nobody has filled it since."""
    add(sandbox, 9, city="Bern")  # so that the search is known to return the field
    warehouse.fill(row(1, "Ann", "web"))
    run("first")
    [_, contact] = sandbox.account.contacts
    sandbox.account.update(contact.id, {"city": "", "source": "edited"})
    calls(sandbox)
    report = run("second", compare="account", timing=LATER)
    assert (report["updated"], report["drifted"], report["drifted.city"]) == (1, 1, 1)
    assert held(sandbox)[1] == ("Ann", "edited", "web")
    assert calls(sandbox) == [GET, PUT]
    sandbox.account.update(contact.id, {"firstName": "Edited"})
    assert run("third", compare="account", timing=MUCH_LATER)["drifted.first_name"] == 1
    assert calls(sandbox) == [PUT]


def test_a_contact_that_is_made_again_gets_the_first_values_again(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Its contact was deleted by hand, so that this sync makes another one."""
    warehouse.fill(row(1, "Ann", "web"))
    run("first")
    [contact] = sandbox.account.contacts
    sandbox.account.delete(contact.id)
    warehouse.fill(row(1, "Anna", "shop"))
    assert run("second")["created"] == 1
    assert held(sandbox) == [("Anna", "shop", "shop")]


def test_update_only_never_writes_first_values(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """It makes no contact."""
    add(sandbox, 1)
    warehouse.fill(row(1, "Ann", "web"))
    assert run("first", on_match="update_only")["updated"] == 1
    assert held(sandbox) == [("Ann", None, "web")]


def test_a_dry_run_counts_the_look_ups(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """At most two for a contact that is not known, and one for a known one with a field that is filled if empty."""
    add(sandbox, 1)
    warehouse.fill(row(1, "Ann", "web"))
    assert run("dry", dry_run=True)["calls_needed"] == 3
    calls(sandbox)
    run("first")
    assert len(calls(sandbox)) == 3
    warehouse.fill(row(1, "Anna", "web"))
    report = run("dry again", dry_run=True)
    assert (report["calls_needed"], report.get("fields.source", 0), report["fields.city"]) == (2, 0, 1)


def test_the_ledger_does_not_have_what_was_left_out(warehouse: Warehouse) -> None:
    """Only fields that the call has sent are among the fields of the delivery."""
    warehouse.fill(row(1, "Ann", "web"))
    run("first")
    warehouse.fill(row(1, "Anna", "web"))
    run("second")
    with sqlite3.connect(warehouse.state) as database:
        found = [int(sent, 16).bit_count() for (sent,) in database.execute("SELECT fields FROM leadway_delivery")]
    assert found == [4, 2]


def test_policies_can_be_given_later(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """As with any rule, each row is sent once more, without what is left to the CRM."""
    warehouse.fill(row(1, "Ann", "web"))
    run("first", rules=ContactRules())
    [contact] = sandbox.account.contacts
    sandbox.account.update(contact.id, {"source": "by hand", "city": "Bern"})
    assert run("second")["updated"] == 1
    assert held(sandbox) == [("Ann", "by hand", "Bern")]
    assert run("third")["unchanged"] == 1
    assert run("fourth", rules=ContactRules())["updated"] == 1
    assert held(sandbox) == [("Ann", "web", "web")]


def test_wrong_targets_are_found_while_the_dag_is_parsed_and_unmapped_ones_before_anything_is_sent(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """Each error names the target and the nearest one."""
    with pytest.raises(MappingError, match="Task sync: write names an unknown target: 'sorce' is not"):
        operator(rules=ContactRules(write={"sorce": "once"}))
    warehouse.fill(row(1, "Ann", "web"))
    with pytest.raises(AirflowFailException, match="write names 'state', which no column and no constant fills"):
        run("first", rules=ContactRules(write={"state": "once"}))
    assert not sandbox.account.contacts
