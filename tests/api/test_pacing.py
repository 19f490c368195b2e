"""The pacer against quotas that count in simulated time."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadway_provider.api.pacing import Pacer, Ticket
from tests.api.account import Account, Caller, Fixed, Latency, Quota, Sliding, heavy_tailed, jittery, steady

WINDOWS = pytest.mark.parametrize("window", [Sliding, Fixed])


def latencies() -> st.SearchStrategy[Latency]:
    """Latencies of several kinds."""
    seeds = st.integers(0, 10_000)
    return st.one_of(
        st.floats(0.0, 0.5).map(steady),
        st.builds(jittery, seeds, there=st.floats(0, 0.3), back=st.floats(0, 0.3)),
        seeds.map(heavy_tailed),
    )


@given(
    window=st.sampled_from([Sliding, Fixed]),
    maximum=st.integers(1, 120),
    interval=st.sampled_from([0.5, 1.0, 10.0]),
    believed=st.integers(1, 200),
    in_flight=st.sampled_from([1, 4, 16, 64]),
    latency=latencies(),
)
@settings(max_examples=60, deadline=None)
def test_a_client_alone_meets_no_429(  # noqa: PLR0917  # hypothesis passes them by name
    window: Callable[[int, float], Quota],
    maximum: int,
    interval: float,
    believed: int,
    in_flight: int,
    latency: Latency,
) -> None:
    """Whatever the quota, the latency and what the connection says, no call is one too many, and all are made."""
    caller = Caller(Pacer(believed, 10.0), calls=6 * maximum, in_flight=in_flight)
    Account(window(maximum, interval), latency).serve(caller)
    assert caller.refused == 0
    assert len(caller.answered_at) == 6 * maximum


@WINDOWS
@pytest.mark.parametrize(("maximum", "interval"), [(100, 1.0), (100, 10.0), (25, 10.0), (1000, 10.0)])
def test_a_client_alone_runs_at_quota_speed(
    window: Callable[[int, float], Quota], maximum: int, interval: float
) -> None:
    """With 16 calls in flight and constant latency, no more than 1% of the quota is lost."""
    caller = Caller(Pacer(), calls=40 * maximum)
    Account(window(maximum, interval), steady(0.1)).serve(caller, until=24.5 * interval)
    made = sum(4.5 * interval <= at < 24.5 * interval for at in caller.answered_at)
    assert 0.99 * 20 * maximum <= made <= 20 * maximum


def test_jitter_costs_no_more_than_its_share_of_the_interval() -> None:
    """With ways of up to 0.1 s each in an interval of 10 s, at least 95% of the quota is used."""
    caller = Caller(Pacer(), calls=4000)
    Account(Sliding(100, 10.0), jittery(1)).serve(caller, until=345.0)
    assert sum(45.0 <= at < 345.0 for at in caller.answered_at) >= 0.95 * 3000
    assert caller.refused == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("latency", [jittery, heavy_tailed, lambda _: steady()])
def test_two_clients_share_a_sliding_quota(latency: Callable[[int], Latency], seed: int) -> None:
    """Two clients that know nothing of each other use nearly all of it, and meet a 429 once in a while at most."""
    one, other = (Caller(Pacer(), calls=10_000) for _ in range(2))
    Account(Sliding(100, 10.0), latency(seed)).serve(one, other, until=400.0)
    made = len(one.answered_at) + len(other.answered_at)
    assert made >= 0.9 * 4000
    assert one.refused + other.refused <= 0.01 * made
    assert min(len(one.answered_at), len(other.answered_at)) >= 0.2 * made


def test_two_clients_on_fixed_windows_get_on() -> None:
    """Where windows are fixed the other one's calls are seen late; nearly all calls are granted all the same."""
    one, other = (Caller(Pacer(), calls=10_000) for _ in range(2))
    Account(Fixed(100, 10.0), jittery(3)).serve(one, other, until=400.0)
    made = len(one.answered_at) + len(other.answered_at)
    assert made >= 0.9 * 4000
    assert one.refused + other.refused <= 0.03 * made


