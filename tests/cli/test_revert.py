"""`leadway revert` over what real runs of the operator left behind."""

from __future__ import annotations

import copy
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from leadway_provider.cli import main
from leadway_provider.hooks.database import open_state
from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.airflow_version import forget_fernet
from tests.operators.task import Warehouse, sync

STATE = ("--state-conn-id", "state")
SQL = "SELECT id, email, first_name, phone, country AS city, 'Customer' AS tags FROM customers ORDER BY id"


def run_kept(run_id: str = "kept", **arguments: Any) -> str:
    """Run the task with `keep_before`, and return the run's id."""
    return str(sync(run_id, sql=SQL, keep_before=True, **arguments)["run_id"])


def revert(capsys: pytest.CaptureFixture[str], run_id: str, *options: str) -> dict[str, Any]:
    """Revert a run, and return what the command tells."""
    capsys.readouterr()
    assert main(["revert", "--run", run_id, "--yes", "--json", *options, *STATE]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def held(sandbox: SandboxServer) -> dict[str, dict[str, Any]]:
    """Every contact by id, with all that a run could have changed."""
    return {
        each.id: {
            "email": each.email,
            "first_name": each.first_name,
            "phone": each.phone,
            "city": each.fields.get("city"),
            "tags": sorted(each.tags),
        }
        for each in sandbox.account.contacts
    }


@pytest.fixture
def full(warehouse: Warehouse, sandbox: SandboxServer) -> Warehouse:
    """An account with contacts of its own, of which the warehouse knows two, and a third row that is new."""
    sandbox.account.upsert({"email": "ann@example.com", "firstName": "Annie", "city": "Bern", "tags": ["vip"]})
    sandbox.account.upsert({"email": "bob@example.com", "firstName": "Bobby"})
    sandbox.account.upsert({"email": "stranger@example.com", "firstName": "Stranger"})
    warehouse.fill(
        (1, "ann@example.com", "Ann", "+12025550101", "Chur"),
        (2, "bob@example.com", "Bob", None, "Chur"),
        (3, "cat@example.com", "Cat", None, "Chur"),
    )
    return warehouse


def test_contacts_are_as_they_were_before(
    full: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was edited since is left alone; what the run created goes with --created only, and comes again."""
    before = held(sandbox)
    run_id = run_kept()
    assert held(sandbox) != before
    ann, bob, stranger = list(before)
    sandbox.account.update(bob, {"firstName": "By hand"})
    assert any("gAAAA" in text for text in secrets(full))

    done = revert(capsys, run_id)
    assert done["plan"]["restored"] == 2
    assert (done["plan"]["edited"], done["outcomes"]["updated"]) == (1, 2)
    after = held(sandbox)
    assert after[ann] == before[ann]
    assert after[bob] == before[bob] | {"first_name": "By hand"}
    assert after[stranger] == before[stranger]
    assert len(after) == 4

    again = revert(capsys, run_id)
    assert (again["plan"]["restored"], again["outcomes"]) == (0, {})
    assert revert(capsys, run_id, "--created")["outcomes"] == {"removed": 1}
    assert set(held(sandbox)) == set(before)
    report = sync("next", sql=SQL)
    assert (report["updated"], report["created"], report["unchanged"]) == (2, 1, 0)


def test_a_created_contact_of_two_rows_is_deleted_once(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run created it for one row and updated it for the other; both are sent again afterwards."""
    warehouse.fill((1, "ann@example.com", "Ann", None, None), (2, "ann@example.com", "Anna", None, None))
    run_id = run_kept(rules=ContactRules(on_shared_identity="send"))
    assert len(held(sandbox)) == 1
    assert revert(capsys, run_id, "--created")["plan"]["deleted"] == 1
    assert held(sandbox) == {}
    assert sync("next", sql=SQL, rules=ContactRules(on_shared_identity="send"))["unchanged"] == 0


def secrets(warehouse: Warehouse) -> list[str]:
    """What the table of earlier values holds."""
    with closing(sqlite3.connect(warehouse.state)) as database:
        return [str(row) for row in database.execute("SELECT * FROM leadway_before").fetchall()]


def test_no_earlier_value_is_readable(full: Warehouse) -> None:
    """The state store has them encrypted only."""
    run_kept()
    with closing(sqlite3.connect(full.state)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        text = repr([database.execute(f"SELECT * FROM {name}").fetchall() for name in tables])  # noqa: S608 - names
    assert [value for value in ("Annie", "Bobby", "Bern", "ann@example.com") if value in text] == []


def test_a_revert_that_was_interrupted_goes_on(
    full: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first command ends with an error after one contact; the second one writes the other, as the same run."""
    before = held(sandbox)
    run_id = run_kept()
    sandbox.faults.add(Fault(FaultKind.FORBIDDEN, times=None, method="PUT", after=1))
    with closing(open_state("state")) as state:
        runs = len(state.reader().runs().of_sync(1, limit=9).records)
    assert full
    assert main(["revert", "--run", run_id, "--yes", *STATE]) == 2
    sandbox.faults.clear()
    done = revert(capsys, run_id)
    assert done["plan"] is None
    assert {each: held(sandbox)[each] for each in before} == before
    with closing(open_state("state")) as state:
        found = state.reader().runs().of_sync(1, limit=9).records
    assert len(found) == runs + 1
    assert found[0].calls > 4, "look-ups and writes of both commands"


def test_an_interrupted_revert_leaves_alone_what_was_edited_or_deleted_meanwhile(
    full: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was planned before; a contact that is gone is not made again, and the edit stays and is told."""
    before = held(sandbox)
    ann, bob, *_ = before
    run_id = run_kept()
    sandbox.faults.add(Fault(FaultKind.FORBIDDEN, times=None, method="PUT"))
    assert main(["revert", "--run", run_id, "--yes", *STATE]) == 2
    sandbox.faults.clear()
    sandbox.account.update(ann, {"firstName": "By hand", "tags": ["by hand"]})
    sandbox.account.delete(bob)
    left = set(held(sandbox))
    assert revert(capsys, run_id)["outcomes"] == {"read": 2, "updated": 1, "skipped": 1, "edited_in_crm": 1}
    assert set(held(sandbox)) == left
    assert held(sandbox)[ann] == before[ann] | {"first_name": "By hand", "tags": ["by hand"]}
    with closing(sqlite3.connect(full.state)) as database:
        texts = [str(each) for each in database.execute("SELECT remarks, reasons FROM leadway_row").fetchall()]
    assert sum("edited_in_crm" in text for text in texts) == 1
    assert sum("contact_not_found" in text for text in texts) == 1
    again = revert(capsys, run_id)
    assert (again["plan"]["edited"], again["plan"]["gone"], again["outcomes"]) == (1, 1, {})


def test_fields_that_need_a_call_or_a_form_of_their_own_are_as_they_were(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Blanks of the source, a user and custom fields, channels, a company name and stamps; two of them were blank."""
    fields = {field.name: field.id for field in sandbox.account.custom_fields}
    plan, notes, interests = fields["Plan"], fields["Notes"], fields["Interests"]
    _, ann = sandbox.account.upsert(
        {
            "email": "ann@example.com",
            "companyName": "Old Ltd",
            "dndSettings": {"SMS": {"status": "permanent", "message": "STOP"}},
            "customFields": [{"id": plan, "field_value": "Pro"}],
        }
    )
    _, bob = sandbox.account.upsert({"email": "bob@example.com", "source": "Fair", "companyName": "Bob Ltd"})

    def all_of() -> list[dict[str, Any]]:
        return [copy.deepcopy(each.fields | {"custom": each.custom}) for each in (ann, bob)]

    before = all_of()
    warehouse.fill((1, "ann@example.com", "Ann", None, None), (2, "bob@example.com", "Bob", None, None))
    sql = (
        "SELECT id, email, 'Shop' AS source, 'New Ltd' AS company_name, 'inactive' AS \"dnd.sms\", "
        "'active' AS \"dnd.call\", 'Basic' AS \"custom.Plan\", 'Music' AS \"custom.Interests\" FROM customers"
    )
    constants = {"assigned_to": sandbox.account.users[0].id}
    stamps = {"custom.Notes": "run_id"}
    run_id = str(sync("kept", sql=sql, constants=constants, stamps=stamps, keep_before=True)["run_id"])
    assert [set(each.custom) for each in (ann, bob)] == [{plan, notes, interests}] * 2
    done = revert(capsys, run_id)
    assert (done["plan"]["restored"], done["plan"]["edited"], done["plan"]["not_restorable"]) == (2, 0, 0)
    for each in (found := all_of()):
        closed = each["dndSettings"]
        each["dndSettings"] = {name: it for name, it in closed.items() if it["status"] != "inactive"}
        if not each["dndSettings"]:
            del each["dndSettings"]
    assert found == before


def test_without_a_confirmation_nothing_is_written(
    full: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The counts are shown first; a run that is not there is an error."""
    run_id = run_kept()
    after = held(sandbox)
    assert main(["revert", "--run", run_id, *STATE]) == 2
    assert "2 contacts kept, 2 to write back" in capsys.readouterr().out
    assert held(sandbox) == after
    with closing(open_state("state")) as state:
        [last] = state.reader().runs().of_sync(1, limit=1).records
    assert (last.task_run, last.counts["read"]) == (f"leadway revert --run {run_id}", 0)
    assert main(["revert", "--run", "000000000000", "--yes", *STATE]) == 1
    assert full


def test_earlier_values_go_with_the_ledger_and_with_a_forgotten_person(full: Warehouse) -> None:
    """Nothing is kept for longer than the ledger's entries."""
    run_kept()
    assert len(secrets(full)) == 2
    assert main(["forget", "--key", "1", "--yes", *STATE]) == 0
    assert len(secrets(full)) == 1
    with closing(sqlite3.connect(full.state)) as database:
        database.execute("UPDATE leadway_before SET kept_at = 0")
        database.commit()
    run_kept("later", ledger_days=1)
    assert secrets(full) == []


@pytest.fixture
def without_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Airflow has no Fernet key."""
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    forget_fernet()
    yield
    forget_fernet()


@pytest.mark.usefixtures("full", "without_key")
def test_without_a_fernet_key_nothing_is_sent(sandbox: SandboxServer) -> None:
    """The error says what to set."""
    before = held(sandbox)
    with pytest.raises(AirflowFailException, match=r"keep_before=True.*\[core\] fernet_key"):
        run_kept()
    assert held(sandbox) == before


@settings(
    max_examples=4, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_every_field_is_what_it_was_unless_it_was_edited_since(
    warehouse: Warehouse, sandbox: SandboxServer, capsys: pytest.CaptureFixture[str], data: st.DataObject
) -> None:
    """E-mails change places, people edit names, a revert is interrupted; strangers are never touched."""
    sandbox.service.reset()
    for file in warehouse.state.parent.glob("state.db*"):
        file.unlink()
    emails = [f"p{number}@example.com" for number in range(3)]
    warehouse.fill(*((n, emails[n], f"P{n}", f"+1202555010{n}", "Bern") for n in range(3)))
    sync("first", sql=SQL)
    sandbox.account.upsert({"email": "stranger@example.com", "firstName": "Stranger"})
    before = held(sandbox)
    people = list(before)[:3]

    names = st.sampled_from(["P0", "P1", "New", "Newer"])
    phones = data.draw(st.permutations(range(3)))
    moved = data.draw(st.permutations(emails))
    warehouse.fill(
        *(
            (n, moved[n], data.draw(names), f"+1202555010{phones[n]}", data.draw(st.sampled_from(["Bern", "Chur"])))
            for n in range(3)
        )
    )
    run_id = run_kept()
    edited = data.draw(st.dictionaries(st.sampled_from(people), st.just("By hand")))
    for contact_id, name in edited.items():
        sandbox.account.update(contact_id, {"firstName": name})
    if (calls := data.draw(st.integers(0, 3))) < 3:
        sandbox.faults.add(Fault(FaultKind.FORBIDDEN, times=None, method="PUT", after=calls))
        main(["revert", "--run", run_id, "--yes", *STATE])
        sandbox.faults.clear()
    revert(capsys, run_id)
    revert(capsys, run_id)
    expected = {
        each: held_before | ({"first_name": "By hand"} if each in edited else {})
        for each, held_before in before.items()
    }
    assert held(sandbox) == expected
