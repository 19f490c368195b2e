"""Random people and runs, delivered by several workers that may be killed at any call: nothing is held twice."""

from __future__ import annotations

import os
from typing import Any, Final

from tests.identity.faults import Fault
from tests.identity.model import RunSpec, people
from tests.identity.split_world import SplitWorld
from tests.identity.test_stateful import PeopleMachine, play

EXAMPLES: Final = int(os.environ.get("LEADWAY_IDENTITY_RUNS", "450")) // 3


class SplitMachine(PeopleMachine):
    """The people, colleagues and runs of the stateful test; each run is split, and workers share it."""

    def make_world(self, **choices: Any) -> SplitWorld:
        """Return a world whose runs are split, into parts of two rows."""
        return SplitWorld(**choices, size=2)


def test_one_person_stays_one_contact() -> None:
    """No two workers write to one contact at a time, every row has one outcome, and people are as the oracle says."""
    play(SplitMachine, EXAMPLES, "LEADWAY_IDENTITY_RUNS")


def test_a_killed_worker_is_taken_over() -> None:
    """Its rows are delivered by the others; what its last call carried is sent once more, to the same contact."""
    world = SplitWorld(size=2)
    world.source = people({n: (f"p{n}@example.com", None) for n in range(1, 21)})
    counts = world.run(RunSpec(attempts=({3: Fault.KILLED_AFTER}, {2: Fault.KILLED_BEFORE}), in_flight=2))
    assert counts is not None
    assert world.taken_over == 2
    assert world.left_over == 0
    assert counts["created"] + counts["updated"] == 20 == len(world.account.contacts)
