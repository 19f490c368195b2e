"""The example of one big account: its tasks plan once, deliver together, and report once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadway_provider.sandbox.server import SandboxServer
from tests.dags.example import Warehouse, report

ROWS = 100
WORKERS = 4


def test_each_row_is_sent_by_one_task(
    example: Callable[[str], Any], warehouse: Warehouse, sandbox: SandboxServer
) -> None:
    """The tasks' rows add up to the report's, and a second run has nothing to send."""
    rows: list[dict[str, object]] = [{"customer_id": f"C-{n}", "email": f"c{n}@example.com"} for n in range(ROWS)]
    warehouse.insert("customers", *rows)
    dag = example("big_account_over_workers")
    run = dag.test()
    assert report(run, "customers.sync")["created"] == ROWS
    deliver = "customers.deliver"
    told = [run.get_task_instance(deliver, map_index=n).xcom_pull(deliver, map_indexes=n) for n in range(WORKERS)]
    assert sum(each["acknowledged"] for each in told) == ROWS == len(sandbox.account)
    assert len(sandbox.journal.writes) == ROWS
    assert report(dag.test(), "customers.sync")["unchanged"] == ROWS
    assert len(sandbox.journal.writes) == ROWS
