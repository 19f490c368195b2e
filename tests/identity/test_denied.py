"""An e-mail that another row's contact kept is written as soon as that contact gives it up."""

from __future__ import annotations

import pytest

from leadway_provider.policies import RemovalPolicy
from leadway_provider.sync.outcome import Counts
from tests.identity.model import Person, RunSpec, World

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
HOME, WORK, DESK = "+12025550101", "+12025550102", "+12025550103"


@pytest.fixture
def world(empty_world: World) -> World:
    """A world after two runs: row 1 keeps ANN, since EVE is refused; row 2 has ANN now, and its contact still BOB."""
    world = empty_world
    world.account.clears_identities = False
    world.source = {1: Person(ANN, None, "Ann"), 2: Person(BOB, None, "Bob")}
    world.run()
    world.refused = frozenset({EVE})
    world.source = {1: Person(EVE, None, "Ann"), 2: Person(ANN, None, "Bob")}
    assert world.run() == Counts(read=2, updated=1, refused=1, identity_taken=1)
    return world


def emails(world: World) -> dict[object, object]:
    """Return the e-mail of each contact by its first name."""
    return {each["firstName"]: each.get("email") for each in world.account.contacts.values()}


def test_a_row_gets_what_another_contact_kept_when_that_contact_gives_it_up(world: World) -> None:
    """The row did not change, and is sent in the same run, after the other one."""
    assert emails(world) == {"Ann": ANN, "Bob": BOB}
    world.refused = frozenset()
    assert world.run() == Counts(read=2, updated=2)
    assert emails(world) == {"Ann": EVE, "Bob": ANN}
    assert world.run() == Counts(read=2, unchanged=2)
    assert world.writes == 0


def test_a_row_that_is_not_read_gets_it_when_it_is(world: World) -> None:
    """A partial read of the other row can't send it."""
    world.refused = frozenset()
    world.run(RunSpec(keys=frozenset({1})))
    assert world.run() == Counts(read=2, unchanged=1, updated=1)
    assert emails(world) == {"Ann": EVE, "Bob": ANN}


def test_a_row_gets_it_when_the_other_one_is_tried_again_without_being_read(world: World) -> None:
    """A partial read of this row alone: the refused row is carried, and both are sent in this run."""
    world.refused = frozenset()
    assert world.run(RunSpec(keys=frozenset({2}))) == Counts(read=1, carried=1, updated=2)
    assert emails(world) == {"Ann": EVE, "Bob": ANN}


def test_a_row_that_is_not_read_gets_it_after_the_other_one_was_tried_again(world: World) -> None:
    """A partial read of neither row: the refused row is carried, and this one is sent when it is read."""
    world.refused = frozenset()
    world.source[3] = Person(None, HOME, "Sue")
    assert world.run(RunSpec(keys=frozenset({3}))) == Counts(read=1, carried=1, created=1, updated=1)
    assert world.run() == Counts(read=3, unchanged=2, updated=1)
    assert emails(world) == {"Ann": EVE, "Bob": ANN, "Sue": None}


def test_a_row_is_not_sent_again_where_the_other_one_was_refused_too_often(world: World) -> None:
    """The other row waits until it changes, so its contact keeps the e-mail."""
    world.retry_refused = 0
    world.source[3] = Person(None, HOME, "Sue")
    world.run(RunSpec(keys=frozenset({3})))
    assert world.run() == Counts(read=3, unchanged=2, refused=1)
    assert world.writes == 0


def test_a_row_gets_what_the_contact_of_a_departed_row_kept_when_that_contact_is_deleted(empty_world: World) -> None:
    """The account clears nothing, and the deletion comes last in the run, so that the next run sends the row."""
    world = empty_world
    world.account.clears_identities = False
    world.policy = RemovalPolicy(on_removed="delete", max_removed=10)
    world.source = {1: Person(ANN, None, "Ann"), 2: Person(BOB, None, "Bob")}
    world.run()
    world.source = {2: Person(ANN, None, "Bob")}
    assert world.run() == Counts(read=1, updated=1, identity_taken=1, removed=1)
    assert emails(world) == {"Bob": BOB}
    assert world.run() == Counts(read=1, updated=1)
    assert emails(world) == {"Bob": ANN}
    assert world.run() == Counts(read=1, unchanged=1)


def test_a_row_gets_what_the_contact_of_a_departed_row_kept_when_another_row_takes_that_contact_over(
    empty_world: World,
) -> None:
    """The account clears nothing, and the other row is sent later in the run, so that the next run sends this one."""
    world = empty_world
    world.account.clears_identities = False
    world.source = {1: Person(ANN, HOME, "Ann"), 2: Person(BOB, WORK, "Bob")}
    world.run()
    world.source = {2: Person(BOB, HOME, "Bob"), 3: Person(ANN, DESK, "Anna")}
    assert world.run() == Counts(read=2, updated=2, identity_taken=1)
    assert world.run() == Counts(read=2, unchanged=1, updated=1)
    assert {each["firstName"]: each["phone"] for each in world.account.contacts.values()} == {"Anna": DESK, "Bob": HOME}
    assert world.run() == Counts(read=2, unchanged=2)


def test_a_phone_that_a_stranger_had_when_the_row_was_sent_is_named() -> None:
    """Another row takes the stranger's contact over, in the same run; the row gets the phone when it is sent again."""
    world = World()
    world.account.add_contact(email=ANN, phone=WORK, firstName="Sue")
    world.account.add_contact(email=BOB, phone=HOME, firstName="Sam")
    world.source = {1: Person(ANN, HOME, "Ann"), 2: Person(BOB, DESK, "Bob")}
    assert world.run() == Counts(read=2, updated=2, not_kept=1)
    row = world.state.row_of("1")
    assert row is not None
    assert [(each.field, each.code) for each in row.remarks] == [("phone", "phone_owned_by_other")]
    world.source[1] = Person(ANN, HOME, "Anna")
    assert world.run() == Counts(read=2, unchanged=1, updated=1)
    assert world.account.contacts[str(row.contact_id)]["phone"] == HOME
