"""What must hold after every fault, looked at from outside: the account, its journal, the state store, the message."""

from __future__ import annotations

import json
import re
import traceback
from typing import Any

import pytest
import sqlalchemy as sa

from leadway_provider.api.retry import RetryPolicy
from leadway_provider.operators.timing import Timing
from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.task import Row, Warehouse, sync

AT_ONCE = Timing(retry=RetryPolicy(attempts=3, base=0.0), alive=lambda _: False)
"""A failed call is repeated at once, and twice at most. Each attempt stands for a process that has ended when the next
one begins; here all are one."""
ROWS = 24
PEOPLE = 8
TOKEN = "sandbox-token"
OUTCOMES = ("unchanged", "invalid", "superseded", "skipped", "created", "updated", "refused", "unknown", "pending")
VERSIONS: tuple[Row, ...] = tuple(
    (number, f"p{number % PEOPLE}@example.com", f"Quentin {number}", f"+1202555010{number % PEOPLE}", "US")
    for number in range(1, ROWS + 1)
)
"""Rows that share people: each person has several versions, which must arrive in this order."""
PERSONAL = ("@example.com", "Quentin", "202555", "Lorem ipsum", TOKEN, "sandbox-secret", "sandbox-refresh-token")
"""What no message may hold."""


def attempt(run_id: str = "one", **arguments: Any) -> dict[str, Any]:
    """Run the task once. Every version of a person is sent, so that their order can be seen."""
    chosen: dict[str, Any] = {"rules": ContactRules(on_shared_identity="send"), "max_in_flight": 4, "timing": AT_ONCE}
    chosen |= arguments
    return sync(run_id, **chosen)


def failed(error: type[BaseException], *words: str, **arguments: Any) -> None:
    """Run the task once and let it fail, with a message that says these words (patterns) and nothing personal."""
    with pytest.raises(error) as caught:
        attempt(**arguments)
    said = str(caught.value)
    for word in words:
        assert re.search(word, said), (word, said)
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert [word for word in PERSONAL if word in told] == []
    # A driver's own error is no help to anybody, and may hold a statement's values.
    assert not re.search(r"sqlalchemy\.exc|sqlite3\.\w+Error:|psycopg2?\.\w+:|aiohttp\.\w+:", told)


def connect(monkeypatch: pytest.MonkeyPatch, sandbox: SandboxServer, **changes: Any) -> None:
    """Let the connection say something else; `extra` is added to what it holds."""
    extra = {"location_id": "sandbox-location", **changes.pop("extra", {})}
    connection = {"conn_type": "leadway", "host": sandbox.url, "password": TOKEN, **changes, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(connection))


def state_of(warehouse: Warehouse) -> sa.URL:
    """The SQLite state database."""
    return sa.URL.create("sqlite", database=str(warehouse.state))


def acknowledged(state: sa.URL) -> int:
    """Rows of the last run that were delivered for good, 0 without a run; its outcomes add up to the rows read."""
    engine = sa.create_engine(state, poolclass=sa.NullPool)
    with engine.connect() as connection:
        run = connection.execute(
            sa.text("SELECT * FROM leadway_run WHERE status <> 'abandoned' ORDER BY started_at DESC LIMIT 1")
        ).one_or_none()
        if run is None:
            return 0
        pending = connection.scalar(sa.text("SELECT count(*) FROM leadway_outbox WHERE run_id = :run"), {"run": run.id})
    counts = run._mapping
    if run.status != "planning":
        assert counts["read"] == sum(counts[name] for name in OUTCOMES if name != "pending") + pending
    found: int = counts["created"] + counts["updated"]
    return found


def versions(sandbox: SandboxServer) -> dict[str, list[int]]:
    """The versions that arrived for each e-mail, in order of arrival."""
    found: dict[str, list[int]] = {}
    for call in sandbox.journal.upserts:
        assert call.body is not None
        found.setdefault(call.body["email"], []).append(int(call.body["firstName"].split()[1]))
    return found


def assert_kept(sandbox: SandboxServer, report: dict[str, Any], **again: Any) -> None:
    """The fault is over, and this report is of the run's last attempt: the promise was kept.

    Every row has one outcome; each was delivered; none went back to an older version; and the state knows it, for the
    next run finds nothing to do.
    """
    assert report["read"] == ROWS == sum(report[name] for name in OUTCOMES)
    assert report["created"] + report["updated"] == ROWS
    arrived = versions(sandbox)
    assert {number for numbers in arrived.values() for number in numbers} == set(range(1, ROWS + 1))
    for numbers in arrived.values():
        assert numbers == sorted(numbers)
    latest = {contact.email: contact.first_name for contact in sandbox.account.contacts}
    assert latest == {email: f"Quentin {numbers[-1]}" for email, numbers in arrived.items()}
    assert len(latest) == PEOPLE
    upserts = len(sandbox.journal.upserts)
    assert attempt("the next one", **again)["unchanged"] == ROWS
    assert len(sandbox.journal.upserts) == upserts
