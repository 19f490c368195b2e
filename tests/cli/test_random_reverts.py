"""Runs and reverts that are killed again and again, while people edit contacts: nothing of a person is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from random import Random
from typing import Any

import pytest

from leadway_provider.hooks.database import open_state
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.forks import Nursery, never, nursery
from tests.operators.task import Warehouse

__all__ = ["nursery"]

SQL = "SELECT id, email, first_name, phone, country AS city, 'Customer' AS tags FROM customers ORDER BY id"
PEOPLE = range(5)
STEPS = 9
IDENTITIES = ("email", "phone")
Held = dict[str, dict[str, Any]]


class World:
    """A source, an account and people who edit it; all follows from a seed but the instants of the kills.

    Attributes:
        kept: of each run that has ended, by its id: the contacts before and after it.
    """

    def __init__(self, seed: int, warehouse: Warehouse, sandbox: SandboxServer, nursery: Nursery) -> None:
        self.random = Random(seed)  # noqa: S311 - no secret is drawn
        self.warehouse, self.sandbox, self.nursery = warehouse, sandbox, nursery
        self.kept: dict[str, tuple[Held, Held]] = {}
        self.edits = self.runs = 0
        for number in range(3):
            sandbox.account.upsert({"email": f"p{number}@example.com", "firstName": "Old", "city": "Bern"})
        sandbox.account.upsert({"email": "stranger@example.com", "firstName": "Stranger"})
        self.emails, self.phones = [f"p{n}@example.com" for n in PEOPLE], [f"+1202555010{n}" for n in PEOPLE]

    def held(self) -> Held:
        """Every contact by id, with all that a run maps."""
        return {
            each.id: {
                "email": each.email,
                "phone": each.phone,
                "firstName": each.first_name,
                "city": each.fields.get("city"),
                "tags": sorted(each.tags),
            }
            for each in self.sandbox.account.contacts
        }

    def change_source(self) -> None:
        """Let people change names and cities, and sometimes swap e-mails or phones."""
        for values in (self.emails, self.phones):
            if self.random.random() < 0.4:
                self.random.shuffle(values)
        self.warehouse.fill(
            *(
                (
                    n,
                    self.emails[n],
                    self.random.choice(["Ann", "Bob"]),
                    self.phones[n],
                    self.random.choice(["Bern", "Chur"]),
                )
                for n in PEOPLE
            )
        )

    def edit(self) -> Held:
        """Let somebody change some contacts by hand, and return what was typed."""
        typed: Held = {}
        for contact_id in self.random.sample(sorted(self.held()), 2):
            self.edits += 1
            name = self.random.choice(["firstName", "city", "email", "tags"])
            value: Any = f"by hand {self.edits}"
            value = {"email": f"hand{self.edits}@example.com", "tags": [value]}.get(name, value)
            self.sandbox.account.update(contact_id, {name: value})
            typed[contact_id] = {name: value}
        return typed

    def kill(self) -> Any:
        """Return what kills an attempt after some of its writes arrived, or lets it end."""
        if self.random.random() < 0.5:
            return never
        self.sandbox.journal.clear()
        after = self.random.randint(1, 4)
        return lambda: sum(call.method in ("PUT", "POST") for call in self.sandbox.journal.calls) >= after

    def run(self) -> None:
        """Run the sync once."""
        before = self.held()
        self.runs += 1
        arguments: dict[str, Any] = {"sql": SQL, "keep_before": True, "deferrable": False, "max_in_flight": 2}
        ended = self.nursery.attempt(f"run {self.runs}", self.kill(), **arguments)
        assert ended is None or "error" not in ended, ended
        with closing(open_state("state")) as state:
            [last] = state.reader().runs().of_sync(1, limit=1).records
        self.kept[last.id] = (before, self.held())

    def revert(self) -> None:
        """Revert a run, killed or not, with edits meanwhile; twice, of which the second one has nothing to do."""
        run_id = self.random.choice([*self.kept][-2:])
        expected = self.expected(run_id)
        command = ["revert", "--run", run_id, "--yes", "--state-conn-id", "state"]
        while (ended := self.nursery.attempt("", self.kill(), command=command)) is None:
            for contact_id, fields in self.edit().items():
                expected[contact_id] |= fields
        assert ended == {"exit": 0}
        self.check(expected)
        assert self.nursery.attempt("", command=command) == {"exit": 0}
        self.check(expected)

    def expected(self, run_id: str) -> Held:
        """Return what the contacts are after the revert: what they were, but where somebody has edited them.

        A run that was killed before it knew on which contact a row lives has no row for that contact.
        """
        before, after = self.kept[run_id]
        with closing(sqlite3.connect(self.warehouse.state)) as database:
            lived_on = {contact_id for (contact_id,) in database.execute("SELECT contact_id FROM leadway_row")}
        return {
            contact_id: {
                name: before[contact_id][name]
                if contact_id in lived_on & before.keys() and value == after[contact_id][name]
                else value
                for name, value in fields.items()
            }
            for contact_id, fields in self.held().items()
        }

    def check(self, expected: Held) -> None:
        """Compare; an e-mail or phone that another contact keeps can't be given back."""
        found = self.held()
        assert found.keys() == expected.keys()
        for contact_id, fields in expected.items():
            for name, value in fields.items():
                others = [each[name] for other, each in found.items() if other != contact_id]
                if name not in IDENTITIES or value not in others:
                    assert found[contact_id][name] == value, (list(found).index(contact_id), name)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_a_revert_gives_back_what_nobody_has_edited(
    warehouse: Warehouse, sandbox: SandboxServer, nursery: Nursery, seed: int
) -> None:
    """Strangers are never touched, no contact is made or deleted, and what was typed by hand stays."""
    world = World(seed, warehouse, sandbox, nursery)
    for _ in range(STEPS):
        step = world.random.choice(["run", "run", "edit", "revert"])
        if step == "run":
            world.change_source()
            world.run()
        elif step == "edit":
            world.edit()
        elif world.kept:
            world.revert()
