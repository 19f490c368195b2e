"""The example of a whole sync: sync, verify, alert."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from leadway_provider.sandbox.server import SandboxServer
from tests.dags.example import Warehouse


def customers(numbers: range, email: str = "c{}@example.com") -> list[dict[str, object]]:
    """Rows with keys of their own."""
    return [{"customer_id": f"C-{number}", "email": email.format(number)} for number in numbers]


def test_people_are_told_once_of_what_is_wrong(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A good run tells nothing; the first run with many rejected rows tells it, and the next good one its end."""

    def told() -> list[str]:
        """What the run tells; both of its tasks have run."""
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            run = dag.test()
        states = {ti.task_id: ti.state for ti in run.get_task_instances()}
        assert states == {"customers.sync": "success", "customers.verify": "success"}
        return [record.getMessage() for record in caplog.records if "Leadway sync" in record.getMessage()]

    dag = example("sync_with_alerts")
    warehouse.insert("customers", *customers(range(100)))
    assert told() == []
    warehouse.insert("customers", *customers(range(100, 103), email="nobody {}"))
    [bad] = told()
    assert bad.startswith(
        "Leadway sync sync_with_alerts.customers.sync needs attention\n- 3 of 103 rows rejected (2.9%"
    )
    assert told() == []
    warehouse.run("DELETE FROM customers WHERE email LIKE 'nobody%'")
    [good] = told()
    assert good.startswith("Leadway sync sync_with_alerts.customers.sync has recovered\n- recovered: 0 of 100 rows")
    assert len(sandbox.account) == 100
