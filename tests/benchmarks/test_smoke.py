"""A small size of each measurement, so that none breaks unnoticed; how fast things are is not looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.accounts import query, split
from tests.benchmarks.pace import alone, tags, together
from tests.benchmarks.run import measure
from tests.benchmarks.steps import steps


@pytest.mark.parametrize("what", ["httpx", "aiohttp", "ours"])
def test_delivery_without_a_quota(tmp_path: Path, what: str) -> None:
    """Each way to deliver delivers."""
    assert measure("delivery", what, "20", str(tmp_path))["per_second"] > 0


def test_the_quota_use_of_one_task(tmp_path: Path) -> None:
    """All rows are sent, none twice."""
    [found] = alone(tmp_path, [(20, 1.0, 0.01)], windows=2)
    assert found.calls == 40


def test_the_quota_use_of_two_tasks(tmp_path: Path) -> None:
    """The rows are shared by the tasks."""
    [found] = together(tmp_path, [2], 20, 1.0, windows=2)
    assert found.calls == 40


def test_the_cost_of_tags(tmp_path: Path) -> None:
    """With three sets of tags a first sync of 30 rows takes three calls more, and another one none."""
    found = tags(tmp_path, 30)
    assert found["calls_without"] * 30 == pytest.approx(31)
    assert found["calls_with"] * 30 == pytest.approx(34)
    assert found["calls_again"] * 30 == pytest.approx(31)


def test_the_cost_of_an_account(tmp_path: Path) -> None:
    """Each account takes two calls where nothing changed: for its token, and to prove it."""
    found = query(3, 2, tmp_path)
    assert found["again_calls"] == 6
    assert found["connections"] > 0


def test_the_cost_of_a_split(tmp_path: Path) -> None:
    """All rows are in parts."""
    found = split(40, tmp_path)
    assert (found["rows"], found["parts"]) == (40, 8)


@pytest.mark.parametrize("what", ["bare", "read"])
def test_an_account_is_read(tmp_path: Path, what: str) -> None:
    """All contacts, in two pages and a call that finds the end."""
    measure("account", "fill", "700", str(tmp_path))
    found = measure("account", what, "700", str(tmp_path))
    assert (found["contacts"], found["calls"]) == (700, 3)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_sync_is_planned_delivered_and_compared(kind: str, tmp_path: Path) -> None:
    """Each step treats every row, and a run over unchanged rows makes one call, which proves the token."""
    with steps(kind, 300, tmp_path / kind) as sync:
        assert sync.measure("plan")["rows"] == 300
        assert sync.measure("acknowledge")["bytes"] > 0
        again = sync.measure("unchanged")
        assert (again["rows"], again["calls"]) == (300, 1)
        assert sync.measure("stream")["rows"] == 300
