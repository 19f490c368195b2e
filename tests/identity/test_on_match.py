"""on_match: whatever people, colleagues and broken calls do, contacts that it leaves alone are left alone."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import closing, contextmanager
from random import Random
from typing import Any, Final, cast

import pytest
import sqlalchemy as sa

from leadway_provider.policies import OnMatch
from leadway_provider.store.state import StateStore
from leadway_provider.sync.request import SyncIdentity
from leadway_provider.testing import MemoryAccount, MemoryState
from leadway_provider.testing.contact import identities_of
from tests.identity.faults import Fault, run_inline
from tests.identity.model import Person, RunSpec, World, rows_of
from tests.identity.sql_state import SqlState

EMAILS: Final = [f"e{number}@example.com" for number in range(7)]
PHONES: Final = [f"+1202555010{number}" for number in range(7)]
NAMES: Final = ["Ann", "Bob", "Cleo"]
SEEDS: Final = 300
DATABASE: Final = 2
"""Seeds that are played with a state in a database as well."""


class People:
    """Random people of a source and of an account; all of it follows from a seed.

    Attributes:
        world: the source, the account and the sync.
    """

    def __init__(self, seed: int, on_match: OnMatch, world: World) -> None:
        self.random = Random(seed)  # noqa: S311 - no secret is drawn
        self.world = world
        world.on_match = on_match
        world.account.allows_duplicates = False
        for _ in range(self.random.randint(0, 4)):
            self.by_hand("create")
        for key in range(1, self.random.randint(2, 5)):
            self.change_row(key)

    @property
    def account(self) -> MemoryAccount:
        return self.world.account

    def play(self, steps: int) -> None:
        """Let anything happen, and then two runs without a fault, which nobody disturbs."""
        for _ in range(steps):
            what = self.random.choice(["hand", "hand", "row", "row", "run", "run"])
            if what == "hand":
                self.by_hand(self.random.choice(["create", "edit", "edit", "delete"]))
            elif what == "row":
                self.change_row(self.random.randint(1, 5))
            else:
                self.run(broken=True)
        self.run(compare=True)
        self.run(compare=True)

    def by_hand(self, what: str) -> None:
        """Let a person create, edit or delete a contact; nobody has an e-mail or phone of another one."""
        contacts = list(self.account.contacts)
        if what == "create" or not contacts:
            email, phone = self._free(EMAILS, "email"), self._free(PHONES, "phone")
            self.account.add_contact(email=email, phone=phone, firstName=self.random.choice(NAMES))
        elif what == "edit":
            name = self.random.choice(["email", "phone", "firstName"])
            values: dict[str, Any] = {"email": EMAILS, "phone": PHONES}
            value = self._free(values[name], name) if name in values else self.random.choice(NAMES)
            self.account.edit_contact(self.random.choice(contacts), **{name: value})
        else:
            run_inline(self.account.delete_contact(self.random.choice(contacts)))

    def _free(self, values: list[str], name: str) -> str | None:
        held = {value for contact in self.account.contacts.values() for value in identities_of(contact, name)}
        return self.random.choice([*(each for each in values if each not in held), None])

    def change_row(self, key: int) -> None:
        """Let a row be new or have other values; no two rows share an e-mail or phone."""
        others = [person for other, person in self.world.source.items() if other != key]
        emails = [each for each in EMAILS if each not in {person.email for person in others}]
        phones = [each for each in PHONES if each not in {person.phone for person in others}]
        phone = self.random.choice([*phones, None])
        self.world.source[key] = Person(self.random.choice(emails), phone, self.random.choice(NAMES))

    def run(self, *, broken: bool = False, compare: bool = False) -> None:
        """Run the sync, and check what it may not do."""
        before = {each: copy.deepcopy(dict(fields)) for each, fields in self.account.contacts.items()}
        faults = {self.random.randint(0, 8): self.random.choice(list(Fault)) for _ in range(2)} if broken else {}
        spec = RunSpec(
            attempts=(faults,) if faults else (),
            is_abandoned=broken and self.random.random() < 0.3,
            compare=compare or self.random.random() < 0.4,
        )
        self.world.run(spec)
        after = self.account.contacts
        if self.world.on_match == "update_only":
            assert set(after) <= set(before)
        else:
            changed = {each for each, fields in before.items() if dict(after[each]) != fields}
            assert not changed

    # What must be true in the end

    def check(self) -> None:
        """Compare each row's outcome with what people would say who look at the account."""
        rows = rows_of(self.world)
        homes = {key: row["contact_id"] for key, row in rows.items()}
        for key, person in self.world.source.items():
            state, contact_id = str(rows[str(key)]["state"]), homes[str(key)]
            others = {home for other, home in homes.items() if other != str(key)}
            matched = self._matched(person)
            if self.world.on_match == "update_only":
                exists = contact_id in self.account.contacts
                assert (state == "skipped") == (not exists and matched <= others), (key, state)
                if not exists and matched - others:
                    raise AssertionError(f"{key} was not written to {matched - others}")
                if exists and list(homes.values()).count(contact_id) == 1:
                    assert self.account.contacts[contact_id].get("firstName") == person.name
            else:
                assert state in ("skipped", "created", "updated", "unchanged"), (key, state)
                if state == "skipped":
                    assert matched or contact_id is not None
                else:
                    assert contact_id in self.account.contacts

    def _matched(self, person: Person) -> set[str]:
        wanted = {("email", person.email), ("phone", person.phone)}
        return {
            contact_id
            for contact_id, contact in self.account.contacts.items()
            if any((name, value) in wanted for name in ("email", "phone") for value in identities_of(contact, name))
        }


@contextmanager
def in_database(engine: sa.Engine, name: str) -> Iterator[World]:
    """A world whose state is in a database."""
    world = World()
    with closing(StateStore.open(engine, "state", world.time.now)) as store:
        sync = SyncIdentity(name, "https://api.example.com", "loc1")
        world.state = cast("MemoryState", SqlState(engine, store, sync))
        yield world


@pytest.mark.parametrize("on_match", ["update_only", "create_only"])
def test_contacts_are_left_alone_and_rows_end_as_people_expect(on_match: OnMatch) -> None:
    """No call of an update_only run creates a contact; no call of a create_only run changes one that exists."""
    for seed in range(SEEDS):
        people = People(seed, on_match, World())
        people.play(people.random.randint(1, 12))
        people.check()


@pytest.mark.parametrize("on_match", ["update_only", "create_only"])
def test_a_database_ends_as_memory_does(engine: sa.Engine, on_match: OnMatch) -> None:
    """The same people, with the state in a database: each row has the same outcome and the same contact."""
    for seed in range(DATABASE):
        memory = People(seed, on_match, World())
        memory.play(8)
        with in_database(engine, f"{on_match} {seed}") as world:
            people = People(seed, on_match, world)
            people.play(8)
            people.check()
            assert (seed, rows_of(world)) == (seed, rows_of(memory.world))
