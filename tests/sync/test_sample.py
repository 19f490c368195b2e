"""The choice of a sample is uniform, and the bounds of its share are those of Wilson's interval."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Collection
from itertools import combinations
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.sync.reservoir import Reservoir
from leadway_provider.sync.sample import SampleFindings, share_bounds

CHOICES = 20_000


def chosen(steps: str, size: int, chance: random.Random) -> tuple[int, ...]:
    """Return the keys that are kept after steps: `a` adds the next one, and a digit takes one back."""
    reservoir: Reservoir[int] = Reservoir(size, chance.random)
    added = 0
    for step in steps:
        if step == "a":
            reservoir.add(added, added)
            added += 1
        else:
            reservoir.take_back(int(step))
    assert reservoir.population == added - sum(step != "a" for step in steps)
    return tuple(sorted(reservoir.items()))


@pytest.mark.parametrize(
    ("steps", "left", "sizes"),
    [
        ("aaaaaa", range(6), {3}),
        ("aaaaaa0", range(1, 6), {2, 3}),
        ("aaaaaa0aa", range(1, 8), {3}),
        ("aaaaa12aaa", (0, 3, 4, 5, 6, 7), {3}),
        ("aaaaaa012aaa", range(3, 9), {3}),
        ("aa0aaaa", range(1, 6), {3}),
        ("aaaaaaaa0123", range(4, 8), {0, 1, 2, 3}),
    ],
)
def test_each_choice_is_as_likely_as_any_other(steps: str, left: Collection[int], sizes: set[int]) -> None:
    """Of what is left after something was taken back, too: a chi-squared test of all sets of one size."""
    chance = random.Random(steps)  # noqa: S311 - not for secrets
    found = Counter(chosen(steps, 3, chance) for _ in range(CHOICES))
    assert {len(each) for each in found} == sizes
    for size in sizes:
        every = list(combinations(left, size))
        drawn = sum(found[each] for each in every)
        assert drawn == sum(times for each, times in found.items() if len(each) == size)
        expected = drawn / len(every)
        distance = sum((found[each] - expected) ** 2 / expected for each in every)
        freedom = len(every) - 1
        assert distance < freedom + 4 * math.sqrt(2 * freedom) + 1


@given(size=st.integers(1, 6), steps=st.lists(st.integers(-12, 11), max_size=60), seed=st.integers())
def test_what_is_kept_was_added_and_not_taken_back(size: int, steps: list[int], seed: int) -> None:
    """Never more than asked for; all of it where nothing was left out; a key may come again after it was taken back."""
    reservoir: Reservoir[int] = Reservoir(size, random.Random(seed).random)  # noqa: S311 - not for secrets
    members: set[int] = set()
    most = 0
    for step in steps:
        if step < 0:
            free = next(key for key in range(100) if key not in members)
            reservoir.add(free, free)
            members.add(free)
        else:
            reservoir.take_back(step)
            members.discard(step)
        most = max(most, len(members))
        kept = reservoir.items()
        assert len(kept) == len(set(kept)) == len(reservoir) <= size
        assert set(kept) <= members
        assert reservoir.population == len(members)
        if most <= size:
            assert set(kept) == members


def roots(equal: int, sampled: int) -> tuple[float, float]:
    """Return the shares at which what was found is just at the edge of what 95% of samples show.

    They are where (share - p)² = z² p (1 - p) / n, as Wilson defines his interval; found here by halving.
    """
    z, share = NormalDist().inv_cdf(0.975), equal / sampled

    def is_inside(p: float) -> bool:
        return (share - p) ** 2 <= z**2 * p * (1 - p) / sampled

    def edge(outside: float, inside: float) -> float:
        for _ in range(100):
            middle = (outside + inside) / 2
            outside, inside = (outside, middle) if is_inside(middle) else (middle, inside)
        return inside

    centre = (equal + z**2 / 2) / (sampled + z**2)
    return (0.0 if equal == 0 else edge(0.0, centre)), (1.0 if equal == sampled else edge(1.0, centre))


@given(sampled=st.integers(1, 20_000), share=st.floats(0, 1))
def test_the_bounds_are_those_of_wilson(sampled: int, share: float) -> None:
    """As another way of computing them finds them, where the population is much larger."""
    equal = round(share * sampled)
    low, high = share_bounds(equal, sampled, 10**9 * sampled)
    expected = roots(equal, sampled)
    assert low == pytest.approx(expected[0], abs=1e-7)
    assert high == pytest.approx(expected[1], abs=1e-7)


def test_known_bounds() -> None:
    """Figures of the literature: 0 of 10 is up to 27.8%, 8 of 10 is 49.0% to 94.3%, 993 of 1,000 is 98.6% to 99.7%."""
    found = {each: share_bounds(*each, 10**9) for each in [(0, 10), (8, 10), (10, 10), (993, 1000)]}
    assert {each: tuple(round(bound, 4) for bound in bounds) for each, bounds in found.items()} == {
        (0, 10): (0.0, 0.2775),
        (8, 10): (0.4902, 0.9433),
        (10, 10): (0.7225, 1.0),
        (993, 1000): (0.9856, 0.9966),
    }


@given(st.data())
def test_the_bounds_hold_the_share_and_are_possible(data: st.DataObject) -> None:
    """They are one number where all were read, and never say what those that were read deny."""
    population = data.draw(st.integers(1, 10_000))
    sampled = data.draw(st.integers(1, population))
    equal = data.draw(st.integers(0, sampled))
    low, high = share_bounds(equal, sampled, population)
    assert 0 <= equal / population <= low <= equal / sampled <= high <= (population - sampled + equal) / population <= 1
    if sampled == population:
        assert low == high == equal / population


def test_the_bounds_hold_for_95_of_100_samples() -> None:
    """Of a population whose share is known, so many samples have bounds around it, and not all."""
    chance = random.Random(18)  # noqa: S311 - not for secrets
    around = 0
    for _ in range(1000):
        reservoir: Reservoir[bool] = Reservoir(100, chance.random)
        for number in range(1000):
            reservoir.add(number, number < 930)
        low, high = share_bounds(sum(reservoir.items()), 100, 1000)
        around += low <= 0.93 <= high
    assert 930 <= around <= 990


@pytest.mark.parametrize(
    ("findings", "said", "of_all"),
    [
        (
            SampleFindings(84_210, 1000, 993, 5, 2),
            "Of 1,000 contacts chosen at random, 993 (99.3%) are as acknowledged.",
            "With 95% confidence, the share of all 84,210 is 98.6% to 99.7%.",
        ),
        (
            SampleFindings(100_000_000, 100_000, 99_999, 1),
            "Of 100,000 contacts chosen at random, 99,999 (99.999%) are as acknowledged.",
            "With 95% confidence, the share of all 100,000,000 is 99.99% to 99.9998%.",
        ),
        (
            SampleFindings(3, 1, 1),
            "Of 1 contact chosen at random, 1 (100%) is as acknowledged.",
            "With 95% confidence, the share of all 3 is 33.3% to 100%.",
        ),
        (
            SampleFindings(2, 2, 0, 2),
            "All 2 contacts were read, so the share is exact: 0 (0%) are as acknowledged.",
            "",
        ),
        (SampleFindings(1, 1, 1), "The one contact was read, so the share is exact: 1 (100%) is as acknowledged.", ""),
        (SampleFindings(0), "No contact was read: no row is unchanged, with a contact of its own.", ""),
    ],
)
def test_what_is_said(findings: SampleFindings, said: str, of_all: str) -> None:
    """In words; 100% is said only where it is all."""
    assert findings.sentences() == " ".join(filter(None, (said, of_all)))


def test_what_is_kept_is_read_again() -> None:
    """As the state store has it; a run without a sample has none."""
    findings = SampleFindings(10, 5, 2, 2, 1, {"first_name": 2})
    assert SampleFindings.of_run(findings.document()) == findings
    assert SampleFindings.of_run({"contacts": 5, "drifted_by_field": {}}) is None
