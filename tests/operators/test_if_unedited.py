"""ContactRules(write={…: "if_unedited"}), through the operator: people edit contacts by hand between the runs."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final

from leadway_provider.cli import main
from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import Warehouse, sync
from tests.operators.test_write_policy import GET, LATER, LOOK_UP, MUCH_LATER, PUT, UPSERT, calls, row

SQL: Final = "SELECT id, email, first_name, country AS city FROM customers ORDER BY id"
RULES: Final = ContactRules(write={"first_name": "if_unedited"})
ALWAYS: Final = ContactRules()


def run(run_id: str, **arguments: Any) -> dict[str, Any]:
    """Run the sync, whose first names are written unless somebody has edited them."""
    return sync(run_id, **{"sql": SQL, "rules": RULES, **arguments})


def edit(sandbox: SandboxServer, place: int = 0, **fields: Any) -> None:
    """Change a contact as a person does, the oldest one unless told otherwise."""
    sandbox.account.update(list(sandbox.account.contacts)[place].id, fields)


def names(sandbox: SandboxServer) -> list[object]:
    """First names of all contacts, the oldest first."""
    return [each.first_name for each in sandbox.account.contacts]


def kept(warehouse: Warehouse) -> list[int]:
    """How many bytes are kept for each row, where anything is."""
    with sqlite3.connect(warehouse.state) as database:
        found = database.execute("SELECT length(acknowledged_values) FROM leadway_row ORDER BY id")
        return [length for (length,) in found if length is not None]


def test_the_last_value_of_the_sync_is_overwritten_and_that_of_a_person_is_not(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """Other fields of the row are written; the look-up is one call, and what is held back makes no row changed."""
    warehouse.fill(row(1, "Ann", "Bern"))
    assert run("first")["created"] == 1
    assert calls(sandbox) == [LOOK_UP, UPSERT]

    warehouse.fill(row(1, "Anna", "Bern"))
    assert (report := run("second"))["updated"] == 1
    assert (names(sandbox), report["edited_in_crm"]) == (["Anna"], 0)
    assert calls(sandbox) == [GET, PUT]

    edit(sandbox, firstName="Annie")
    warehouse.fill(row(1, "Anne", "Basel"))
    report = run("third")
    assert (report["updated"], report["edited_in_crm"], report["not_kept"]) == (1, 1, 0)
    assert [(each.first_name, each.fields["city"]) for each in sandbox.account.contacts] == [("Annie", "Basel")]
    assert calls(sandbox) == [GET, PUT]

    assert run("fourth")["unchanged"] == 1
    assert calls(sandbox) == []


def test_an_edit_is_kept_however_often_the_source_changes(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A value that was held back is not taken for one of the sync; each change of the source is tried again."""
    warehouse.fill(row(1, "Ann", None))
    run("first")
    edit(sandbox, firstName="Annie")
    for number in (2, 3, 4):
        warehouse.fill(row(1, f"Ann {number}", None))
        assert run(f"run {number}")["edited_in_crm"] == 1
        assert names(sandbox) == ["Annie"]
    edit(sandbox, firstName="ann")  # what the sync wrote last: the CRM compares names without case
    warehouse.fill(row(1, "Ann 5", None))
    assert run("undone")["edited_in_crm"] == 0
    assert names(sandbox) == ["Ann 5"]


