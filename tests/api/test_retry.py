"""The policy of retries."""

from __future__ import annotations

import pytest

from leadway_provider.api.retry import RetryPolicy


def test_pauses_double_up_to_the_cap() -> None:
    """The longest pause doubles with every failure up to the cap, and the last attempt has no pause."""
    policy = RetryPolicy(attempts=6, base=0.5, cap=3.0)
    pauses = [policy.delay(attempt, None, lambda: 1.0) for attempt in range(1, 7)]
    assert pauses == [0.5, 1.0, 2.0, 3.0, 3.0, None]


def test_pauses_are_drawn_from_the_whole_range() -> None:
    """With full jitter a pause is anything between zero and the longest pause."""
    policy = RetryPolicy(base=8.0)
    random = iter((0.0, 0.25, 0.5)).__next__
    assert [policy.delay(1, None, random) for _ in range(3)] == [0.0, 2.0, 4.0]


@pytest.mark.parametrize(("asked", "pause"), [(0.0, 0.25), (20.0, 20.0), (299.0, 299.0), (301.0, None)])
def test_a_pause_that_the_server_asks_for_is_kept(asked: float, pause: float | None) -> None:
    """A longer pause than `patience` ends the retries."""
    assert RetryPolicy().delay(1, asked, lambda: 0.5) == pause


def test_many_attempts_do_not_overflow() -> None:
    """After very many attempts the pause is still the cap."""
    assert RetryPolicy(attempts=10_000).delay(9_000, None, lambda: 1.0) == 30.0
