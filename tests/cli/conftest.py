"""The commands over a state file that real runs have filled."""

from __future__ import annotations

import pytest

from tests.operators.conftest import sandbox, warehouse

__all__ = ["own_environment", "sandbox", "warehouse"]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command tells Airflow what kind of process it is; the tests' process goes on without."""
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
