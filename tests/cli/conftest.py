"""The state file of real runs, for the tests of the commands."""

from __future__ import annotations

import pytest

from tests.operators.conftest import no_state, sandbox, warehouse
from tests.store.conftest import empty_url

__all__ = ["empty_url", "no_state", "own_environment", "sandbox", "warehouse"]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore the variable that a command sets for Airflow, so that later tests run without it."""
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
