"""Write policies: whatever people, colleagues and broken calls do, what is left to the CRM stays as it is."""

from __future__ import annotations

import copy
from random import Random
from typing import Any, Final

import pytest
import sqlalchemy as sa

from leadway_provider.policies import ContactRules, WriteWhen
from tests.identity.faults import Fault
from tests.identity.model import Person, RunSpec, World, rows_of
from tests.identity.test_on_match import People, in_database

SEEDS: Final = 300
DATABASE: Final = 2
"""Seeds that are played with a state in a database as well."""
POLICIES: Final[tuple[WriteWhen, ...]] = ("once", "if_empty")


def rules(policy: WriteWhen) -> ContactRules:
    """First names have the policy."""
    return ContactRules(write={"firstName": policy})


class Editors(People):
    """People whose rows have a first name that no other row, and no earlier version of a row, has.

    Attributes:
        policy: the policy of first names.
    """

    def __init__(self, seed: int, policy: WriteWhen, world: World) -> None:
        self.policy = policy
        self.version = 0
        super().__init__(seed, "upsert", world)

    def change_row(self, key: int) -> None:
        """Let a row be new or have other values."""
        super().change_row(key)
        self.version += 1
        person = self.world.source[key]
        self.world.source[key] = Person(person.email, person.phone, f"Row {key}, version {self.version}")

    def by_hand(self, what: str) -> None:
        """Let a person do something; some clear a first name."""
        contacts = list(self.account.contacts)
        if what == "edit" and contacts and self.random.random() < 0.4:
            self.account.edit_contact(self.random.choice(contacts), firstName="")
        else:
            super().by_hand(what)

    def run(self, *, broken: bool = False, compare: bool = False) -> None:
        """Run the sync, and compare each contact with what a colleague would find who knows the policy."""
        before = {each: copy.deepcopy(dict(fields)) for each, fields in self.account.contacts.items()}
        self.start(broken=broken, compare=compare)
        for contact_id, contact in self.account.contacts.items():
            name = contact.get("firstName") or ""
            if contact_id not in before:
                assert name.startswith("Row "), f"{contact_id} was made without its first name"
                continue
            old = before[contact_id].get("firstName") or ""
            if old or self.policy == "once":
                assert name == old, f"the first name of {contact_id} became {name!r}"

    def start(self, *, broken: bool = False, compare: bool = False) -> None:
        """Run the sync, with calls that fail where it is broken."""
        faults = {self.random.randint(0, 8): self.random.choice(list(Fault)) for _ in range(2)} if broken else {}
        self.world.run(
            RunSpec(
                attempts=(faults,) if faults else (),
                is_abandoned=broken and self.random.random() < 0.3,
                compare=compare or self.random.random() < 0.4,
            )
        )

    def check(self) -> None:
        """In the end, no first name is blank where its field is filled, and each row's other values are right."""
        rows = rows_of(self.world)
        homes = {key: row["contact_id"] for key, row in rows.items()}
        for key, person in self.world.source.items():
            contact_id = homes[str(key)]
            if list(homes.values()).count(contact_id) > 1:
                continue
            contact: Any = self.account.contacts[contact_id]
            assert contact.get("email") == person.email or self._matched(Person(person.email, None, "")) - {contact_id}
            if self.policy == "if_empty":
                assert contact.get("firstName")

    def silence(self) -> None:
        """A last run, which nobody disturbs, writes nothing, also where only first names are others in the source."""
        for key, person in self.world.source.items():
            self.version += 1
            self.world.source[key] = Person(person.email, person.phone, f"Row {key}, version {self.version}")
        for compare in (False, True):
            self.world.run(RunSpec(compare=compare))
            assert self.world.writes == 0


def played(seed: int, policy: WriteWhen, world: World, steps: int) -> Editors:
    """Let people do something, and check what came of it."""
    people = Editors(seed, policy, world)
    people.play(steps)
    people.check()
    return people


def named(people: Editors) -> dict[str, object]:
    """The first name of each contact."""
    return {contact_id: contact.get("firstName") for contact_id, contact in people.account.contacts.items()}


@pytest.mark.parametrize("policy", POLICIES)
def test_what_is_left_to_the_crm_stays_as_it_is(policy: WriteWhen) -> None:
    """No run writes a first name that its policy forbids, and none makes a contact without one."""
    for seed in range(SEEDS):
        played(seed, policy, World(rules=rules(policy)), Random(seed).randint(1, 12)).silence()  # noqa: S311 - no secret is drawn


@pytest.mark.parametrize("policy", POLICIES)
def test_a_database_ends_as_memory_does(engine: sa.Engine, policy: WriteWhen) -> None:
    """The same people, with the state in a database: the same contacts, with the same first names."""
    for seed in range(DATABASE):
        memory = played(seed, policy, World(rules=rules(policy)), 8)
        with in_database(engine, f"{policy} {seed}") as world:
            world.rules = rules(policy)
            people = played(seed, policy, world, 8)
            assert rows_of(world) == rows_of(memory.world)
            assert named(people) == named(memory)
