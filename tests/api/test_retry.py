"""The policy of retries."""

from __future__ import annotations

import pytest

from leadway_provider.api.retry import RetryPolicy


def test_pauses_double_up_to_the_cap() -> None:
    """The longest pause doubles with every failure until the cap, and no call is sent more often than allowed."""
    policy = RetryPolicy(attempts=6, base=0.5, cap=3.0)
    pauses = [policy.delay(attempt, None, lambda: 1.0) for attempt in range(1, 7)]
    assert pauses == [0.5, 1.0, 2.0, 3.0, 3.0, None]


def test_pauses_are_drawn_from_the_whole_range() -> None:
    """Full jitter: a pause may be anything from nothing to the longest."""
    policy = RetryPolicy(base=8.0)
    assert [policy.delay(1, None, lambda drawn=drawn: drawn) for drawn in (0.0, 0.25, 0.5)] == [0.0, 2.0, 4.0]  # type: ignore[misc]


@pytest.mark.parametrize(("asked", "pause"), [(0.0, 0.25), (20.0, 20.0), (299.0, 299.0), (301.0, None)])
def test_the_servers_wish_counts(asked: float, pause: float | None) -> None:
    """A longer pause that the server asks for is kept, unless it is longer than patience lasts."""
    assert RetryPolicy().delay(1, asked, lambda: 0.5) == pause


def test_many_attempts_do_not_overflow() -> None:
    """A policy of very many attempts stays at its cap."""
    assert RetryPolicy(attempts=10_000).delay(9_000, None, lambda: 1.0) == 30.0
