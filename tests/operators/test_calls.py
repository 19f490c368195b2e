"""How many calls a run costs, at the account itself."""

from __future__ import annotations

from collections import Counter

import pytest

from leadway_provider.sandbox.server import SandboxServer
from tests.operators.people import Columns, fill, sync_people
from tests.operators.task import Warehouse


def people(number: int, **also: object) -> list[Columns]:
    """Return so many people, each with an e-mail, a phone and a company."""
    return [
        {
            "email": f"p{each}@example.com",
            "phone": f"+1202555{each:04}",
            "first_name": "Ann",
            "company_name": "Acme",
            **also,
        }
        for each in range(100, 100 + number)
    ]


def cost(sandbox: SandboxServer, run_id: str) -> dict[str, int]:
    """Run the sync; return its calls that are about contacts, by method."""
    sandbox.journal.clear()
    sync_people(run_id)
    return dict(Counter(call.method for call in sandbox.journal.calls if call.path.startswith("/contacts")))


@pytest.fixture
def delivered(warehouse: Warehouse, sandbox: SandboxServer) -> Warehouse:
    """Six people who are contacts of the account."""
    fill(warehouse, *people(6))
    assert cost(sandbox, "first") == {"POST": 6}
    return warehouse


def test_a_run_without_changes_costs_no_call(delivered: Warehouse, sandbox: SandboxServer) -> None:
    """The fixture shows that a first sync costs one call a row."""
    assert delivered
    assert cost(sandbox, "second") == {}


@pytest.mark.parametrize(
    ("changed", "calls"),
    [
        ({"first_name": "Bea"}, {"PUT": 1}),
        ({"email": "new@example.com"}, {"PUT": 1}),
        ({"email": "new@example.com", "phone": "+12025550199", "first_name": "Bea"}, {"PUT": 1}),
        ({"company_name": "Other"}, {"PUT": 1, "POST": 1}),
    ],
)
def test_a_changed_row_costs_one_call_and_another_for_its_company(
    delivered: Warehouse, sandbox: SandboxServer, changed: Columns, calls: dict[str, int]
) -> None:
    """The company's name is what only an upsert takes."""
    first, *others = people(6)
    fill(delivered, {**first, **changed}, *others)
    assert cost(sandbox, "second") == calls


@pytest.mark.parametrize("length", [2, 3, 6])
@pytest.mark.parametrize("passed_on", [("email",), ("email", "phone")])
def test_a_ring_costs_one_call_more_than_it_has_rows(
    delivered: Warehouse, sandbox: SandboxServer, length: int, passed_on: tuple[str, ...]
) -> None:
    """One contact gives up first what the ring passes on: its e-mail, or e-mail and phone in one call."""
    rows = people(6)
    ring = [
        {**row, **{name: rows[(number + 1) % length][name] for name in passed_on}}
        for number, row in enumerate(rows[:length])
    ]
    fill(delivered, *ring, *rows[length:])
    assert cost(sandbox, "second") == {"PUT": length + 1}
    names = {contact.email: contact.phone for contact in sandbox.account.contacts}
    assert names == {row["email"]: row["phone"] for row in [*ring, *rows[length:]]}
