"""The page shows the figures that the demo prints."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient
from rich.console import Console

from demo.report import outcome_table
from tests.operators.task import Warehouse
from tests.plugin.conftest import page, person, sandbox, warehouse
from tests.plugin.test_page import ANN, NOBODY, run_once, text

__all__ = ["page", "person", "sandbox", "warehouse"]

SAME_PERSON = (3, "ann@example.com", "Anna", None, None)
BAD_PHONE = (4, "dan@example.com", "Dan", "12", "US")


def printed(report: dict[str, int | float | str]) -> dict[str, int]:
    """What the demo's table has of a run, by name, of what is not zero."""
    console = Console(width=200)
    with console.capture() as captured:
        console.print(outcome_table([report]))
    found = re.findall(r"^(\w+) +([\d,]+) ", captured.get(), re.MULTILINE)
    return {name: int(number.replace(",", "")) for name, number in found if number != "0"}


def test_the_page_of_a_run_has_the_figures_of_the_demo(page: TestClient, warehouse: Warehouse) -> None:
    """Rows read, each outcome, and each remark, of a first run and of one without changes."""
    warehouse.fill(ANN, NOBODY, SAME_PERSON, BAD_PHONE)
    for run_id, outcomes in (("one", {"created", "invalid", "superseded"}), ("two", {"unchanged", "invalid"})):
        report = run_once(run_id)
        figures = printed(report)
        assert outcomes < figures.keys()
        shown = text(page, f"/runs/{report['run_id']}")
        assert f"{figures.pop('read')} rows read" in shown
        assert f"Calls {figures.pop('calls')}" in shown
        assert [f"{name} {number}" for name, number in figures.items() if f"{name} {number}" not in shown] == []