@pytest.mark.parametrize("latency", [steady(), heavy_tailed(1)], ids=["steady", "heavy-tailed"])
def test_a_late_client_gets_in(latency: Latency) -> None:
    """A client that begins when another uses the whole quota is let in after 25 intervals, and gets a fair share."""
    first, late = Caller(Pacer(), calls=100_000), Caller(Pacer(), calls=100_000, starts_at=33.77)
    Account(Sliding(100, 1.0), latency).serve(first, late, until=200.0)
    assert late.answered_at[0] <= 33.77 + 26.0
    in_the_end = [sum(at >= 180.0 for at in caller.answered_at) for caller in (first, late)]
    assert min(in_the_end) >= 0.4 * sum(in_the_end)


def test_a_client_takes_over_what_another_leaves() -> None:
    """When the other client has ended, the first comes back to full speed."""
    stays, ends = Caller(Pacer(), calls=100_000), Caller(Pacer(), calls=800)
    Account(Sliding(100, 1.0), steady()).serve(stays, ends, until=60.0)
    assert not ends.left
    assert sum(at >= 50.0 for at in stays.answered_at) >= 0.98 * 1000


def test_two_clients_one_after_the_other_stay_in_one_quota() -> None:
    """A client that is given the pacer of an earlier one goes on in its window."""
    pacer = Pacer()
    account = Account(Sliding(100, 10.0), steady())
    first = Caller(pacer, calls=90)
    ended = account.serve(first)
    second = Caller(pacer, calls=90, starts_at=ended)
    account.serve(second)
    assert first.refused == second.refused == 0


def test_a_quota_that_is_not_told_is_the_connections() -> None:
    """Without headers the connection's numbers hold, and are used to the full."""
    caller = Caller(Pacer(50, 1.0), calls=1000)
    ended = Account(Sliding(50, 1.0), steady(), tells=False).serve(caller)
    assert caller.refused == 0
    assert ended <= 20.4


def test_the_first_call_goes_alone() -> None:
    """Until the first answer has told the quota, no second call leaves."""
    pacer = Pacer(100, 10.0)
    ticket = pacer.reserve(0.0)
    assert isinstance(ticket, Ticket)
    assert pacer.reserve(0.1) == math.inf
    pacer.answered(ticket, 0.2, {"x-ratelimit-max": "2", "x-ratelimit-interval-milliseconds": "1000"})
    assert isinstance(pacer.reserve(0.3), Ticket)
    assert not isinstance(pacer.reserve(0.3), Ticket)
    assert (pacer.maximum, pacer.interval) == (2, 1.0)


def _told(pacer: Pacer, now: float, **headers: str) -> Ticket:
    ticket = pacer.reserve(now)
    assert isinstance(ticket, Ticket)
    pacer.answered(ticket, now + 0.1, {f"x-ratelimit-{name.replace('_', '-')}": v for name, v in headers.items()})
    return ticket


@pytest.mark.parametrize("nonsense", ["-1", "0", "", "many", "1e3", "9" * 40, "٣", "100.0"])
def test_absurd_headers_change_nothing(nonsense: str) -> None:
    """What no quota can be is ignored, and the last sane numbers stay."""
    pacer = Pacer()
    _told(pacer, 0.0, max="30", interval_milliseconds="2000", remaining="29")
    _told(pacer, 1.0, max=nonsense, interval_milliseconds=nonsense)
    assert (pacer.maximum, pacer.interval) == (30, 2.0)


def test_what_others_used_is_not_sent() -> None:
    """When an answer shows that others have used nearly everything, only what is left is sent."""
    pacer = Pacer()
    _told(pacer, 0.0, max="100", interval_milliseconds="10000", remaining="3")
    granted = 0
    while isinstance(pacer.reserve(1.0), Ticket):
        granted += 1
    assert 1 <= granted <= 3
    assert pacer.wait(1.0) <= 10.0


