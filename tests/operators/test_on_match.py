"""on_match, through the operator: over a real state database and an account over HTTP."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.cli import main
from leadway_provider.clock import SYSTEM_CLOCK, utc_now
from leadway_provider.contacts.contact import Contact
from leadway_provider.exceptions import ConfigurationError
from leadway_provider.operators.timing import Timing
from leadway_provider.policies import RemovalPolicy
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sync.dry_run import DryRunFigures
from leadway_provider.sync.effect import sent
from leadway_provider.sync.outcome import COUNTED
from tests.operators.task import NEVER_AGAIN, Row, Warehouse, operator, sync

LOOK_UP = ("GET", "/contacts/search/duplicate")
UPDATE = ("PUT", "/contacts/{id}")
CREATE = ("POST", "/contacts/")
SEARCH = ("POST", "/contacts/search")
SKIPPED = 13
LATER = Timing(clock=replace(SYSTEM_CLOCK, now=lambda: utc_now() + timedelta(hours=1)))
"""So long after the last write that the search shows it."""


def people(*numbers: int, name: str = "New") -> list[Row]:
    """A row for each number."""
    return [(number, f"p{number}@example.com", name, None, None) for number in numbers]


def add(sandbox: SandboxServer, number: int) -> str:
    """Add the contact of a person by hand, and return its id."""
    return sandbox.account.upsert({"email": f"p{number}@example.com", "firstName": "Old"})[1].id


def of_rows(report: dict[str, Any]) -> dict[str, int]:
    """The counts of rows that are not 0, except for those that were read."""
    return {name: report[name] for name in COUNTED if name != "read" and report[name]}


def names(sandbox: SandboxServer) -> list[str]:
    """The names of all contacts, the oldest first."""
    return [str(each.fields.get("firstName")) for each in sandbox.account.contacts]


def calls(sandbox: SandboxServer) -> list[tuple[str, str]]:
    """Method and path of the calls about contacts."""
    found = [(call.method, call.path) for call in sandbox.journal.calls if call.path.startswith("/contacts/")]
    sandbox.journal.clear()
    return [(method, "/contacts/{id}" if method == "PUT" else path) for method, path in found]


def stored(warehouse: Warehouse) -> dict[str, tuple[int, str | None]]:
    """The stored outcome, as a number, and the codes of the reasons, by key."""
    with sqlite3.connect(warehouse.state) as database:
        found = database.execute("SELECT source_key, outcome, reasons FROM leadway_row").fetchall()
    return {key: (outcome, json.loads(reasons)[0]["code"] if reasons else None) for key, outcome, reasons in found}


def test_update_only_updates_by_id_and_skips_who_has_no_contact(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """One look-up for each; the next run decides the skipped row again, and finds a contact that was added since."""
    add(sandbox, 1)
    warehouse.fill(*people(1, 2))
    assert of_rows(sync("first", on_match="update_only")) == {"skipped": 1, "updated": 1}
    assert sorted(calls(sandbox)) == sorted([LOOK_UP, LOOK_UP, UPDATE])
    assert names(sandbox) == ["New"]
    assert stored(warehouse)["2"] == (SKIPPED, "contact_not_found")
    add(sandbox, 2)
    assert of_rows(sync("second", on_match="update_only")) == {"unchanged": 1, "updated": 1}
    assert calls(sandbox) == [LOOK_UP, UPDATE]
    assert names(sandbox) == ["New", "New"]
    assert of_rows(sync("third", on_match="update_only")) == {"unchanged": 2}
    assert calls(sandbox) == []


def test_update_only_does_not_create_a_contact_again_that_is_gone(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Somebody deleted it; a changed row is skipped, whatever the state says."""
    contact_id = add(sandbox, 1)
    warehouse.fill(*people(1))
    sync("first", on_match="update_only")
    sandbox.account.delete(contact_id)
    warehouse.fill(*people(1, name="Newer"))
    assert of_rows(sync("second", on_match="update_only")) == {"skipped": 1}
    assert names(sandbox) == []


