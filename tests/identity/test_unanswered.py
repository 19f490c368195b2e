"""A contact that a call without an answer has created stays the row's, whatever becomes of the row until then."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from leadway_provider.sync.outcome import Counts
from tests.identity.faults import Fault
from tests.identity.model import Person, RunSpec, World

ANN, EVE = "ann@example.com", "eve@example.com"
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
