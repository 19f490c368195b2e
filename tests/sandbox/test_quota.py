"""The windows and headers of the quotas, on a clock that stands still."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.sandbox.quota import Limits, Quota, WindowKind

DAY = Quota(200_000, 86_400.0, "fixed")


def limits(requests: int, seconds: float, window: WindowKind = "sliding") -> Limits:
    """Return limits with a burst quota only, which count from 0."""
    return Limits(Quota(requests, seconds, window), None, started=0.0)


def test_a_sliding_window_counts_each_call_for_one_window() -> None:
    """Calls at 0 and 6 fill a window of 10 s, and the next call is granted at 10 and not before."""
    measured = limits(2, 10.0)
    assert [measured.take(now) for now in (0.0, 6.0, 9.999, 10.0, 15.999, 16.0)] == [
        True,
        True,
        False,
        True,
        False,
        True,
    ]


def test_a_fixed_window_starts_again_at_every_multiple() -> None:
    """Two calls just before and two just after the boundary are all granted."""
    measured = limits(2, 10.0, "fixed")
    assert [measured.take(now) for now in (9.8, 9.9, 9.95, 10.0, 10.1, 10.2)] == [True, True, False, True, True, False]


def test_a_refused_call_uses_up_nothing() -> None:
    """A hundred refusals don't fill the window."""
    measured = limits(1, 10.0)
    measured.take(0.0)
    assert not any(measured.take(5.0) for _ in range(100))
    assert measured.take(10.0)


def test_a_used_up_day_refuses_without_using_the_burst() -> None:
    """Without daily quota a call is refused, and the burst quota stays as it is."""
    measured = Limits(Quota(5, 10.0), Quota(1, 86_400.0, "fixed"), started=0.0)
    assert [measured.take(0.0), measured.take(1.0)] == [True, False]
    assert measured.headers(1.0)["X-RateLimit-Remaining"] == "4"
    assert measured.returns_in(1.0) == 86_399.0


def test_the_headers_are_the_documented_ones() -> None:
    """There are six headers, and the reset is a duration in milliseconds."""
    measured = Limits(Quota(100, 10.0), DAY, started=1_000.0)
    measured.take(1_000.0)
    assert measured.headers(1_000.5) == {
        "X-RateLimit-Max": "100",
        "X-RateLimit-Remaining": "99",
        "X-RateLimit-Interval-Milliseconds": "10000",
        "X-RateLimit-Limit-Daily": "200000",
        "X-RateLimit-Daily-Remaining": "199999",
        "X-RateLimit-Daily-Reset": "86399500",
    }


def test_without_quotas_every_call_is_granted_and_no_header_sent() -> None:
    """None stands for no limit."""
    measured = Limits(None, None, started=0.0)
    assert all(measured.take(0.0) for _ in range(1_000))
    assert measured.headers(0.0) == {}


@pytest.mark.parametrize(("requests", "seconds"), [(0, 10.0), (1, 0.0)])
def test_a_quota_that_grants_nothing_is_refused(requests: int, seconds: float) -> None:
    """A quota of no requests or no seconds is an error."""
    with pytest.raises(ValueError, match="at least one request"):
        Quota(requests, seconds)


@given(st.integers(1, 6), st.lists(st.integers(0, 40), max_size=60))
def test_no_sliding_window_ever_holds_more_than_its_maximum(maximum: int, gaps: list[int]) -> None:
    """A call is granted exactly if the window before it holds fewer calls than the maximum, for any arrivals."""
    measured = limits(maximum, 16.0)
    now, granted = 0.0, list[float]()
    for gap in gaps:
        now += gap / 4
        within = sum(now - 16.0 < earlier <= now for earlier in granted)
        taken = measured.take(now)
        assert taken == (within < maximum)
        if taken:
            granted.append(now)