def test_an_outdated_answer_is_probed_with_one_call() -> None:
    """When what is known of others is older than an interval, one call finds out before the rest follow."""
    pacer = Pacer()
    _told(pacer, 0.0, max="100", interval_milliseconds="10000", remaining="0")
    assert not isinstance(pacer.reserve(1.0), Ticket)
    probe = pacer.reserve(10.2)
    assert isinstance(probe, Ticket)
    assert pacer.reserve(10.2) == math.inf
    pacer.answered(probe, 10.3, {"x-ratelimit-remaining": "99"})
    assert isinstance(pacer.reserve(10.3), Ticket)


@pytest.mark.parametrize(("retry_after", "blocked"), [(None, 10.0), (42.0, 42.0)])
def test_a_429_stops_everybody(retry_after: float | None, blocked: float) -> None:
    """After a 429 nobody sends for as long as the server asked, or one interval; then one call goes first."""
    pacer = Pacer()
    _told(pacer, 0.0)
    ticket = pacer.reserve(1.0)
    assert isinstance(ticket, Ticket)
    pacer.answered(ticket, 1.1, {})
    pacer.limited(ticket, 1.1, retry_after)
    assert pacer.reserve(1.1) == pytest.approx(blocked)
    assert isinstance(pacer.reserve(1.2 + blocked), Ticket)
    assert pacer.reserve(1.2 + blocked) == math.inf


def test_a_lost_call_counts_from_when_it_was_given_up() -> None:
    """A call without an answer holds its slot for an interval after it was given up."""
    pacer = Pacer(1, 10.0)
    assert isinstance(pacer.reserve(0.0), Ticket)
    pacer.lost(30.0)
    assert 10.0 <= float(pacer.reserve(30.0)) <= 10.1  # type: ignore[arg-type]
    assert isinstance(pacer.reserve(40.1), Ticket)


def test_a_call_in_flight_keeps_its_slot() -> None:
    """However long an answer takes, its slot is not given away before it is in."""
    pacer = Pacer(2, 1.0)
    _told(pacer, 0.0)
    slow = pacer.reserve(0.2)
    assert isinstance(slow, Ticket)
    assert isinstance(pacer.reserve(5.0), Ticket)
    assert pacer.reserve(60.0) == math.inf


def test_the_days_quota() -> None:
    """It is exhausted from the answer that says 0 left until it returns, and not longer."""
    pacer = Pacer()
    _told(pacer, 0.0, limit_daily="200000", daily_remaining="1", daily_reset="3600000")
    assert not pacer.exhausted(1.0)
    _told(pacer, 1.0, limit_daily="200000", daily_remaining="0", daily_reset="3600000")
    assert pacer.daily is not None
    assert pacer.daily.returns_at == pytest.approx(3601.1)
    assert pacer.exhausted(3600.0)
    assert not pacer.exhausted(3602.0)


def test_a_day_without_end_is_asked_again_after_an_hour() -> None:
    """Where nobody tells when the day's quota returns, it is not taken for gone for ever."""
    pacer = Pacer()
    _told(pacer, 0.0, daily_remaining="0")
    assert pacer.exhausted(3000.0)
    assert not pacer.exhausted(3700.0)


def test_a_lasting_change_of_route_is_learnt() -> None:
    """When every call has become slower, the fastest of old times is forgotten, and full speed comes back."""
    clock = [0.02]
    account = Account(Sliding(100, 1.0), lambda: (clock[0], clock[0]))
    pacer = Pacer()
    began = account.serve(Caller(pacer, calls=200))
    clock[0] = 0.06
    caller = Caller(pacer, calls=9000, starts_at=began)
    account.serve(caller)
    last = caller.answered_at[-3000:]
    assert 2999 / (last[-1] - last[0]) >= 98
