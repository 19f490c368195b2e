"""The plain example over a messy warehouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from demo import warehouse as sample
from leadway_provider.sandbox.server import SandboxServer
from tests.dags.example import report


def test_the_example_brings_a_messy_warehouse_into_the_account(
    example: Callable[[str], Any], connections: Path, sandbox: SandboxServer
) -> None:
    """The first run creates contacts and ends with an Asset event; the second sends nothing."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    def events() -> int:
        with create_session() as session:
            return session.scalar(select(func.count()).select_from(AssetEvent)) or 0

    sample.build(connections)
    dag = example("warehouse_to_leadway")
    before = events()
    first = report(dag.test(), "sync_customers")
    assert first["created"] == len(sandbox.account.contacts) > 2000
    assert first["invalid"] > 0
    assert first["superseded"] > 0
    assert first["withheld"] > 0
    assert events() == before + 1
    sandbox.journal.clear()
    second = report(dag.test(), "sync_customers")
    assert (second["unchanged"], second["pending"]) == (first["created"], 0)
    assert not sandbox.journal.writes
    assert events() == before + 1
