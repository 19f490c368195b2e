"""Things that wait for each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.sync.ring import rings


def found_rings(waits_for: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """Return the rings in an order that does not depend on how they are found."""
    return sorted(sorted(ring) for ring in rings(waits_for))


@pytest.mark.parametrize(
    ("waits_for", "expected"),
    [
        ({}, []),
        ({1: []}, []),
        ({1: [1]}, []),
        ({1: [2], 2: []}, []),
        ({1: [2], 2: [3]}, []),
        ({1: [2], 2: [1]}, [[1, 2]]),
        ({1: [2], 2: [3], 3: [1]}, [[1, 2, 3]]),
        ({1: [2], 2: [1], 3: [4], 4: [3]}, [[1, 2], [3, 4]]),
        ({1: [2], 2: [3, 1], 3: [2]}, [[1, 2, 3]]),
        ({1: [2], 2: [1, 3], 3: []}, []),
        ({1: [2], 2: [1], 3: [1]}, [[1, 2]]),
        ({1: [2, 3], 2: [1], 3: [4], 4: [3]}, [[3, 4]]),
    ],
    ids=[
        "nothing",
        "one that waits for nothing",
        "one that waits for itself",
        "a line",
        "a line that ends outside",
        "two that wait for each other",
        "three in a circle",
        "two rings",
        "two circles that share a thing",
        "a ring that waits for something else",
        "something that waits for a ring",
        "a ring that waits for another ring",
    ],
)
def test_things_that_wait_only_for_each_other_are_a_ring(
    waits_for: Mapping[int, Sequence[int]], expected: list[list[int]]
) -> None:
    """A ring waits for nothing outside of it, and has two things or more."""
    assert found_rings(waits_for) == expected


def test_a_long_ring_is_found() -> None:
    """Its length is not limited by how deep calls may nest."""
    length = 20_000
    [ring] = rings({thing: [(thing + 1) % length] for thing in range(length)})
    assert sorted(ring) == list(range(length))


class Counted(int):
    """A thing that counts how often it is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        """Return True if the numbers are equal."""
        Counted.compared += 1
        return int(self) == other

    def __hash__(self) -> int:
        """Return the number's hash."""
        return hash(int(self))


def test_a_line_of_twice_the_length_takes_twice_the_steps() -> None:
    """Many rows may wait for one that can't be delivered, so that steps must not grow faster than rows."""
    taken = []
    for length in (200, 400):
        Counted.compared = 0
        assert rings({Counted(thing): [Counted(thing + 1)] for thing in range(length)}) == []
        taken.append(Counted.compared)
    assert taken[1] < 2.5 * taken[0]


def obvious_rings(waits_for: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """Return the rings by their definition: for each thing, all that it waits for, maybe through others."""
    things = {*waits_for, *(other for others in waits_for.values() for other in others)}
    reached = {thing: set(waits_for.get(thing, ())) for thing in things}
    for middle in things:
        for thing in things:
            if middle in reached[thing]:
                reached[thing] |= reached[middle]
    alone = {thing for thing in things if all(thing in reached[other] for other in reached[thing])}
    return sorted(
        {
            tuple(sorted(reached[thing])): [*sorted(reached[thing])] for thing in alone if len(reached[thing]) > 1
        }.values()
    )


@given(st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=3), max_size=9))
def test_rings_are_those_of_the_definition(waits_for: dict[int, list[int]]) -> None:
    """Whatever waits for what, the rings are the same as those that a slow look at every pair of things finds."""
    assert found_rings(waits_for) == obvious_rings(waits_for)
