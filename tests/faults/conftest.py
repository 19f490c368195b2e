"""The operators' account and warehouse, filled with people of several versions, and calls that don't pause."""

from __future__ import annotations

import pytest

from leadway_provider.api.client import LeadwayClient
from tests.api.office import IdleTime
from tests.faults.promise import VERSIONS
from tests.operators.conftest import sandbox, warehouse
from tests.operators.task import Warehouse

__all__ = ["sandbox", "warehouse"]

ATTEMPTS = 3


@pytest.fixture(autouse=True)
def people(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """The warehouse with its rows; a failed call is repeated at once, and twice at most."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(
        "leadway_provider.api.retry.RetryPolicy.delay", lambda _, attempt, *__: 0.0 if attempt < ATTEMPTS else None
    )
    # Each attempt stands for a process that is gone when the next one begins; here all are one.
    monkeypatch.setattr("leadway_provider.operators.lease.alive", lambda _: False)
    warehouse.fill(*VERSIONS)
    return warehouse


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> IdleTime:
    """Time that passes only when a client waits for quota. One call at a time: others would let it race."""
    idle = IdleTime()
    defaults = LeadwayClient.__init__.__kwdefaults__ or {}
    monkeypatch.setitem(defaults, "clock", idle.clock)
    monkeypatch.setitem(defaults, "sleep", idle.sleep)
    return idle
