"""A contact that a call without an answer has created stays the row's, whatever becomes of the row until then."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from leadway_provider.sync.outcome import Counts
from tests.identity.faults import Fault, run_inline
from tests.identity.model import INVALID, Person, RunSpec, World

ANN, BOB, EVE, SAM = "ann@example.com", "bob@example.com", "eve@example.com", "sam@example.com"
HOME, WORK = "+12025550101", "+12025550102"
LOST: Mapping[int, Fault] = {0: Fault.LOST}
KILLED: Mapping[int, Fault] = {0: Fault.KILLED_AFTER}


def contacts(world: World) -> list[tuple[object, ...]]:
    """Return first name, e-mail and phone of each contact."""
    return [
        tuple(each.get(name) for name in ("firstName", "email", "phone")) for each in world.account.contacts.values()
    ]


@pytest.mark.parametrize("fault", [LOST, KILLED])
def test_a_row_that_changes_after_a_lost_answer_is_written_to_its_contact(
    empty_world: World, fault: Mapping[int, Fault]
) -> None:
    """Nothing of what was sent is left in the row, so the account would match no contact."""
    world = empty_world
    world.source = {1: Person(ANN, HOME, "Ann")}
    world.run(RunSpec(attempts=(fault,), is_abandoned=True))
    world.source = {1: Person(EVE, WORK, "Ann")}
    assert world.run() == Counts(read=1, created=1)
    assert contacts(world) == [("Ann", EVE, WORK)]


@pytest.mark.parametrize("fault", [LOST, KILLED])
@pytest.mark.parametrize("runs", [1, 2])
def test_a_row_that_was_refused_after_a_lost_answer_is_written_to_its_contact(
    empty_world: World, fault: Mapping[int, Fault], runs: int
) -> None:
    """A later run, or several, tried what was lost once more, and the API refused it; then the row changed."""
    world = empty_world
    world.source = {1: Person(ANN, HOME, "Ann")}
    world.run(RunSpec(attempts=(fault,), is_abandoned=True))
    world.refused = frozenset({ANN})
    for _ in range(runs):
        assert world.run(RunSpec(keys=frozenset())) == Counts(carried=1, refused=1)
    world.source = {1: Person(EVE, WORK, "Ann")}
    assert world.run() == Counts(read=1, created=1)
    assert contacts(world) == [("Ann", EVE, WORK)]
    assert world.run() == Counts(read=1, unchanged=1)


def test_a_row_that_a_retry_found_refused_is_written_to_its_contact(empty_world: World) -> None:
    """The process ended before the answer, and the retry of the same run was refused."""
    world = empty_world
    world.source = {1: Person(ANN, HOME, "Ann")}
    world.run(RunSpec(attempts=(KILLED,), is_abandoned=True))
    world.refused = frozenset({ANN})
    run = world.state.begin(task_run="run 1", retry_refused=world.retry_refused)
    assert run.sealed
    assert world.finish(run, "run 1", RunSpec()) == Counts(read=1, refused=1)
    world.refused = frozenset()
    world.source = {1: Person(EVE, WORK, "Ann")}
    assert world.run() == Counts(read=1, created=1)
    assert contacts(world) == [("Ann", EVE, WORK)]


def test_a_row_whose_every_call_was_refused_costs_one_call(empty_world: World) -> None:
    """It is certain that no contact was created, so none is looked up."""
    world = empty_world
    world.source = {1: Person(ANN, HOME, "Ann")}
    world.refused = frozenset({ANN})
    world.run()
    world.run()
    world.source = {1: Person(EVE, WORK, "Ann")}
    calls = world.account.calls
    assert world.run() == Counts(read=1, created=1)
    assert world.account.calls == calls + 1


@pytest.fixture
def unsure_world(empty_world: World) -> World:
    """Ann has EVE now, which Bob's contact got by a call without an answer: the state knows of BOB there."""
    world = empty_world
    world.source = {1: Person(ANN, None, "Ann"), 2: Person(BOB, None, "Bob")}
    world.run()
    world.source[2] = Person(EVE, None, "Bob")
    world.run(RunSpec(attempts=(LOST,), is_abandoned=True))
    assert emails(world) == {"Ann": ANN, "Bob": EVE}
    world.source[1] = Person(EVE, None, "Ann")
    return world


def emails(world: World) -> dict[object, object]:
    """Return the e-mail of each contact by its first name."""
    return {each["firstName"]: each.get("email") for each in world.account.contacts.values()}


@pytest.mark.parametrize("batch_size", [1, 2])
def test_what_a_lost_call_may_have_given_a_contact_is_waited_for(unsure_world: World, batch_size: int) -> None:
    """Bob has another e-mail now: Ann's row comes first in the source, and goes after his."""
    world = unsure_world
    world.source[2] = Person(SAM, None, "Bob")
    assert world.run(RunSpec(batch_size=batch_size)) == Counts(read=2, updated=2)
    assert emails(world) == {"Ann": EVE, "Bob": SAM}
    assert world.run() == Counts(read=2, unchanged=2)


