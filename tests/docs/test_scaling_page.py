"""The page about scaling: its tasks can be copied into a DAG, and its figures are those of the code."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from airflow.sdk import DAG

from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.contacts.reasons import ROW_CODES
from leadway_provider.operators.threads import AT_A_TIME
from leadway_provider.sandbox.service import BURST, DAILY
from leadway_provider.sync.lease import LEASE_TIMING
from leadway_provider.sync.parts import part_size
from tests.docs.page import blocks, read, table

PAGE: Final = read("docs/scaling.md")


def test_the_tasks_can_be_copied() -> None:
    """Each block makes its tasks in a DAG, with the arguments that it names."""
    with DAG("page", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        for block in blocks(PAGE, "python"):
            names: dict[str, Any] = {}
            exec(compile(block, "scaling.md", "exec"), names)  # noqa: S102 - the page's own text
    assert set(dag.task_dict) == {"sync_all", "locations", "sync"}
    assert dag.task_dict["sync"].upstream_task_ids == {"locations"}


def test_the_figures_are_those_of_the_code() -> None:
    """The accounts that are served side by side, the quota and the reasons are as the code has them."""
    assert re.findall(r"side by side\*\*, (\d+) at a time", PAGE) == [str(AT_A_TIME)]
    quota = [ConnectionSettings.model_fields[name].default for name in ("quota_requests", "quota_seconds")]
    assert [float(each) for each in re.findall(r"(\d+) calls in (\d+) seconds", PAGE)[0]] == quota
    assert {code for code in ROW_CODES if code.startswith("account_")} == set(
        re.findall(r"`(account_\w+)` where", PAGE)
    )


def test_the_plan_is_computed() -> None:
    """Each result is what its calculation gives, as exactly as it is written."""
    rows = table(PAGE, "What", "Computed as", "Result")
    assert len(rows) > 10
    for what, calculation, result in rows:
        assert re.fullmatch(r"[\d,.]+( [*/] [\d,.]+)+", calculation), what
        first, *rest = calculation.replace(",", "").split()
        value = Decimal(first)
        for sign, number in zip(rest[::2], rest[1::2], strict=True):
            value = value * Decimal(number) if sign == "*" else value / Decimal(number)
        as_written = Decimal(result.replace(",", ""))
        assert value.quantize(as_written, ROUND_HALF_UP) == as_written, what


def test_the_plan_is_made_of_the_costs_and_the_quotas() -> None:
    """Each cost that the plan computes with is in the table of costs, and each quota is the API's."""
    calculations = {what: how for what, how, _ in table(PAGE, "What", "Computed as", "Result")}
    costs = {what: cost for what, cost, _ in table(PAGE, "What", "Cost", "Measured by")}
    for what, unit, name in (
        ("plan its 5,000,000 rows", "µs", "plan a new row"),
        ("compare its 5,000,000 rows", "µs", "compare an unchanged row"),
        ("for its 500 accounts", "ms", "an account without changes, in one query for many"),
        ("GB of state", "bytes", "a row in the state, ledger included"),
    ):
        [(words, how)] = [each for each in calculations.items() if what in each[0]]
        [said] = re.findall(rf"(\d+) {unit}", costs[name])[:1]
        assert f" * {said} / " in how
        assert f"{said} {unit}" in words
    assert calculations["calls a second that 64 accounts grant, at 10 each"].startswith(f"{AT_A_TIME} * ")
    assert BURST.requests / BURST.seconds == 10
    assert DAILY.requests == 200_000
    assert "200,000 / 10" in calculations.values()


def test_the_costs_are_those_of_the_page_about_performance() -> None:
    """What both pages say of a row is the same."""
    performance = read("docs/performance.md")
    costs = {what: cost for what, cost, _ in table(PAGE, "What", "Cost", "Measured by")}
    [(new, unchanged)] = re.findall(
        r"a new row takes (\d+) µs instead of \d+ µs; an unchanged one (\d+) µs", performance
    )
    assert costs["plan a new row"].startswith(f"{new} µs")
    assert costs["compare an unchanged row"].startswith(f"{unchanged} µs")
    [in_sqlite] = re.findall(r"takes about (\d+) bytes after a first run", performance)
    [in_postgresql] = re.findall(r"PostgreSQL needs more, about (\d+) bytes", performance)
    assert costs["a row in the state, ledger included"] == f"{in_postgresql} bytes in PostgreSQL, {in_sqlite} in SQLite"
    [said] = re.findall(r"One process makes about (\d+) calls a second", PAGE)
    assert f"one process sends {said} a second" in costs["deliver a row"]


def test_what_workers_do_is_as_the_code_has_it() -> None:
    """The periods of their leases, and the size of a part."""
    assert f"a heartbeat every {LEASE_TIMING.heartbeat_every:.0f} seconds" in PAGE
    assert f"stores none for {LEASE_TIMING.expires_after:.0f} seconds" in PAGE
    assert f"Parts have at\n  most {part_size(10**9):,} rows" in PAGE
