"""What a row became is compared, not the account's settings: only rows whose contact would differ are sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.custom_fields import SandboxCustomField
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.users import SandboxUser
from tests.operators.people import ANN, counted, fill, held, sync_people
from tests.operators.task import Warehouse

BOB = "bob@example.com"

pytestmark = pytest.mark.usefixtures("synced")


def plan_field(sandbox: SandboxServer) -> SandboxCustomField:
    """The account's field `Plan`, which has options."""
    return next(field for field in sandbox.account.custom_fields if field.name == "Plan")


@pytest.fixture
def synced(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """Two people whose contacts the account has."""
    people = {"custom.Plan": "Pro", "assigned_to": sandbox.account.users[0].email, "tags": '["vip", "new"]'}
    fill(warehouse, {"email": ANN, **people}, {"email": BOB, **people, "custom.Plan": "Platinum"})
    assert counted(sync_people()) == {"created": 2, "withheld": 1}
    sandbox.journal.clear()


def test_an_added_option_sends_only_the_rows_that_chose_it(
    sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Rows are compared again, as the log says, and the value that was withheld is sent; the next run compares none."""
    caplog.set_level("INFO")
    field = plan_field(sandbox)
    sandbox.account.define(replace(field, options=("Platinum", *reversed(field.options))))
    assert counted(sync_people("second")) == {"unchanged": 1, "updated": 1}
    assert held(sandbox, BOB)["custom.Plan"] == "Platinum"
    assert "Compared again: 1 unchanged row " in caplog.text
    caplog.clear()
    assert counted(sync_people("third")) == {"unchanged": 2}
    assert "Compared again" not in caplog.text


def test_a_new_colleague_sends_nothing(sandbox: SandboxServer) -> None:
    """The account's users decide what an e-mail in `assigned_to` means, and another user changes none of it."""
    sandbox.account.users = (SandboxUser("new", "Dee", "Novak", "dee.novak@example.com"), *sandbox.account.users)
    assert counted(sync_people("second")) == {"unchanged": 2}
    assert not sandbox.journal.writes


@pytest.mark.parametrize(
    "arguments",
    [
        {"sql": "SELECT *, NULL AS city FROM people ORDER BY id"},
        {"rules": ContactRules(phone_region="DE")},
    ],
)
def test_a_mapping_that_gives_the_same_contacts_sends_nothing(
    sandbox: SandboxServer, arguments: dict[str, Any]
) -> None:
    """Another mapping, or other rules, are no reason to send what the CRM has."""
    assert counted(sync_people("second", **arguments)) == {"unchanged": 2}
    assert not sandbox.journal.writes


def test_another_order_in_an_array_sends_nothing(sandbox: SandboxServer) -> None:
    """Tags have no order, so that `array_agg` without ORDER BY makes no row a changed one."""
    sql = """SELECT id, email, "custom.Plan", assigned_to, '["new", "vip"]' AS tags FROM people ORDER BY id"""
    assert counted(sync_people("second", sql=sql)) == {"unchanged": 2}
    assert not sandbox.journal.writes


def test_a_dry_run_stages_what_it_compared(sandbox: SandboxServer) -> None:
    """It changes nothing: the next run compares the same rows again, and finds the same."""
    sql = "SELECT *, NULL AS city FROM people ORDER BY id"
    assert counted(sync_people("dry", sql=sql, dry_run=True)) == {"unchanged": 2}
    assert counted(sync_people("second", sql=sql)) == {"unchanged": 2}
    assert not sandbox.journal.writes


@pytest.mark.parametrize("kind", [FaultKind.SCOPE_MISSING, FaultKind.FORBIDDEN, FaultKind.TOKEN_INVALID])
def test_users_that_can_not_be_read_any_more_send_nothing(
    warehouse: Warehouse, sandbox: SandboxServer, kind: FaultKind, caplog: pytest.LogCaptureFixture
) -> None:
    """However long their list is refused: the contacts have their users already, and a row that changes is sent."""
    sandbox.faults.add(Fault(kind, times=None, path="/users/"))
    assert counted(sync_people("second")) == {"unchanged": 2}
    assert counted(sync_people("third")) == {"unchanged": 2}
    assert not sandbox.journal.writes
    warehouse.run("UPDATE people SET \"custom.Plan\" = 'Free' WHERE id = 2")
    assert counted(sync_people("fourth")) == {"unchanged": 1, "updated": 1, "withheld": 1}
    with caplog.at_level("INFO"):
        assert counted(sync_people("again")) == {"unchanged": 2}
    assert "Compared again" not in caplog.text
    assert held(sandbox, BOB)["assignedTo"] == sandbox.account.users[0].id
    sandbox.faults.clear()
    assert counted(sync_people("fifth")) == {"unchanged": 1, "updated": 1}
    assert counted(sync_people("sixth")) == {"unchanged": 2}
