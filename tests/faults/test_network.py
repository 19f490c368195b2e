"""The way to the account: nobody listens, nobody is found, connections end before and after the write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from leadway_provider.exceptions import UnavailableError
from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.server import SandboxServer
from tests.faults.instant import ACKNOWLEDGING, at
from tests.faults.promise import ROWS, acknowledged, assert_kept, attempt, connect, failed, state_of
from tests.operators.task import Warehouse

WHAT_TO_DO = ("Try again later", "check the host and the proxy of connection 'leadway_default'")
BROKEN = {
    "closed before the write": Fault(FaultKind.CLOSE),
    "closed after the write": Fault(FaultKind.CLOSE, written=True),
    "reset before the write": Fault(FaultKind.RESET),
    "reset after the write": Fault(FaultKind.RESET, written=True),
    "hung before the write": Fault(FaultKind.HANG),
    "hung after the write": Fault(FaultKind.HANG, written=True),
    "slow drip": Fault(FaultKind.DRIP, seconds=20),
    "half an answer": Fault(FaultKind.HALF),
}
"""Connections that end, or go on for too long, without a whole answer."""


def upserts(fault: Fault, *, times: int | None = None, after: int = 0, email: str | None = None) -> Fault:
    """That fault, with upserts only."""
    return Fault(
        fault.kind,
        times=times,
        after=after,
        path="/contacts/upsert",
        email=email,
        written=fault.written,
        seconds=fault.seconds,
    )


@contextmanager
def down(sandbox: SandboxServer) -> Iterator[None]:
    """Let nobody listen at the account's port for a while."""
    sandbox.__exit__(None, None, None)
    try:
        yield
    finally:
        sandbox.__enter__()


@pytest.fixture
def hurried(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that waits a quarter of a second for each part of an answer."""
    connect(monkeypatch, sandbox, extra={"timeout": 0.25})


def test_connection_refused(sandbox: SandboxServer, people: Warehouse) -> None:
    """Nothing is planned while nobody answers; the retry does everything."""
    with down(sandbox):
        failed(UnavailableError, "no answer came", sandbox.url, *WHAT_TO_DO)
    assert acknowledged(state_of(people)) == 0
    assert_kept(sandbox, attempt())


def test_no_such_host(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that DNS doesn't know is told with the connection that holds it; put right, the retry does everything."""
    connect(monkeypatch, sandbox, host="https://leadway.invalid")
    failed(UnavailableError, "no answer came", "https://leadway.invalid", *WHAT_TO_DO)
    connect(monkeypatch, sandbox)
    assert_kept(sandbox, attempt())


@pytest.mark.parametrize("after", [0, 3])
def test_the_account_goes_down_while_delivering(sandbox: SandboxServer, people: Warehouse, after: int) -> None:
    """Open connections break, new ones are refused; what was acknowledged stays so, the retry sends the rest."""
    with at(ACKNOWLEDGING, lambda _: sandbox.__exit__(None, None, None), after=after) as done:
        failed(UnavailableError, "POST /contacts/upsert: no answer came", sandbox.url, *WHAT_TO_DO)
    assert done
    before = acknowledged(state_of(people))
    assert 0 < before < ROWS
    sandbox.__enter__()
    sent = len(sandbox.journal.upserts)
    report = attempt()
    assert len(sandbox.journal.upserts) - sent == ROWS - before
    assert_kept(sandbox, report)


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
@pytest.mark.usefixtures("hurried")
def test_a_connection_that_breaks_now_and_then(sandbox: SandboxServer, fault: Fault) -> None:
    """The call is repeated, and the attempt goes on."""
    sandbox.faults.add(upserts(fault, times=2, after=5), upserts(fault, times=1, after=9))
    report = attempt()
    assert sandbox.journal.faults[fault.kind] == 3
    assert_kept(sandbox, report)


@pytest.mark.parametrize("name", ["closed before the write", "reset after the write", "slow drip"])
@pytest.mark.usefixtures("hurried")
def test_a_connection_that_always_breaks_for_one_person(sandbox: SandboxServer, people: Warehouse, name: str) -> None:
    """All others are delivered; that person's versions wait for the retry, in order."""
    sandbox.faults.add(upserts(BROKEN[name], email="p3@example.com"))
    said = "the answer took too long|no answer came"
    failed(UnavailableError, f"POST /contacts/upsert: ({said})", sandbox.url, *WHAT_TO_DO)
    assert acknowledged(state_of(people)) == ROWS - 3
    sandbox.faults.clear()
    assert_kept(sandbox, attempt())


@pytest.mark.parametrize("name", ["reset after the write", "hung after the write", "half an answer"])
@pytest.mark.usefixtures("hurried")
def test_a_connection_that_always_breaks(sandbox: SandboxServer, people: Warehouse, name: str) -> None:
    """Delivery ends after a few rows and leaves the rest pending for the retry."""
    sandbox.faults.add(upserts(BROKEN[name], after=6))
    failed(UnavailableError, "POST /contacts/upsert: ", sandbox.url, *WHAT_TO_DO)
    assert acknowledged(state_of(people)) <= 6
    sandbox.faults.clear()
    assert_kept(sandbox, attempt())
