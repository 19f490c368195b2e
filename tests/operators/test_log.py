"""The log of each kind of run, as a person reads it: each is a file in the folder `logs`.

Run ids, durations and ports are replaced, and so are times.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred
from structlog.testing import capture_logs

from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.quota import Quota
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.sandbox.service import Settings
from tests.operators.task import Row, Warehouse, sync

LOGS = Path(__file__).parent / "logs"
ANN: Row = (1, "ann@example.com", "Ann", "+12025550101", "US")
BOB: Row = (2, "bob@example.com", "Bob", "12", "US")


def invalid(*numbers: int) -> list[Row]:
    """Rows that can't become a contact."""
    return [(number, "nobody at example", "Nat", None, None) for number in numbers]


_PLACES = (
    (r"\b[0-9a-f]{12}\b", "RUN"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "TIME"),
    (r"\b\d+ h \d+ min\b|\b\d+ h\b|\b1 d\b", "HOURS"),
    (r"\b\d+\.\d s\b", "SECONDS"),
    (r"http://127\.0\.0\.1:\d+", "ADDRESS"),
)


class Reader(logging.Handler):
    """Keeps what a task log shows at level INFO, without what Airflow 3.1 says of hooks when it first loads them."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.addFilter(lambda record: "providers_manager" not in record.name)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.getMessage()}")


@contextmanager
def read(name: str) -> Iterator[None]:
    """Compare the log of the block, and the error that ends it, with a file."""
    reader, root = Reader(), logging.getLogger()
    level = root.level
    root.addHandler(reader)
    root.setLevel(logging.INFO)
    try:
        with capture_logs() as events:
            try:
                yield
            except AirflowFailException as error:
                shown = "" if error.__suppress_context__ else " (after another error)"
                reader.lines.append(f"ERROR {type(error).__name__}{shown}: {error}")
            except TaskDeferred:
                pass
    finally:
        root.removeHandler(reader)
        root.setLevel(level)
    assert [event for event in events if event["event"].startswith("leadway")] == []
    text = "\n".join(reader.lines) + "\n"
    for pattern, place in _PLACES:
        text = re.sub(pattern, place, text)
    assert text == (LOGS / f"{name}.txt").read_text()


def test_a_new_sync(warehouse: Warehouse) -> None:
    """The first run has the mapping, the plan, and what became of the rows; the state store's tables go unsaid."""
    warehouse.fill(ANN, BOB)
    with read("new"):
        sync()


def test_an_unchanged_run(warehouse: Warehouse) -> None:
    """A run that sends nothing is short."""
    warehouse.fill(ANN, BOB)
    sync("first")
    with read("unchanged"):
        sync("second")


def test_rejected_rows(warehouse: Warehouse) -> None:
    """The first run names five rows; the next one only those that were not rejected before, and then none."""
    warehouse.fill(ANN, *invalid(*range(11, 18)))
    with read("rejected_first"):
        sync("first")
    warehouse.fill(ANN, *invalid(*range(11, 19)))
    with read("rejected_again"):
        sync("second", max_rejected=0.5)
    with read("rejected_as_before"):
        sync("third", max_rejected=10)


def test_a_deferred_run(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person sees how much is done and left, and when the task continues; the retry says what it found."""
    warehouse.fill(*[(n, f"p{n}@example.com", None, None, None) for n in range(1, 6)])
    with SandboxServer(Settings(burst=None, daily=Quota(4, 86_400.0, "fixed"))) as small:
        monkeypatch.setenv(
            "AIRFLOW_CONN_LEADWAY_DEFAULT",
            f'{{"conn_type": "leadway", "host": "{small.url}", "password": "sandbox-token",'
            ' "extra": {"location_id": "sandbox-location"}}',
        )
        with read("deferred"):
            sync(max_in_flight=1)


def test_a_dry_run(warehouse: Warehouse) -> None:
    """The last line says that nothing was sent."""
    warehouse.fill(ANN, *invalid(3))
    with read("dry"):
        sync(dry_run=True, max_rejected=1)


def test_failed_runs(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each error is one text, which names task, connection or columns, and what to do."""
    warehouse.fill(ANN)
    with read("failed_mapping"):
        sync(sql="SELECT id, email AS e_mail, first_name AS firts_name, phone AS tel FROM customers")
    with read("failed_connection"):
        sync(leadway_conn_id="nowhere")
    with read("failed_connection_type"):
        sync(leadway_conn_id="warehouse")
    with read("failed_source_type"):
        sync(sql_conn_id="leadway_default")
    monkeypatch.setenv(
        "AIRFLOW_CONN_LEADWAY_WRONG",
        '{"conn_type": "leadway", "host": "http://127.0.0.1:1", "password": "wrong", "extra": {}}',
    )
    with read("failed_location"):
        sync(leadway_conn_id="leadway_wrong")
    with read("failed_account"):
        sync(location_id="another-location")


def test_a_run_that_fails_while_it_delivers(warehouse: Warehouse, sandbox: SandboxServer) -> None:
    """The log has what was done until then, and what waits."""
    warehouse.fill(ANN, BOB)
    sandbox.faults.add(Fault(FaultKind.TOKEN_INVALID, email="bob@example.com"))
    with read("failed_delivery"):
        sync(max_in_flight=1)
