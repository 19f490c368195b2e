"""Clients that lease the slots of one quota through a store, in simulated time."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadway_provider.api.pacing import Pacer
from leadway_provider.api.slots import fair_shares
from tests.api.account import Caller, FixedQuota, Latency, Quota, SlidingQuota, heavy_tailed, jittery, steady
from tests.api.sharers import Life, MemorySlots, SharedAccount, Sharer

LIVES = st.builds(
    Life,
    starts_at=st.floats(0, 30),
    crashes_at=st.sampled_from([math.inf, 15.0, 33.3]),
    calls=st.sampled_from([1, 60, 100_000]),
    in_flight=st.sampled_from([1, 4, 16]),
    ahead=st.floats(0, 1e6),
    rate=st.floats(0.9995, 1.0005),
    machine=st.sampled_from(["one", "two"]),
)
LATENCIES = st.one_of(st.floats(0.0, 0.5).map(steady), st.integers(0, 1000).map(jittery))


def sharers(count: int, **life: object) -> list[Sharer]:
    """Return so many clients, whose machines' clocks differ, which begin one after the other."""
    return [
        Sharer(Life(starts_at=number / 10, ahead=1000.0 * number, **life), number)  # type: ignore[arg-type]  # the values are of many types
        for number in range(count)
    ]


def made(callers: Sequence[Caller], since: float = 0.0, until: float = math.inf) -> int:
    """Return how many calls were answered in a time."""
    return sum(bisect(caller.answered_at, until) - bisect(caller.answered_at, since) for caller in callers)


