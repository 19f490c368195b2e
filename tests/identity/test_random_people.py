"""The people of the stateful test, as a plain generator draws them: more runs in less time."""

from __future__ import annotations

from tests.identity.random_people import play


def test_random_people_end_on_contacts_of_their_own() -> None:
    """Whatever people, colleagues and processes do: some hundreds of runs."""
    for seed in range(100):
        play(seed)