def test_a_field_that_a_person_has_cleared_stays_blank(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """To clear a field is an edit, too."""
    warehouse.fill(row(1, "Ann", None))
    run("first")
    edit(sandbox, firstName="")
    warehouse.fill(row(1, "Anna", "Bern"))
    assert run("second")["edited_in_crm"] == 1
    assert names(sandbox) == [None]


def test_a_person_who_writes_what_the_source_says_has_edited_nothing(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """The next value of the source is written: the CRM has acknowledged theirs as the sync's."""
    warehouse.fill(row(1, "Ann", None))
    run("first")
    edit(sandbox, firstName="Anna")
    warehouse.fill(row(1, "Anna", "Bern"))
    assert run("second")["edited_in_crm"] == 0
    warehouse.fill(row(1, "Anne", "Bern"))
    assert run("third")["edited_in_crm"] == 0
    assert names(sandbox) == ["Anne"]


def test_a_value_that_is_not_known_to_be_the_syncs_is_left(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The policy was given later, and nobody can say who wrote what differs; an empty field is filled."""
    warehouse.fill(row(1, "Ann", None), row(2, "Bob", None), (3, "p3@example.com", None, None, None))
    run("first", rules=ALWAYS)
    assert kept(warehouse) == []
    edit(sandbox, firstName="Annie")
    warehouse.fill(row(1, "Ann", None), row(2, "Bob", None), row(3, "Cleo", None))
    report = run("second")
    assert (report["updated"], report["edited_in_crm"]) == (3, 1)
    assert names(sandbox) == ["Annie", "Bob", "Cleo"]
    assert kept(warehouse) == [16, 16]
    warehouse.fill(row(1, "Anna", None), row(2, "Ben", None), row(3, "Clea", None))
    assert run("third")["edited_in_crm"] == 1
    assert names(sandbox) == ["Annie", "Ben", "Clea"]


def test_a_contact_that_was_there_keeps_what_it_has(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The sync has never written it; a field without a value is filled, and is the sync's from then on."""
    for number, name in ((1, "Annie"), (2, "")):
        sandbox.account.upsert({"email": f"p{number}@example.com", "firstName": name})
    warehouse.fill(row(1, "Ann", None), row(2, "Bob", None))
    report = run("first")
    assert (report["updated"], report["edited_in_crm"]) == (2, 1)
    assert names(sandbox) == ["Annie", "Bob"]
    warehouse.fill(row(1, "Anna", None), row(2, "Ben", None))
    run("second")
    assert names(sandbox) == ["Annie", "Ben"]


def test_a_policy_that_was_away_knows_nothing_of_what_was_written_meanwhile(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """What is kept of a field is forgotten when the field is written without the policy."""
    warehouse.fill(row(1, "Ann", None))
    run("first")
    assert kept(warehouse) == [16]
    warehouse.fill(row(1, "Anna", None))
    run("second", rules=ALWAYS)
    assert kept(warehouse) == []
    run("third")
    edit(sandbox, firstName="Ann")
    warehouse.fill(row(1, "Anne", None))
    assert run("fourth")["edited_in_crm"] == 1


def test_a_comparison_finds_no_difference_in_an_edit_and_adopts_what_is_equal(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """An edit is counted, and is no drift; rows that the account has already are known from then on, without a call."""
    for number, name in ((1, "Ann"), (2, "Robert")):
        sandbox.account.upsert({"email": f"p{number}@example.com", "firstName": name})
    warehouse.fill(row(1, "Ann", None), row(2, "Bob", None))
    first = run("first", compare="account", timing=LATER)
    assert (first["adopted"], first["unchanged"], first["edited_in_crm"], first["drifted"]) == (2, 2, 1, 0)
    assert calls(sandbox) == []
    assert kept(warehouse) == [16]

    warehouse.fill(row(1, "Anna", None), row(2, "Ben", None))
    second = run("second")
    assert (names(sandbox), second["edited_in_crm"]) == (["Anna", "Robert"], 1)

    edit(sandbox, firstName="Annie")
    calls(sandbox)
    third = run("third", compare="account", timing=MUCH_LATER)
    assert (third["unchanged"], third["drifted"], third["edited_in_crm"]) == (2, 0, 2)
    assert "verified_hash" in third
    assert calls(sandbox) == []


def test_a_comparison_writes_what_is_not_edited(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A look-up before the call makes sure that nobody has edited the field since the account was read."""
    warehouse.fill(row(1, "Ann", None), row(2, "Bob", None))
    run("first")
    edit(sandbox, 1, firstName="Robert")
    warehouse.fill(row(1, "Anna", None), row(2, "Ben", "Bern"))
    calls(sandbox)
    report = run("second", compare="account", timing=LATER)
    assert (report["updated"], report["edited_in_crm"]) == (2, 1)
    assert names(sandbox) == ["Anna", "Robert"]
    assert sorted(each for each in calls(sandbox) if each != GET) == [PUT, PUT]
    warehouse.fill(row(1, "Anne", None), row(2, "Benno", "Bern"))
    run("third")
    assert names(sandbox) == ["Anne", "Robert"]


def test_a_sample_finds_no_drift_in_an_edit(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The other fields of the contact are compared as they always are."""
    warehouse.fill(row(1, "Ann", None), row(2, "Bob", "Bern"))
    run("first")
    edit(sandbox, firstName="Annie")
    edit(sandbox, 1, firstName="Robert", city="Basel")
    report = run("sample", compare="account", dry_run=True, sample=10, timing=LATER)
    assert (report["sampled_equal"], report["drifted"], report["drifted.city"]) == (1, 1, 1)
    assert "drifted.first_name" not in report


def test_an_edit_that_is_undone_lets_a_comparison_write_the_field_again(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """The row did not change since it was held back, and the account has the sync's own value again."""
    warehouse.fill(row(1, "Ann", None))
    run("first")
    edit(sandbox, firstName="Annie")
    warehouse.fill(row(1, "Anna", None))
    assert run("second")["edited_in_crm"] == 1
    edit(sandbox, firstName="Ann")
    report = run("third", compare="account", timing=LATER)
    assert (report["updated"], report["drifted.first_name"], report["edited_in_crm"]) == (1, 1, 0)
    assert names(sandbox) == ["Anna"]


def test_a_person_who_follows_the_source_is_adopted_by_a_comparison(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """The row was held back, and then the person wrote what the source says: its next value is written."""
    warehouse.fill(row(1, "Ann", None))
    run("first")
    edit(sandbox, firstName="Annie")
    warehouse.fill(row(1, "Anna", None))
    run("second")
    edit(sandbox, firstName="Anna")
    assert run("third", compare="account", timing=LATER)["unchanged"] == 1
    warehouse.fill(row(1, "Anne", None))
    assert run("fourth")["edited_in_crm"] == 0
    assert names(sandbox) == ["Anne"]


def test_a_contact_that_is_made_again_gets_all_fields(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """What was kept of the contact that is gone says nothing of the new one."""
    warehouse.fill(row(1, "Ann", None))
    run("first")
    edit(sandbox, firstName="Annie")
    [contact] = sandbox.account.contacts
    sandbox.account.delete(contact.id)
    warehouse.fill(row(1, "Anna", None))
    assert run("second")["created"] == 1
    warehouse.fill(row(1, "Anne", None))
    assert run("third")["edited_in_crm"] == 0
    assert names(sandbox) == ["Anne"]


def test_an_edited_field_is_not_cleared(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A blank of the source is a value like others: it clears what the sync wrote, and no edit."""
    rules = ContactRules(write=RULES.write, blanks="clear")
    warehouse.fill(row(1, "Ann", None), row(2, "Bob", None))
    run("first", rules=rules)
    edit(sandbox, 1, firstName="Robert")
    warehouse.fill(*((number, f"p{number}@example.com", None, None, None) for number in (1, 2)))
    assert run("second", rules=rules)["edited_in_crm"] == 1
    assert names(sandbox) == [None, "Robert"]


def test_custom_fields_are_compared_by_their_types(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The CRM has a number, and the answer says so; who writes the same number has edited nothing."""
    [number] = [each.id for each in sandbox.account.custom_fields if each.name == "Orders"]
    arguments = {
        "sql": 'SELECT id, email, first_name AS "custom.Orders" FROM customers',
        "rules": ContactRules(write={"custom.Orders": "if_unedited"}),
    }
    warehouse.fill(row(1, "10", None), row(2, "20", None))
    run("first", **arguments)
    edit(sandbox, 0, customFields=[{"id": number, "field_value": 10.0}])
    edit(sandbox, 1, customFields=[{"id": number, "field_value": 21}])
    warehouse.fill(row(1, "11", None), row(2, "22", None))
    assert run("second", **arguments)["edited_in_crm"] == 1
    assert [float(each.custom[number]) for each in sandbox.account.contacts] == [11, 21]


def test_a_dry_run_counts_the_look_ups(warehouse: Warehouse) -> None:
    """One for a known contact, two for one that is not known, as the other policies have it."""
    warehouse.fill(row(1, "Ann", None))
    assert run("dry", dry_run=True)["calls_needed"] == 3
    run("first")
    warehouse.fill(row(1, "Anna", None))
    assert run("dry again", dry_run=True)["calls_needed"] == 2


def test_a_dry_run_with_a_comparison_decides_as_the_run_does(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """An edit is not among the fields that would change."""
    warehouse.fill(row(1, "Ann", None), row(2, "Bob", None))
    run("first")
    edit(sandbox, firstName="Annie")
    warehouse.fill(row(1, "Anna", None), row(2, "Ben", None))
    report = run("dry", dry_run=True, compare="account", timing=LATER)
    assert (report["pending"], report["unchanged"], report["edited_in_crm"]) == (1, 1, 1)
    assert report["fields.first_name"] == 1


def test_the_remark_is_told_by_trace_and_kept_with_the_row(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: Any
) -> None:
    """It names the field as the user writes it, and no value."""
    warehouse.fill(row(1, "Ann", None))
    run("first")
    edit(sandbox, firstName="Annie")
    warehouse.fill(row(1, "Anna", "Bern"))
    run("second")
    capsys.readouterr()
    assert main(["trace", "--sync", "customers.sync", "--key", "1", "--state-conn-id", "state", "--json"]) == 0
    shown = capsys.readouterr().out
    assert "Annie" not in shown
    [found] = json.loads(shown)
    last = found["deliveries"][-1]
    assert [(each["field"], each["code"]) for each in last["reasons"]] == [("first_name", "edited_in_crm")]
    assert [each["field"] for each in last["sent"]] == ["email", "city"]


def test_hashes_are_of_one_contact_and_are_deleted_with_its_row(warehouse: Warehouse) -> None:
    """Two people with one name have different hashes, and a sync without the policy keeps none."""
    warehouse.fill(row(1, "Ann", None), row(2, "Ann", None))
    run("first")
    with sqlite3.connect(warehouse.state) as database:
        found = [values for (values,) in database.execute("SELECT acknowledged_values FROM leadway_row")]
    assert len({half for each in found for half in (each[:8], each[8:])}) == 4
    assert main(["forget", "--key", "1", "--sync", "customers.sync", "--state-conn-id", "state", "--yes"]) == 0
    assert kept(warehouse) == [16]


def test_what_a_lost_answer_wrote_is_no_edit_where_the_source_stays_as_it_is(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """The call was carried out and not acknowledged: the next run finds what it would write."""
    warehouse.fill(row(1, "Ann", None))
    run("first")
    edit(sandbox, firstName="Anna")  # as the lost call has left it
    warehouse.fill(row(1, "Anna", None))
    assert run("second")["edited_in_crm"] == 0
    warehouse.fill(row(1, "Anne", None))
    run("third")
    assert names(sandbox) == ["Anne"]


def test_what_was_reverted_stays(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A person has asked for the value that the contact had before, so the next run leaves it."""
    warehouse.fill(row(1, "Ann", None))
    run("first")
    warehouse.fill(row(1, "Anna", "Bern"))
    second = run("second", keep_before=True)["run_id"]
    assert main(["revert", "--run", second, "--yes", "--state-conn-id", "state"]) == 0
    assert names(sandbox) == ["Ann"]
    report = run("third")
    assert (names(sandbox), report["updated"], report["edited_in_crm"]) == (["Ann"], 1, 1)


def test_two_rows_on_one_contact_do_not_take_each_other_for_people(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """Contacts were merged by hand: what one row has written there is not an edit for the other."""
    by_id = {"sql": "SELECT id, email, first_name, country AS contact_id FROM customers ORDER BY id"}
    contact = sandbox.account.upsert({"email": "p1@example.com"})[1].id
    warehouse.fill(row(1, "Ann", contact), (2, None, "Bob", None, contact))
    run("first", **by_id)
    warehouse.fill(row(1, "Anna", contact), (2, None, "Bob", None, contact))
    run("second", **by_id)
    warehouse.fill(row(1, "Anna", contact), (2, None, "Ben", None, contact))
    run("third", **by_id)
    assert names(sandbox) == ["Ben"]
