"""`if_unedited`: whatever people, colleagues and broken calls do, no run overwrites what a person has written."""

from __future__ import annotations

import copy
from random import Random
from typing import Final

import pytest
import sqlalchemy as sa

from tests.identity.model import World, rows_of
from tests.identity.test_on_match import in_database
from tests.identity.test_write_policy import Editors, named, rules

SEEDS: Final = 300
DATABASE: Final = 2
"""Seeds that are played with a state in a database as well."""


class Typists(Editors):
    """People who also type first names, which no row of the source has.

    Attributes:
        faithful: whether each call arrives, and each answer.
        given: the rows, by key, whose first names the account has had.
        moved: the rows, by key, that have lived on several contacts: of the first one nothing is known any more.
        homes: the contact of each row after the last run, by key.
    """

    def __init__(self, seed: int, world: World, *, faithful: bool = False) -> None:
        self.faithful = faithful
        self.given: set[str] = set()
        self.moved: set[str] = set()
        self.homes: dict[str, str] = {}
        super().__init__(seed, "if_unedited", world)

    def run(self, *, broken: bool = False, compare: bool = False) -> None:
        """Run the sync: a name that a person has typed stays, and so does a field that a person has cleared."""
        before = {each: copy.deepcopy(dict(fields)) for each, fields in self.account.contacts.items()}
        had = dict(self.homes)
        self.start(broken=broken and not self.faithful, compare=compare)
        rows = rows_of(self.world)
        self.homes = {key: str(row["contact_id"]) for key, row in rows.items() if row["contact_id"]}
        self.moved |= {key for key, home in had.items() if self.homes.get(key, home) != home}
        for contact_id, was in before.items():
            old, name = was.get("firstName") or "", self.account.contacts[contact_id].get("firstName") or ""
            if old and not old.startswith("Row "):
                assert name == old, f"the first name of {contact_id}, {old}, became {name!r}"
            residents = {key for key, home in self.homes.items() if home == contact_id}
            if self.faithful and not old and residents and residents <= self.given - self.moved:
                assert not name, f"the first name of {contact_id}, which was cleared, became {name!r}"
        for key, home in self.homes.items():
            if self.account.contacts.get(home, {}).get("firstName") == self.world.source[int(key)].name:
                self.given.add(key)

    def check(self) -> None:
        """In the end, no contact has a first name that its row had before."""
        for key, person in self.world.source.items():
            home = self.homes.get(str(key), "")
            alone = list(self.homes.values()).count(home) == 1 and str(key) not in self.moved
            name = str(self.account.contacts.get(home, {}).get("firstName") or "")
            if self.faithful and alone and name.startswith(f"Row {key},"):
                assert name == person.name

    def silence(self) -> None:
        """Last runs, which nobody disturbs, write nothing: what is held back makes no row changed."""
        for compare in (False, True, False):
            self.start(compare=compare)
            assert self.world.writes == 0


def played(seed: int, world: World, steps: int, *, faithful: bool = False) -> Typists:
    """Let people do something, and check what came of it."""
    people = Typists(seed, world, faithful=faithful)
    people.play(steps)
    people.check()
    return people


@pytest.mark.parametrize("faithful", [False, True])
def test_what_a_person_has_typed_stays(*, faithful: bool) -> None:
    """Without lost answers, what the sync has written itself is always brought up to date."""
    for seed in range(SEEDS):
        world = World(rules=rules("if_unedited"))
        played(seed, world, Random(seed).randint(1, 12), faithful=faithful).silence()  # noqa: S311 - no secret is drawn


def test_a_database_ends_as_memory_does(engine: sa.Engine) -> None:
    """The same people, with the state in a database: the same contacts, with the same first names."""
    for seed in range(DATABASE):
        memory = played(seed, World(rules=rules("if_unedited")), 8)
        with in_database(engine, f"if_unedited {seed}") as world:
            world.rules = rules("if_unedited")
            people = played(seed, world, 8)
            assert rows_of(world) == rows_of(memory.world)
            assert named(people) == named(memory)