@given(
    lives=st.lists(LIVES, min_size=1, max_size=5),
    window=st.sampled_from([SlidingQuota, FixedQuota]),
    maximum=st.sampled_from([25, 100]),
    latency=LATENCIES,
    takes=st.sampled_from([0.0, 0.01, 0.4]),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_clients_with_one_store_get_no_429_unless_one_crashes(
    lives: list[Life], window: Callable[[int, float], Quota], maximum: int, latency: Latency, takes: float
) -> None:
    """Whenever they begin and end, with clocks that differ, no call is refused; a crash costs few, and nobody waits."""
    crashed: set[str] = set()
    callers = [Sharer(life, number, crashed) for number, life in enumerate(lives)]
    SharedAccount(window(maximum, 10.0), latency, MemorySlots(lambda _: takes)).serve(*callers, until=150.0)
    # Who crashes may have calls on their way that no lease accounts for.
    crashes = sum(caller.life.crashes_at != math.inf for caller in callers)
    assert sum(caller.refused for caller in callers) <= 2 * crashes
    assert all(caller.answered_at for caller in callers if caller.life.crashes_at == math.inf)


@pytest.mark.parametrize("count", [3, 5])
def test_clients_with_few_slots_and_few_answers_get_no_429(count: int) -> None:
    """Each has seen few round trips, so that the next call may arrive faster, after its last answer came slower."""
    refused = 0
    for seed in range(60):
        callers = sharers(count, calls=60, in_flight=1)
        SharedAccount(SlidingQuota(25, 10.0), jittery(seed)).serve(*callers, until=150.0)
        refused += sum(caller.refused for caller in callers)
    assert refused == 0


@pytest.mark.parametrize("latency", [steady(0.05), steady(0.25), steady(1.0), heavy_tailed(1)])
@pytest.mark.parametrize("maximum", [25, 100])
@pytest.mark.parametrize("count", [1, 2, 8])
def test_clients_with_one_store_use_the_whole_quota(count: int, maximum: int, latency: Latency) -> None:
    """From the first instant on, they make at least 98% of the calls that the quota grants, in nearly equal shares."""
    callers, store = sharers(count), MemorySlots()
    SharedAccount(SlidingQuota(maximum, 10.0), latency, store).serve(*callers, until=200.0)
    assert made(callers) >= 0.98 * maximum * 20
    assert sum(caller.refused for caller in callers) == 0
    assert min(made([caller], 100.0) for caller in callers) >= 0.8 * maximum * 10 / count - 1
    assert store.statements <= 200 * count


def test_the_slots_of_a_client_that_dies_on_this_machine_are_free_after_one_interval() -> None:
    """Its process does not exist any more, so nobody waits until its lease ends."""
    crashed: set[str] = set()
    dies, stays = Sharer(Life(crashes_at=50.0), 0, crashed), Sharer(Life(), 1, crashed)
    SharedAccount(SlidingQuota(100, 10.0), steady()).serve(dies, stays, until=100.0)
    assert made([stays], 70.0, 80.0) == pytest.approx(100, abs=2)


def test_the_quota_that_only_a_client_knew_that_dies_is_remembered() -> None:
    """The others have made no call yet, so no answer has told them that it is smaller than the one they assume."""
    crashed: set[str] = set()
    dies = Sharer(Life(crashes_at=15.0, in_flight=1), 0, crashed)
    wait = [Sharer(Life(starts_at=13.0), number, crashed) for number in (1, 2)]
    SharedAccount(SlidingQuota(25, 10.0), jittery(0)).serve(dies, *wait, until=60.0)
    assert sum(caller.refused for caller in wait) == 0
    assert made(wait, 40.0, 60.0) >= 0.95 * 50


def test_the_slots_of_a_client_that_dies_elsewhere_are_free_when_its_lease_ends() -> None:
    """Whether its process exists is not known here."""
    dies, stays = Sharer(Life(crashes_at=50.0, machine="two"), 0), Sharer(Life(), 1)
    SharedAccount(SlidingQuota(100, 10.0), steady()).serve(dies, stays, until=120.0)
    assert made([stays], 60.0, 70.0) == pytest.approx(50, abs=2)
    assert made([stays], 95.0, 105.0) == pytest.approx(100, abs=2)


def test_slots_that_a_client_does_not_use_are_used_by_others() -> None:
    """A client that makes one call at a time has what it uses, and the other one has the rest."""
    slow, fast = Sharer(Life(in_flight=1), 0), Sharer(Life(), 1)
    SharedAccount(SlidingQuota(100, 10.0), steady(1.0)).serve(slow, fast, until=100.0)
    assert made([slow], 50.0) >= 45
    assert made([slow, fast], 50.0) >= 0.95 * 500


@pytest.mark.parametrize("out_of_reach", [(-math.inf, math.inf), (50.0, 100.0)])
def test_without_the_store_the_headers_guide_the_clients(out_of_reach: tuple[float, float]) -> None:
    """Calls go on, as they do where tasks have different stores, and no client is left behind."""
    begins, ends = out_of_reach
    callers = sharers(2)
    store = MemorySlots(lambda now: math.inf if begins <= now < ends else 0.01)
    SharedAccount(SlidingQuota(100, 10.0), steady(), store).serve(*callers, until=250.0)
    assert made(callers) >= 0.88 * 2500
    assert sum(caller.refused for caller in callers) <= 0.01 * made(callers)
    assert min(made([caller], 100.0) for caller in callers) >= 300


@pytest.mark.parametrize("latency", [steady(), jittery(2)])
def test_the_calls_of_a_stranger_are_seen(latency: Latency) -> None:
    """Clients with one store leave to a client without it what it uses, and get few 429 answers."""
    callers, stranger = sharers(2), Caller(Pacer(), calls=10_000)
    SharedAccount(SlidingQuota(100, 10.0), latency).serve(*callers, stranger, until=400.0)
    assert made([stranger]) >= 1000
    assert made([*callers, stranger]) >= 0.9 * 4000
    assert sum(caller.refused for caller in callers) <= 0.01 * made(callers)


def test_fair_shares() -> None:
    """Each gets an equal share, less what it does not want, and all slots are shared."""
    assert fair_shares(100, {"a": 100, "b": 100, "c": 100}) == {"a": 33, "b": 33, "c": 34}
    assert fair_shares(100, {"a": 100, "b": 10, "c": 100}) == {"a": 45, "b": 10, "c": 45}
    assert fair_shares(100, {"a": 1, "b": 10}) == {"a": 45, "b": 55}
    assert fair_shares(2, {"a": 100, "b": 100, "c": 100}) == {"a": 0, "b": 1, "c": 1}
