"""The operators' account and warehouse, filled with people of several versions, and no proxy."""

from __future__ import annotations

import pytest

from tests.faults.promise import VERSIONS
from tests.operators.conftest import sandbox, warehouse
from tests.operators.task import Warehouse

__all__ = ["sandbox", "warehouse"]


@pytest.fixture(autouse=True)
def people(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """The warehouse with its rows."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    warehouse.fill(*VERSIONS)
    return warehouse
