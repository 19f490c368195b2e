"""Rows that live on one contact: they are counted until one is left, and then the contact has this row's values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leadway_provider.sync.outcome import Counts
from tests.identity.faults import Fault, run_inline
from tests.identity.model import Person, RunSpec, World, rows_of

SUE, BOB, EVE = "sue@example.com", "bob@example.com", "eve@example.com"
HOME, WORK = "+12025550101", "+12025550102"


def on_one_contact(world: World, *more: Person) -> str:
    """Run once: a stranger has the e-mail of row 1 and the phone of row 2, so both live there; return this contact."""
    stranger = world.account.add_contact(email=SUE, phone=HOME, firstName="Sue")
    people = [Person(SUE, None, "Ann"), Person(None, HOME, "Bob"), *more]
    world.source = dict(enumerate(people, start=1))
    world.run()
    return stranger


def shown(world: World, key: int) -> tuple[object, ...]:
    """Return name, e-mail and phone of the contact that a row lives on."""
    contact = world.account.contacts[str(rows_of(world)[str(key)]["contact_id"])]
    return tuple(contact.get(name) for name in ("firstName", "email", "phone"))


def collisions(counts: Counts | None) -> int:
    """Return how many rows a run found on the contacts of others."""
    assert counts is not None
    return counts["collisions"]


def test_a_row_that_gets_a_contact_of_its_own_leaves_the_other_with_its_own_values(empty_world: World) -> None:
    """The row that did not change is written in the same run, because the contact had the other's values."""
    world = empty_world
    stranger = on_one_contact(world)
    assert shown(world, 1)[0] == "Bob"
    world.source[2] = Person(BOB, WORK, "Bob")
    assert world.run() == Counts(read=2, created=1, updated=1)
    assert world.account.contacts[stranger]["firstName"] == "Ann"
    assert shown(world, 2) == ("Bob", BOB, WORK)
    assert world.run() == Counts(read=2, unchanged=2)
    assert world.writes == 0


def test_a_row_that_departs_leaves_the_other_with_its_own_values(empty_world: World) -> None:
    """Also without a removal policy: the contact is that of the row which is left."""
    world = empty_world
    on_one_contact(world)
    del world.source[2]
    assert world.run() == Counts(read=1, updated=1)
    assert shown(world, 1)[:2] == ("Ann", SUE)
    assert world.run() == Counts(read=1, unchanged=1)


def test_a_row_that_is_not_read_is_planned_when_it_is(empty_world: World) -> None:
    """A partial read of the row that gets a contact of its own can't send the other one."""
    world = empty_world
    on_one_contact(world)
    world.source[2] = Person(BOB, WORK, "Bob")
    assert world.run(RunSpec(keys=frozenset({2}))) == Counts(read=1, created=1)
    assert world.run() == Counts(read=2, unchanged=1, updated=1)
    assert shown(world, 1)[:2] == ("Ann", SUE)


def test_a_collision_that_ends_while_rows_are_delivered_is_not_counted(empty_world: World) -> None:
    """The contact is gone, so that one row gets another one; the other row is superseded, and so is not sent."""
    world = empty_world
    stranger = on_one_contact(world, Person(EVE, None, "Eve"))
    world.source[2] = Person(EVE, HOME, "Bob")
    run_inline(world.account.delete_contact(stranger))
    world.source[1] = replace(world.source[1], name="Anna")
    counts = world.run()
    assert counts == Counts(read=3, unchanged=1, superseded=1, created=1)
    assert collisions(world.run()) == 0


def test_rows_that_stay_behind_on_a_contact_still_collide(empty_world: World) -> None:
    """Three rows live on one contact; when the first one leaves, the other two are named."""
    world = empty_world
    stranger = on_one_contact(world)
    world.account.edit_contact(stranger, email=EVE, phone=WORK)
    world.source[3] = Person(EVE, None, "Eve")
    assert collisions(world.run()) == 2
    run_inline(world.account.delete_contact(stranger))
    world.account.add_contact(email=EVE, phone=HOME)
    world.source[1] = Person(SUE, None, "Anna")
    assert collisions(world.run()) == collisions(world.run()) == 1
    assert [rows_of(world)[key]["collides_with"] for key in "123"] == [None, None, "2"]


def test_a_dry_run_counts_what_the_run_will_find(empty_world: World) -> None:
    """Rows that it would send are counted by their delivery."""
    world = empty_world
    on_one_contact(world)
    assert world.dry_run().counts()["collisions"] == 1
    world.source[2] = Person(BOB, WORK, "Bob")
    assert world.dry_run().counts()["collisions"] == 0


@pytest.mark.parametrize("is_abandoned", [False, True])
def test_a_contact_that_a_lost_call_wrote_to_gets_its_own_values_again(
    empty_world: World, *, is_abandoned: bool
) -> None:
    """The account matched another row's contact; the process ended before the answer, and the row is on another now."""
    world = empty_world
    stranger = world.account.add_contact(email=SUE, phone=HOME, firstName="Sue")
    world.source = {1: Person(SUE, None, "Ann"), 2: Person(None, HOME, "Bob")}
    world.run(RunSpec(attempts=({1: Fault.KILLED_AFTER},), is_abandoned=is_abandoned, in_flight=1))
    world.run()
    world.run()
    assert world.account.contacts[stranger]["firstName"] == "Ann"
    assert shown(world, 2) == ("Bob", None, HOME)
    assert world.run() == Counts(read=2, unchanged=2)


def test_a_contact_that_is_cleared_while_a_row_is_matched_to_it_gets_the_rows_values(empty_world: World) -> None:
    """A colleague merged the row's contact into one that gives its phone up in the same moment, for another row."""
    world = empty_world
    world.source = {1: Person(SUE, HOME, "Sue"), 2: Person(BOB, WORK, "Bob"), 3: Person(EVE, None, "Eve")}
    world.run()
    ids = {key: str(row["contact_id"]) for key, row in rows_of(world).items()}
    world.account.merge_contacts(ids["2"], into=ids["1"])
    world.source = {2: Person(BOB, WORK, "Bobby"), 3: Person(EVE, HOME, "Eve")}
    world.run()
    world.run()
    assert shown(world, 2) == ("Bobby", BOB, WORK)
    assert shown(world, 3) == ("Eve", EVE, HOME)
    assert world.run() == Counts(read=2, unchanged=2)


def test_a_row_that_is_matched_to_another_contact_takes_its_phone_along(empty_world: World) -> None:
    """The contact that it shared has the phone, and the row that stays there does not."""
    world = empty_world
    on_one_contact(world)
    world.account.add_contact(email=BOB, firstName="Rob")
    world.source[2] = Person(BOB, HOME, "Bob")
    assert world.run() == Counts(read=2, updated=2)
    assert (shown(world, 1), shown(world, 2)) == (("Ann", SUE, None), ("Bob", BOB, HOME))
    assert world.run() == Counts(read=2, unchanged=2)