def test_a_comparison_knows_without_a_call_who_has_no_contact(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The account was read, and has nobody with this e-mail; so a dry run knows it, too."""
    add(sandbox, 1)
    warehouse.fill(*people(1, 2))
    arguments: dict[str, Any] = {"on_match": "update_only", "compare": "account", "timing": LATER}
    assert of_rows(sync("dry", dry_run=True, **arguments)) == {"skipped": 1, "pending": 1}
    calls(sandbox)
    assert of_rows(sync("first", **arguments)) == {"skipped": 1, "updated": 1}
    assert [call for call in calls(sandbox) if call != SEARCH] == [LOOK_UP, UPDATE]


def test_create_only_creates_and_changes_nobody(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Who is there is skipped after one look-up; a changed row of a created contact is skipped without a call."""
    add(sandbox, 1)
    warehouse.fill(*people(1, 2))
    assert of_rows(sync("first", on_match="create_only")) == {"skipped": 1, "created": 1}
    assert sorted(calls(sandbox)) == sorted([LOOK_UP, LOOK_UP, CREATE])
    assert names(sandbox) == ["Old", "New"]
    assert stored(warehouse)["1"] == (SKIPPED, "contact_exists")
    warehouse.fill(*people(1, 2, name="Newer"))
    assert of_rows(sync("second", on_match="create_only")) == {"skipped": 2}
    assert calls(sandbox) == [LOOK_UP]
    assert names(sandbox) == ["Old", "New"]
    assert of_rows(sync("third", on_match="upsert")) == {"updated": 2}
    assert names(sandbox) == ["Newer", "Newer"]


def test_create_only_lets_no_contact_give_anything_up(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """A row leaves its phone to another one; the contact that has it keeps it, and the other row is skipped."""
    warehouse.fill((1, "p1@example.com", "New", "+12025550101", None))
    sync("first", on_match="create_only")
    warehouse.fill((1, "p1@example.com", "New", None, None), (2, "p2@example.com", "New", "+12025550101", None))
    assert of_rows(sync("second", on_match="create_only")) == {"skipped": 2}
    assert [each.phone for each in sandbox.account.contacts] == ["+12025550101"]


def test_a_dry_run_counts_the_look_ups(warehouse: Warehouse) -> None:
    """Each row without a known contact may need one beside the call that writes."""
    warehouse.fill(*people(1, 2, 3))
    assert sync("first", on_match="create_only", dry_run=True)["calls_needed"] == 6
    assert sync("second", dry_run=True)["calls_needed"] == 3


def test_a_dry_run_counts_no_row_as_what_on_match_never_does(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """With update_only no row creates, with create_only none updates: such rows are looked up first."""
    add(sandbox, 1)
    warehouse.fill(*people(1))
    sync("first", on_match="update_only")
    warehouse.fill(*people(1, name="Newer"), *people(2, 3))
    dry: dict[str, Any] = {"dry_run": True, "plan_to": "warehouse:plan"}
    report = sync("second", on_match="update_only", **dry)
    assert (report["creates"], report["updates"], report["lookups"], report["pending"]) == (0, 1, 2, 3)
    with sqlite3.connect(warehouse.file) as database:
        assert database.execute("SELECT source_key, effect FROM plan ORDER BY 1").fetchall() == [
            ("1", "update"),
            ("2", "look_up"),
            ("3", "look_up"),
        ]
    report = sync("third", on_match="create_only", **dry)
    assert (report["creates"], report["updates"], report["lookups"], report["skipped"]) == (2, 0, 0, 1)
    assert "lookups" not in sync("fourth", **dry)


def test_create_only_takes_no_departed_contact_over_in_a_dry_run() -> None:
    """The account would match a contact that exists, which is left alone."""
    update = sent("1", Contact({"email": "p1@example.com"}), None, "contact1", is_missing=False)
    figures = DryRunFigures((), RemovalPolicy(), on_match="create_only")
    assert [each.effect for each in figures.add([update])] == ["look_up"]
    assert (figures.effects["update"], figures.effects["look_up"]) == (0, 1)


def test_create_only_with_a_comparison_skips_without_a_call(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Rows that differ from their contacts are skipped, equal ones are adopted, and who is missing is created again."""
    for number in (1, 2):
        add(sandbox, number)
    warehouse.fill(*people(1), *people(2, name="Old"), *people(3))
    arguments: dict[str, Any] = {"on_match": "create_only", "compare": "account", "timing": LATER}
    assert of_rows(sync("first", **arguments)) == {"unchanged": 1, "skipped": 1, "created": 1, "adopted": 1}
    assert [call for call in calls(sandbox) if call != SEARCH] == [LOOK_UP, CREATE]
    created = sandbox.account.holder("email", "p3@example.com")
    assert created is not None
    sandbox.account.delete(created.id)
    report = sync("second", **arguments)
    assert of_rows(report) == {"unchanged": 1, "skipped": 1, "created": 1, "missing": 1}
    assert names(sandbox) == ["Old", "Old", "New"]


def test_a_contact_that_the_search_does_not_show_yet_is_not_changed(
    warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """The look-up lags, and the call that creates is refused: it can't update."""
    sandbox.account.search_lag = 60.0
    add(sandbox, 1)
    warehouse.fill(*people(1))
    assert of_rows(sync("first", on_match="create_only")) == {"skipped": 1}
    assert calls(sandbox) == [LOOK_UP, CREATE]
    assert names(sandbox) == ["Old"]


def test_a_lost_answer_to_a_creation_makes_one_contact(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The contact is found by its e-mail, and the row is created; the next run does nothing."""
    warehouse.fill(*people(1))
    sandbox.faults.add(Fault(FaultKind.CLOSE, path="/contacts/", written=True))
    assert of_rows(sync("first", on_match="create_only", timing=NEVER_AGAIN)) == {"created": 1}
    assert names(sandbox) == ["New"]
    assert of_rows(sync("second", on_match="create_only")) == {"unchanged": 1}
    compared = sync("third", on_match="create_only", compare="account", timing=LATER)
    assert of_rows(compared) == {"unchanged": 1}


def test_skipped_rows_are_not_rejected(warehouse: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    """max_rejected=0 lets them pass, and `leadway rejected` lists none."""
    warehouse.fill(*people(1, 2))
    report = sync("first", on_match="update_only", max_rejected=0)
    assert report["skipped"] == report["read"] == 2
    capsys.readouterr()
    assert main(["rejected", "--run", report["run_id"], "--state-conn-id", "state"]) == 0
    assert "rejected no row" in capsys.readouterr().out


def test_what_contradicts_on_match_is_an_error() -> None:
    """A value that is none, and a target that asks for a contact without a look."""
    with pytest.raises(ConfigurationError, match="on_match of task sync is 'merge'; it is 'upsert', 'update_only' or"):
        operator(on_match="merge")


def test_a_target_that_creates_without_a_look_contradicts_on_match(warehouse: Warehouse) -> None:
    """The run fails before anything is sent."""
    warehouse.fill(*people(1))
    sql = "SELECT id, email, 1 AS create_new_if_duplicate_allowed FROM customers"
    with pytest.raises(AirflowFailException, match="create_new_if_duplicate_allowed asks for that"):
        sync(sql=sql, on_match="update_only")


@pytest.mark.parametrize(
    ("sql", "stamps"),
    [
        ("SELECT id, email, first_name AS company_name FROM customers", {}),
        ("SELECT id, email FROM customers", {"company_name": "run_id"}),
    ],
)
def test_update_only_takes_no_company_name(
    warehouse: Warehouse, sandbox: SandboxServer, sql: str, stamps: dict[str, str]
) -> None:
    """Only an upsert writes it to a contact that exists, and an upsert may create one; nothing is sent."""
    add(sandbox, 1)
    warehouse.fill(*people(1))
    with pytest.raises(AirflowFailException, match=r"never creates a contact.*leave company_name out"):
        sync(sql=sql, stamps=stamps, on_match="update_only")
    assert not [method for method, _ in calls(sandbox) if method != "GET"]
    assert sync("other", sql=sql, stamps=stamps, on_match="create_only")["skipped"] == 1
