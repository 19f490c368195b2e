"""The pacer with quotas that count in simulated time."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadway_provider.api.pacing import Pacer, Permit
from tests.api.account import Account, Caller, FixedQuota, Latency, Quota, SlidingQuota, heavy_tailed, jittery, steady

WINDOWS = pytest.mark.parametrize("window", [SlidingQuota, FixedQuota])


def latencies() -> st.SearchStrategy[Latency]:
    """Return a strategy for latencies of several kinds."""
    seeds = st.integers(0, 10_000)
    return st.one_of(
        st.floats(0.0, 0.5).map(steady),
        st.builds(jittery, seeds, there=st.floats(0, 0.3), back=st.floats(0, 0.3)),
        seeds.map(heavy_tailed),
    )


@given(
    window=st.sampled_from([SlidingQuota, FixedQuota]),
    maximum=st.integers(1, 120),
    interval=st.sampled_from([0.5, 1.0, 10.0]),
    believed=st.integers(1, 200),
    in_flight=st.sampled_from([1, 4, 16, 64]),
    latency=latencies(),
)
@settings(max_examples=60, deadline=None)
def test_a_single_client_gets_no_429(  # noqa: PLR0917 - hypothesis passes them by name
    window: Callable[[int, float], Quota],
    maximum: int,
    interval: float,
    believed: int,
    in_flight: int,
    latency: Latency,
) -> None:
    """With any quota, latency and setting of the connection no call is refused, and all calls are made."""
    caller = Caller(Pacer(believed, 10.0), calls=6 * maximum, in_flight=in_flight)
    Account(window(maximum, interval), latency).serve(caller)
    assert caller.refused == 0
    assert len(caller.answered_at) == 6 * maximum


@WINDOWS
@pytest.mark.parametrize(("maximum", "interval"), [(100, 1.0), (100, 10.0), (25, 10.0), (1000, 10.0)])
def test_a_single_client_runs_at_quota_speed(
    window: Callable[[int, float], Quota], maximum: int, interval: float
) -> None:
    """With 16 calls in flight and constant latency, no more than 1% of the quota is lost."""
    caller = Caller(Pacer(), calls=40 * maximum)
    Account(window(maximum, interval), steady(0.1)).serve(caller, until=24.5 * interval)
    made = sum(4.5 * interval <= at < 24.5 * interval for at in caller.answered_at)
    assert 0.99 * 20 * maximum <= made <= 20 * maximum


@pytest.mark.parametrize("maximum", [25, 100])
@pytest.mark.parametrize("latency", [0.05, 0.25, 1.0])
def test_the_first_window_is_used_too(maximum: int, latency: float) -> None:
    """From the first instant on, at least 98% of the quota is used, and no call is refused."""
    caller = Caller(Pacer(), calls=40 * maximum)
    Account(SlidingQuota(maximum, 10.0), steady(latency)).serve(caller, until=200.0)
    assert len(caller.answered_at) >= 0.98 * 20 * maximum
    assert sum(at < 10.0 for at in caller.answered_at) >= 0.98 * maximum
    assert caller.refused == 0


def test_jitter_costs_no_more_than_its_share_of_the_interval() -> None:
    """With up to 0.1 s in each direction and an interval of 10 s, at least 95% of the quota is used."""
    caller = Caller(Pacer(), calls=4000)
    Account(SlidingQuota(100, 10.0), jittery(1)).serve(caller, until=345.0)
    assert sum(45.0 <= at < 345.0 for at in caller.answered_at) >= 0.95 * 3000
    assert caller.refused == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("latency", [jittery, heavy_tailed, lambda _: steady()])
def test_two_clients_share_a_sliding_quota(latency: Callable[[int], Latency], seed: int) -> None:
    """Two independent clients use nearly all of the quota, with a 429 for at most 1% of the calls."""
    one, other = (Caller(Pacer(), calls=10_000) for _ in range(2))
    Account(SlidingQuota(100, 10.0), latency(seed)).serve(one, other, until=400.0)
    made = len(one.answered_at) + len(other.answered_at)
    assert made >= 0.9 * 4000
    assert one.refused + other.refused <= 0.01 * made
    assert min(len(one.answered_at), len(other.answered_at)) >= 0.2 * made


def test_two_clients_share_a_fixed_quota() -> None:
    """With fixed windows the calls of the other client are noticed late, and still nearly all calls are granted."""
    one, other = (Caller(Pacer(), calls=10_000) for _ in range(2))
    Account(FixedQuota(100, 10.0), jittery(3)).serve(one, other, until=400.0)
    made = len(one.answered_at) + len(other.answered_at)
    assert made >= 0.9 * 4000
    assert one.refused + other.refused <= 0.03 * made


@pytest.mark.parametrize("latency", [steady(), heavy_tailed(1)], ids=["steady", "heavy-tailed"])
def test_a_late_client_gets_a_fair_share(latency: Latency) -> None:
    """A client that begins while another one uses the whole quota is admitted within 25 intervals."""
    first, late = Caller(Pacer(), calls=100_000), Caller(Pacer(), calls=100_000, starts_at=33.77)
    Account(SlidingQuota(100, 1.0), latency).serve(first, late, until=200.0)
    assert late.answered_at[0] <= 33.77 + 26.0
    in_the_end = [sum(at >= 180.0 for at in caller.answered_at) for caller in (first, late)]
    assert min(in_the_end) >= 0.4 * sum(in_the_end)


def test_a_client_uses_the_share_of_a_client_that_ended() -> None:
    """The remaining client returns to full speed."""
    stays, ends = Caller(Pacer(), calls=100_000), Caller(Pacer(), calls=800)
    Account(SlidingQuota(100, 1.0), steady()).serve(stays, ends, until=60.0)
    assert not ends.left
    assert sum(at >= 50.0 for at in stays.answered_at) >= 0.98 * 1000


def test_two_clients_one_after_the_other_stay_in_one_quota() -> None:
    """A client with the pacer of an earlier client continues in its window."""
    pacer = Pacer()
    account = Account(SlidingQuota(100, 10.0), steady())
    first = Caller(pacer, calls=90)
    ended = account.serve(first)
    second = Caller(pacer, calls=90, starts_at=ended)
    account.serve(second)
    assert first.refused == second.refused == 0


def test_without_headers_the_quota_of_the_connection_counts() -> None:
    """Its numbers are kept to and used to the full."""
    caller = Caller(Pacer(50, 1.0), calls=1000)
    ended = Account(SlidingQuota(50, 1.0), steady(), has_headers=False).serve(caller)
    assert caller.refused == 0
    assert ended <= 20.4


def test_the_first_call_is_sent_alone() -> None:
    """No second call is sent before the first answer with the real quota."""
    pacer = Pacer(100, 10.0)
    permit = pacer.reserve(0.0)
    assert isinstance(permit, Permit)
    assert pacer.reserve(0.1) == math.inf
    pacer.answered(permit, 0.2, {"x-ratelimit-max": "2", "x-ratelimit-interval-milliseconds": "1000"})
    assert isinstance(pacer.reserve(0.3), Permit)
    assert not isinstance(pacer.reserve(0.3), Permit)
    assert (pacer.maximum, pacer.interval) == (2, 1.0)


def _answered(pacer: Pacer, now: float, **headers: str) -> Permit:
    permit = pacer.reserve(now)
    assert isinstance(permit, Permit)
    pacer.answered(permit, now + 0.1, {f"x-ratelimit-{name.replace('_', '-')}": v for name, v in headers.items()})
    return permit


@pytest.mark.parametrize("nonsense", ["-1", "0", "", "many", "1e3", "9" * 40, "٣", "100.0"])
def test_absurd_headers_change_nothing(nonsense: str) -> None:
    """Impossible values are ignored, and the earlier numbers stay."""
    pacer = Pacer()
    _answered(pacer, 0.0, max="30", interval_milliseconds="2000", remaining="29")
    _answered(pacer, 1.0, max=nonsense, interval_milliseconds=nonsense)
    assert (pacer.maximum, pacer.interval) == (30, 2.0)


def test_the_calls_of_others_are_left_out() -> None:
    """If others have used nearly the whole quota, only the rest is sent."""
    pacer = Pacer()
    _answered(pacer, 0.0, max="100", interval_milliseconds="10000", remaining="3")
    granted = 0
    while isinstance(pacer.reserve(1.0), Permit):
        granted += 1
    assert 1 <= granted <= 3
    assert pacer.wait(1.0) <= 10.0


def test_after_an_outdated_answer_one_call_is_sent_alone() -> None:
    """If the latest answer is older than an interval, one call is sent before the others."""
    pacer = Pacer()
    _answered(pacer, 0.0, max="100", interval_milliseconds="10000", remaining="0")
    assert not isinstance(pacer.reserve(1.0), Permit)
    probe = pacer.reserve(10.2)
    assert isinstance(probe, Permit)
    assert pacer.reserve(10.2) == math.inf
    pacer.answered(probe, 10.3, {"x-ratelimit-remaining": "99"})
    assert isinstance(pacer.reserve(10.3), Permit)


@pytest.mark.parametrize(("retry_after", "blocked"), [(None, 10.0), (42.0, 42.0)])
def test_a_429_stops_all_calls(retry_after: float | None, blocked: float) -> None:
    """No call is sent for as long as the server asked, or for one interval; then one call is sent alone."""
    pacer = Pacer()
    _answered(pacer, 0.0)
    permit = pacer.reserve(1.0)
    assert isinstance(permit, Permit)
    pacer.answered(permit, 1.1, {})
    pacer.limited(permit, 1.1, retry_after)
    assert pacer.reserve(1.1) == pytest.approx(blocked)
    assert isinstance(pacer.reserve(1.2 + blocked), Permit)
    assert pacer.reserve(1.2 + blocked) == math.inf


def test_a_lost_call_keeps_its_slot_for_an_interval() -> None:
    """The interval begins when the call is recorded as lost."""
    pacer = Pacer(1, 10.0)
    assert isinstance(pacer.reserve(0.0), Permit)
    pacer.lost(30.0)
    wait = pacer.reserve(30.0)
    assert isinstance(wait, float)
    assert 10.0 <= wait <= 10.1
    assert isinstance(pacer.reserve(40.1), Permit)


def test_a_call_in_flight_keeps_its_slot() -> None:
    """The slot of a call is not free before its answer, however long that takes."""
    pacer = Pacer(2, 1.0)
    _answered(pacer, 0.0)
    slow = pacer.reserve(0.2)
    assert isinstance(slow, Permit)
    assert isinstance(pacer.reserve(5.0), Permit)
    assert pacer.reserve(60.0) == math.inf


def test_the_daily_quota() -> None:
    """It is exhausted from the answer with 0 calls left until the quota returns."""
    pacer = Pacer()
    _answered(pacer, 0.0, limit_daily="200000", daily_remaining="1", daily_reset="3600000")
    assert not pacer.exhausted(1.0)
    _answered(pacer, 1.0, limit_daily="200000", daily_remaining="0", daily_reset="3600000")
    assert pacer.daily is not None
    assert pacer.daily.returns_at == pytest.approx(3601.1)
    assert pacer.exhausted(3600.0)
    assert not pacer.exhausted(3602.0)


@given(daily=st.integers(1, 60), in_flight=st.sampled_from([1, 4, 16]), latency=latencies())
@example(daily=3, in_flight=4, latency=jittery(3, there=0.0, back=5e-324)).via("answers at the moment of a sending")
@settings(deadline=None)
def test_the_daily_quota_is_used_to_its_end(daily: int, in_flight: int, latency: Latency) -> None:
    """Every call of the day is made and none more, in whatever order calls arrive and their answers come back."""
    caller = Caller(Pacer(), calls=100, in_flight=in_flight)
    Account(SlidingQuota(100, 1.0), latency, daily=daily).serve(caller)
    assert (len(caller.answered_at), caller.refused) == (daily, 0)


def test_a_daily_quota_that_returned_is_believed() -> None:
    """A call that was sent after the lowest number was known raises it."""
    pacer = Pacer()
    _answered(pacer, 0.0, daily_remaining="5", daily_reset="2000")
    _answered(pacer, 10.0, daily_remaining="200000", daily_reset="86400000")
    assert pacer.daily is not None
    assert pacer.daily.remaining == 200_000


def test_a_daily_quota_without_a_time_of_return_is_tried_after_an_hour() -> None:
    """Without that header the quota does not count as exhausted forever."""
    pacer = Pacer()
    _answered(pacer, 0.0, daily_remaining="0")
    assert pacer.exhausted(3000.0)
    assert not pacer.exhausted(3700.0)


def test_a_lasting_change_of_latency_is_noticed() -> None:
    """If every call has become slower, the fastest round trip is forgotten and the full speed returns."""
    clock = [0.02]
    account = Account(SlidingQuota(100, 1.0), lambda: (clock[0], clock[0]))
    pacer = Pacer()
    began = account.serve(Caller(pacer, calls=200))
    clock[0] = 0.06
    caller = Caller(pacer, calls=9000, starts_at=began)
    account.serve(caller)
    last = caller.answered_at[-3000:]
    assert 2999 / (last[-1] - last[0]) >= 98
