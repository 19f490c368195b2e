"""After runs that fail in every way, no secret is anywhere that somebody could read it."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leadway_provider.api.retry import RetryPolicy
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.operators.timing import Timing
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.operators.secret import ALL, CONNECTIONS, REFRESH_TOKEN, SETTINGS, WRONG
from tests.operators.task import Row, TaskInstance, Warehouse, sync

ROWS: tuple[Row, ...] = tuple((n, f"p{n}@example.com", "Pat", None, "US") for n in range(1, 5))

FAULTS: dict[str, list[Fault]] = {
    "nothing": [],
    "every token refused": [Fault(FaultKind.TOKEN_INVALID, times=None, path="/contacts/*")],
    "a scope missing": [Fault(FaultKind.SCOPE_MISSING, times=None, path="/contacts/*")],
    "access denied": [Fault(FaultKind.FORBIDDEN, times=None, path="/locations/*")],
    "a row refused": [Fault(FaultKind.UNPROCESSABLE, path="/contacts/*")],
    "answers lost": [Fault(FaultKind.RESET, times=None, path="/contacts/*", written=True)],
    "tokens unreachable": [Fault(FaultKind.BAD_GATEWAY, times=None, path="/oauth/*")],
    "tokens spoilt": [Fault(FaultKind.BROKEN_JSON, times=None, path="/oauth/*")],
    "exchange refused": [Fault(FaultKind.TOKEN_INVALID, times=None, path="/oauth/*")],
}
"""What goes wrong, beside what a wrong secret and a revoked token do."""


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    """An account whose secrets are no ordinary words."""
    with SandboxServer(SETTINGS) as server:
        yield server


def readable(tmp_path: Path, sandbox: SandboxServer) -> Iterator[str]:
    """What is written down outside the task: the state database, and what the sandbox shows."""
    for file in tmp_path.glob("state.db*"):
        yield file.read_bytes().decode("latin-1")
    journal = sandbox.journal
    yield repr(list(journal.calls)) + json.dumps([call.as_json() for call in journal.calls])
    yield json.dumps([journal.as_json(), sandbox.faults.as_json()]) + repr(sandbox.settings) + repr(sandbox.tokens)


TWICE = Timing(retry=RetryPolicy(attempts=2, base=0.0))


def run(monkeypatch: pytest.MonkeyPatch, url: str, connection: dict[str, Any], run_id: str) -> Iterator[str]:
    """Run the task once; everything that it raises, pushes, or shows when it is printed."""
    extra = {"location_id": "sandbox-location", "state_conn_id": "state", **connection.get("extra", {})}
    whole = {"conn_type": "leadway", "host": url, "login": "sandbox-client", **connection, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_LEADWAY_DEFAULT", json.dumps(whole))
    ti = TaskInstance(run_id=run_id)
    try:
        yield json.dumps(sync(ti=ti, timing=TWICE))
    except Exception as error:  # noqa: BLE001 - whatever it is, it must hold no secret
        yield "".join(traceback.format_exception(error)) + repr(vars(error))
    yield json.dumps(ti.pushed)
    hook = LeadwayHook()
    client = hook.client()
    yield repr([hook, vars(hook), hook.settings, client, vars(client), hook.settings.model_dump()])


@pytest.mark.parametrize("kind", CONNECTIONS)
def test_no_secret_gets_out(  # noqa: PLR0917 - every place where a secret could be is a fixture
    kind: str,
    warehouse: Warehouse,
    sandbox: SandboxServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Logs at every level, exceptions with their causes, XCom, reprs, the state database, the sandbox's own log."""
    connection = CONNECTIONS[kind]
    good = dict(connection)
    wrong = {**connection, "password": WRONG}
    spent = {**connection, "extra": {**connection.get("extra", {}), "refresh_token": f"{REFRESH_TOKEN}-spent"}}
    shown: list[str] = []
    secrets = set(ALL)
    with caplog.at_level(logging.DEBUG):
        for number, (name, faults) in enumerate(FAULTS.items()):
            sandbox.faults.clear()
            sandbox.faults.add(*faults)
            warehouse.fill(*((*row[:2], f"{name} {number}", *row[3:]) for row in ROWS))
            for which, used in (("wrong", wrong), ("spent", spent), ("good", good)):
                shown += run(monkeypatch, sandbox.url, used, f"{number} {which}")
            shown += readable(tmp_path, sandbox)
            issued = sandbox.tokens
            secrets |= {*issued._access, *issued._refresh}
    captured = capfd.readouterr()
    shown += [caplog.text, captured.out, captured.err]
    for sign in ("created", "refused with 401", "refused with 403", "UnavailableError"):
        assert any(sign in text for text in shown), sign
    assert [secret[:8] for secret in secrets for text in shown if secret in text] == []
