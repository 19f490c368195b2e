"""Whatever people do in the CRM by hand, a run with compare="account" puts it right and touches nobody else."""

from __future__ import annotations

from random import Random

import pytest

from leadway_provider.policies import ContactRules
from tests.comparison.hands import Hands

SEEDS = 200
PART = 100


@pytest.mark.parametrize("first", range(0, SEEDS, PART))
def test_all_rows_are_right_after_one_run(first: int) -> None:
    """Every mapped field of every row, unless a contact of nobody has the e-mail or phone; then nothing is sent."""
    for seed in range(first, first + PART):
        hands = Hands(Random(seed))  # noqa: S311 - no secret is drawn
        hands.play()
        assert (seed, hands.problems(), hands.touched_strangers()) == (seed, [], [])
        for _ in range(3 if hands.unsure() else 1):
            hands.account.writes = 0
            hands.run(compare=True)
            assert (seed, hands.touched_strangers()) == (seed, [])
            if not hands.account.writes:
                break
        assert (seed, hands.account.writes) == (seed, 0)


@pytest.mark.parametrize("first", range(0, SEEDS, PART))
def test_cities_that_people_have_typed_stay(first: int) -> None:
    """With `if_unedited`: those that the sync has written are right, and then nothing is sent."""
    for seed in range(first, first + PART):
        hands = Hands(Random(seed), rules=ContactRules(write={"city": "if_unedited"}))  # noqa: S311 - no secret is drawn
        hands.play()
        assert (seed, hands.overwritten(), hands.outdated()) == (seed, [], [])
        for _ in range(3 if hands.unsure() else 1):
            hands.account.writes = 0
            hands.run(compare=True)
            assert (seed, hands.overwritten(), hands.touched_strangers()) == (seed, [], [])
            if not hands.account.writes:
                break
        assert (seed, hands.account.writes) == (seed, 0)
