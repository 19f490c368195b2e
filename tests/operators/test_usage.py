"""How often a run is measured, and that nothing is measured twice or left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.api.pacing import DailyQuota
from leadway_provider.clock import SYSTEM_CLOCK
from leadway_provider.operators.usage import UsageMeter


@dataclass
class FakeAccount:
    """Counts calls, and how often its quota was stored."""

    calls: int = 0
    stored: int = 0

    @property
    def daily_quota(self) -> DailyQuota:
        """The quota after these calls."""
        return DailyQuota(1000, 1000 - self.calls, None, 0)

    def keep_quota(self) -> None:
        """Count it."""
        self.stored += 1


@given(st.lists(st.tuples(st.floats(0, 3600), st.integers(0, 50), st.integers(0, 50)), max_size=50))
def test_samples_add_up(steps: list[tuple[float, int, int]]) -> None:
    """Seconds, calls and rows of all samples and the rest are those of the whole attempt."""
    time, account = [100.0], FakeAccount(calls=3)
    clock = replace(SYSTEM_CLOCK, monotonic=lambda: time[0])
    meter = UsageMeter(cast("Any", account), clock)
    samples = []
    for seconds, calls, rows in steps:
        time[0] += seconds
        account.calls += calls
        if sample := meter.after(rows):
            samples.append(sample)
    assert account.stored == len(samples)
    samples.append(meter.rest())
    assert abs(sum(each.seconds for each in samples) - (time[0] - 100)) < 1e-6
    assert sum(each.calls for each in samples) == account.calls
    assert sum(each.acknowledged for each in samples) == sum(rows for _, _, rows in steps)
    assert samples[-1].quota_left == 1000 - account.calls


def test_a_day_has_some_hundreds() -> None:
    """With an acknowledgement each second, the samples of a day stay few, and the first ones are close together."""
    time = [0.0]
    clock = replace(SYSTEM_CLOCK, monotonic=lambda: time[0])
    meter = UsageMeter(cast("Any", FakeAccount()), clock)
    at = []
    for second in range(1, 86_401):
        time[0] = float(second)
        if meter.after(1):
            at.append(second)
    assert at[:3] == [2, 4, 6]
    assert len(at) < 1000