def test_what_a_lost_call_may_have_given_a_contact_is_passed_on_in_a_ring(unsure_world: World) -> None:
    """Bob has Ann's e-mail now."""
    world = unsure_world
    world.source[2] = Person(ANN, None, "Bob")
    assert world.run() == Counts(read=2, updated=2)
    assert emails(world) == {"Ann": EVE, "Bob": ANN}
    assert world.run() == Counts(read=2, unchanged=2)


def test_what_a_lost_call_has_given_a_contact_is_given_up_where_its_row_is_refused(unsure_world: World) -> None:
    """The contact is read first, and then cleared."""
    world = unsure_world
    world.source[2], world.refused = Person(SAM, None, "Bob"), frozenset({SAM})
    assert world.run() == Counts(read=2, updated=1, refused=1)
    assert emails(world) == {"Ann": EVE, "Bob": None}


def test_a_contact_keeps_what_it_has_where_the_call_did_not_arrive(empty_world: World) -> None:
    """Its row is refused, and what it has is not what the other row takes."""
    world = empty_world
    world.source = {1: Person(ANN, None, "Ann"), 2: Person(BOB, None, "Bob")}
    world.run()
    world.source[2] = Person(EVE, None, "Bob")
    world.run(RunSpec(attempts=({0: Fault.UNREACHABLE},), is_abandoned=True))
    world.source, world.refused = {1: Person(EVE, None, "Ann"), 2: Person(SAM, None, "Bob")}, frozenset({SAM})
    assert world.run() == Counts(read=2, updated=1, refused=1)
    assert emails(world) == {"Ann": EVE, "Bob": BOB}


@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_contact_that_a_lost_call_created_is_not_matched_for_another_row(empty_world: World, batch_size: int) -> None:
    """The row that takes the e-mail comes first in the source, and goes after the row that gives it up."""
    world = empty_world
    world.source = {1: Person(ANN, None, "Ann")}
    world.run(RunSpec(attempts=(LOST,), is_abandoned=True))
    world.source = {2: Person(ANN, None, "Bob"), 1: Person(EVE, None, "Ann")}
    assert world.run(RunSpec(batch_size=batch_size)) == Counts(read=2, created=2)
    assert contacts(world) == [("Ann", EVE, None), ("Bob", ANN, None)]
    assert world.run() == Counts(read=2, unchanged=2)


def test_a_row_with_a_contact_from_a_lost_call_takes_the_e_mail_of_a_departed_row(empty_world: World) -> None:
    """The row has a contact, so it does not take over that of the departed row, which gives the e-mail up."""
    world = empty_world
    world.source = {1: Person(EVE, None, "Eve")}
    world.run()
    world.source[2] = Person(BOB, None, "Bob")
    world.run(RunSpec(attempts=(LOST,), is_abandoned=True))
    world.source = {2: Person(EVE, None, "Bob")}
    assert world.run() == Counts(read=1, created=1)
    assert emails(world) == {"Eve": None, "Bob": EVE}
    assert world.run() == Counts(read=1, unchanged=1)


def test_what_a_lost_call_may_have_given_a_contact_is_known_while_its_row_is_invalid(unsure_world: World) -> None:
    """Bob's row is invalid for a run. Ann's waits for its e-mail, and goes after his row when that is sent again."""
    world = unsure_world
    world.source[2] = Person(INVALID, None, "Bob")
    assert world.run() == Counts(read=2, invalid=1, superseded=1)
    world.source[2] = Person(SAM, None, "Bob")
    assert world.run() == Counts(read=2, updated=2)
    assert emails(world) == {"Ann": EVE, "Bob": SAM}


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.KILLED_AFTER])
def test_a_lost_call_may_have_created_a_contact_for_a_row_whose_contact_was_gone(
    empty_world: World, fault: Fault
) -> None:
    """A colleague deleted the row's contact, so the account created another one; then the row changed."""
    world = empty_world
    world.source = {1: Person(ANN, HOME, "Ann")}
    world.run()
    run_inline(world.account.delete_contact(next(iter(world.account.contacts))))
    world.source = {1: Person(BOB, HOME, "Ann")}
    world.run(RunSpec(attempts=({1: fault},), is_abandoned=True))
    world.source = {1: Person(EVE, WORK, "Ann")}
    assert world.run() == Counts(read=1, created=1)
    assert contacts(world) == [("Ann", EVE, WORK)]
    assert world.run() == Counts(read=1, unchanged=1)


def test_the_contact_of_a_departed_row_gives_up_the_phone_if_the_account_matches_another_one(
    empty_world: World,
) -> None:
    """A colleague took the e-mail away, which a stranger has now; the new row has the e-mail and the phone."""
    world = empty_world
    world.source = {1: Person(ANN, HOME, "Ann")}
    world.run()
    world.account.edit_contact(next(iter(world.account.contacts)), email=None)
    world.account.add_contact(email=ANN, firstName="Sue")
    world.source = {2: Person(ANN, HOME, "Anna")}
    assert world.run() == Counts(read=1, updated=1)
    assert contacts(world) == [("Ann", None, None), ("Anna", ANN, HOME)]
    assert world.run() == Counts(read=1, unchanged=1)
